package monitor

import "time"

// Kind is the kind of a Change.
type Kind string

// The kinds of changes. The first three are of znodes, the others of the follower itself.
const (
	Created Kind = "created"
	Changed Kind = "changed" // the data
	Deleted Kind = "deleted"

	// Connected means that the watch is set at Server: the follower reports every change after Zxid.
	Connected Kind = "connected"
	// Disconnected means that the connection to Server is lost, for Reason: no watch reports changes
	// after Zxid.
	Disconnected Kind = "disconnected"
	// Expired means that the session has expired. The follower begins a new one.
	Expired Kind = "expired"
	// Compared means that, after a lost connection, the follower has read again everything that is
	// loaded. It found Number differences.
	Compared Kind = "compared"
	// Unread means that the folder Path is not listed, for Reason: the follower cannot find what
	// happens in it while there is no connection.
	Unread Kind = "unread"
	// Unwatched means that Server does not set a recursive watch, for Reason.
	Unwatched Kind = "unwatched"
	// Missed means that the caller of NextChange was too slow: the log has dropped Number changes.
	Missed Kind = "missed"
)

// Unknown is the version, the size or the number of something that was not read.
const Unknown = -1

// Change is a change of a znode, or an event of the follower itself.
type Change struct {
	Time time.Time // when the follower learned of it
	// Zxid is the transaction's; 0 if the server did not send it (before 3.9).
	Zxid int64
	Kind Kind
	Path string
	// Owner is the session that owns an ephemeral znode; 0 if the znode is not ephemeral or was not
	// read.
	Owner   int64
	Version int32 // of the data, Unknown if it was not read
	Bytes   int32 // of data, Unknown if it was not read
	// Found means that no event reported the change: it happened while there was no connection, or
	// on a server before 3.6, whose events do not say what changed.
	Found  bool
	Number int    // of Compared and Missed
	Server string // of Connected, Disconnected and Unwatched
	Reason string // of Disconnected, Unread and Unwatched

	pending bool // the metadata of a new znode are being read
}

// OfZnode reports whether a change of this kind is of a znode, and not of the follower itself.
func (k Kind) OfZnode() bool { return k == Created || k == Changed || k == Deleted }

// ofEvent reports whether an event of a watch reported the change.
func (c *Change) ofEvent() bool { return c.Kind.OfZnode() && !c.Found }
