package fourletter

import (
	"time"

	"github.com/zklab/zklab/ensemble"
)

// ReadOnly is the role of a server that serves without a leader.
const ReadOnly ensemble.Role = "read-only"

// inQuorum reports whether the server has others, and a leader.
func (s Server) inQuorum() bool { return s.Role != ensemble.Standalone && s.Role != ReadOnly }

// Server holds what the words report of one server. Fields that are expensive to compute are functions,
// called at most once and only by the words that print them; nil means that there is nothing to report.
type Server struct {
	// Whitelist are the words that are answered, as 4lw.commands.whitelist: "*"
	// is all of them. srvr always is.
	Whitelist []string
	// Older is true for a server that imitates 3.8.0 and not 3.9.3.
	Older bool
	// Serving is false for a server that has no leader to serve under. The rest is ignored then, except
	// for Whitelist and Older.
	Serving bool

	// TraceMask says what a real server traces: here it is only kept. stmk sets it to the eight bytes
	// after the word; MaskSent is set if they came. Both are valid even if Serving is false.
	TraceMask int64
	MaskSent  bool

	Role     ensemble.Role
	Master   int // the leader's id, of an observer
	Voters   int // of the ensemble
	Zxid     int64
	Uptime   time.Duration
	Counters *Counters // never nil of one that serves
	Leader   *Leader   // of a leader only
	Conf     Conf

	Nodes      int   // znodes, including those that every server has from the start
	DataSize   int64 // bytes of paths and data
	Ephemerals int   // znodes
	Watches    int   // of all kinds: a persistent one that is not recursive is two
	Sessions   int   // of the ensemble

	LocalSessions int // of this server alone

	// Connections returns all connections of this server, including those without a session and the one
	// that asks.
	Connections func() []Connection
	// AllSessions returns the sessions of the whole ensemble.
	AllSessions func() []Session
	// EphemeralPaths are the ephemeral znodes of each session that has any.
	EphemeralPaths func() map[int64][]string
	// DataWatches are the paths that each connected session watches, by session;
	// as in a real server, those watched for their children only do not count.
	DataWatches func() map[int64][]string
	// DataWatchTotals sums DataWatches up.
	DataWatchTotals func() WatchTotals

	// ResetServer is called by srst: it resets Counters and Leader.Proposals.
	ResetServer func()
	// ResetConnections is called by crst: it resets the counters of every connection.
	ResetConnections func()
}

// Leader holds what only a leader reports.
type Leader struct {
	Learners        int // connected, in sync or not
	SyncedFollowers int
	SyncedNonVoting int // of the followers: those that are no longer members
	SyncedObservers int
	PendingSyncs    int // requests to sync that wait for a proposal
	Uptime          time.Duration
	Proposals       Sizes
}

// Connection is a client's connection to the server.
type Connection struct {
	Addr        string // the client's, host:port
	Asking      bool   // it is the one that sent the word
	Counters    *ConnCounters
	Established time.Time
	Session     int64 // 0 before there is one
	Timeout     time.Duration
	Expires     time.Time // when it is closed if nothing comes
}

// Session is one of the ensemble's sessions.
type Session struct {
	ID      int64
	Timeout time.Duration
	Expires time.Time // known to a leader and a standalone server only
}

// WatchTotals are sums over data watches.
type WatchTotals struct {
	Connections int // that watch anything
	Paths       int // that are watched
	Watches     int // pairs of those
}

// ask calls f, if there is one.
func ask[T any](f func() T) (t T) {
	if f != nil {
		t = f()
	}
	return t
}
