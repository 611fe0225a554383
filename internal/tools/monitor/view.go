package monitor

import (
	"time"

	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Window chooses the rows of the tree to draw.
type Window struct {
	// Filter selects the znodes whose name contains it, or whose path does if it has a slash, and
	// the folders that they are in; "" selects all.
	Filter   string
	First, N int
	// Keep is a path that must be among the rows, if it has a row.
	Keep string
}

// View holds what there is to draw at one moment.
type View struct {
	Conn Conn
	// How says how the follower learns of changes, in words.
	How      string
	Rows     []Row // at most Window.N
	First    int   // the index of the first of Rows among all rows
	Total    int   // number of all open rows that pass the filter
	Kept     int   // the index of Window.Keep among all rows, -1 if it has no row
	Chosen   *Node
	Log      []Change // the newest last
	Counts   Counts
	Status   status.Ensemble // the latest state of the servers
	StatusAt time.Time       // when it was queried; zero: not yet
	Sessions []SessionInfo
	Meaning  *Meaning // of the chosen folder, if a recipe uses it; otherwise nil
}

// Conn is the state of the session.
type Conn struct {
	Connected bool
	Server    string // the server of the connection, or of the last one
	Session   int64
	Timeout   time.Duration // of the session
	Since     time.Time     // when the connection was made or lost
	Problem   string        // why there is no connection
	ReadOnly  bool          // the server serves without a majority
	// Comparing is the number of znodes that are still to be compared after a lost connection.
	Comparing int
}

// Row is a znode of the tree.
type Row struct {
	Path, Name string
	Depth      int
	Children   int32 // Unknown until it was read
	Open       bool
	Loading    bool
	Owner      int64 // the session of an ephemeral znode, otherwise 0
	Bytes      int32 // of data, Unknown until it was read
	Version    int32 // of data, Unknown until it was read
	Mark       Kind  // Created, Changed, Deleted or nothing
	At         time.Time
	Below      time.Time // when something below a closed folder changed last
	Note       string    // its meaning to a recipe: "holds", "waits, 2nd"
	Problem    string    // why the znode cannot be listed or read
}

// Node is the chosen znode.
type Node struct {
	Path    string
	Loading bool // nothing was read yet
	Gone    bool // the znode does not exist
	Data    []byte
	Stat    wire.Stat
	ACL     []wire.ACL // nil if the session may not read it
	Err     error      // why the znode cannot be read
	At      time.Time  // when the znode was read
}

// Counts are counters of a follower.
type Counts struct {
	Znodes     int // loaded znodes
	Ephemerals int // ephemeral ones among them, if their stat was read
	Changes    int // changes of znodes since the beginning
	LastSecond int // changes of znodes in the last second
	Reads      int // reads that were sent
	Waiting    int // reads that are still to be sent
}

// SessionInfo is a session that owns loaded ephemeral znodes, or that a server reports.
type SessionInfo struct {
	ID     int64
	Znodes int    // number of its loaded ephemeral znodes
	Server string // the server that it is connected to, "" if unknown
	Client string // the address of its client, "" if unknown
	Own    bool   // it is the follower's session
}
