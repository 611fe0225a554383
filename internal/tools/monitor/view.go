package monitor

import (
	"time"

	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Window says what of the tree is to be drawn.
type Window struct {
	// Filter leaves only znodes whose name contains it, or whose path does if it has a
	// slash, and the folders that they are in. "" leaves all.
	Filter   string
	First, N int
	// Keep is a path that has to be among the rows, if it is there at all.
	Keep string
}

// View is what there is to draw, at one moment.
type View struct {
	Conn Conn
	// How the tree is followed, in words.
	How      string
	Rows     []Row // at most Window.N
	First    int   // the place of the first of Rows
	Total    int   // rows of all that is open and passes the filter
	Kept     int   // the place of Window.Keep among all rows, -1 if it is not there
	Chosen   *Node
	Log      []Change // the newest last
	Counts   Counts
	Status   status.Ensemble // the last look
	StatusAt time.Time       // and when; zero: none yet
	Sessions []SessionInfo
	Meaning  *Meaning // of the chosen folder, if a recipe of zklab's uses it
}

// Conn is how the session is.
type Conn struct {
	Connected bool
	Server    string // of the connection; of the last one, if there is none
	Session   int64
	Timeout   time.Duration // of the session
	Since     time.Time     // of the connection, or of its loss
	Problem   string        // why there is none
	ReadOnly  bool          // the server serves without a majority
	// Comparing is how many znodes are still to be read again since a connection was lost.
	Comparing int
}

// Row is a znode of the tree.
type Row struct {
	Path, Name string
	Depth      int
	Children   int32 // Unknown until it was read
	Open       bool
	Loading    bool
	Owner      int64 // session of an ephemeral
	Bytes      int32 // of data, Unknown until it was read
	Version    int32 // of data, Unknown until it was read
	Mark       Kind  // Created, Changed, Deleted or nothing
	At         time.Time
	Below      time.Time // when something below it changed last, as long as it is shut
	Note       string    // what it means to a recipe, in a few words: "holds", "waits, 2nd"
	Problem    string    // why it cannot be listed or read
}

// Node is the chosen znode.
type Node struct {
	Path    string
	Loading bool // nothing was read yet
	Gone    bool // it is not there
	Data    []byte
	Stat    wire.Stat
	ACL     []wire.ACL // nil where it may not be read
	Err     error      // why it cannot be read
	At      time.Time  // when it was read
}

// Counts are numbers of a follower.
type Counts struct {
	Znodes     int // loaded
	Ephemerals int // among them, of those whose stat was read
	Changes    int // of znodes, since the beginning
	LastSecond int // of them
	Reads      int // sent
	Waiting    int // reads that are still to be sent
}

// SessionInfo is a session that owns ephemeral znodes that are loaded, or that servers tell
// of.
type SessionInfo struct {
	ID     int64
	Znodes int    // ephemerals of it that are loaded
	Server string // that it is connected to, "" where servers do not tell
	Client string // the address that it comes from
	Own    bool   // it is the follower's own
}
