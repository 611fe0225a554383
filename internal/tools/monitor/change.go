package monitor

import "time"

// Kind says what a Change is.
type Kind string

// The kinds of changes. The first three are of znodes, the others of the follower itself.
const (
	Created Kind = "created"
	Changed Kind = "changed" // the data
	Deleted Kind = "deleted"

	// Connected means that the watch is set at Server: all that happens after Zxid is told.
	Connected Kind = "connected"
	// Disconnected is with Server and Reason: what happens after Zxid no watch tells.
	Disconnected Kind = "disconnected"
	Expired      Kind = "expired" // the session; the next one begins
	// Compared means that all that is loaded was read again after a connection was lost;
	// Number is how many differences were found.
	Compared Kind = "compared"
	// Unread means that a folder is not listed, with Path and Reason: what happens in it while
	// there is no connection is not found.
	Unread Kind = "unread"
	// Unwatched means that Server sets no recursive watch, for Reason.
	Unwatched Kind = "unwatched"
	// Missed means that whoever asks was too slow: Number changes are not in the log any more.
	Missed Kind = "missed"
)

// Unknown is the version and length of data that was not read.
const Unknown = -1

// Change is one thing that happened, as the follower learned of it.
type Change struct {
	Time time.Time // when the follower learned of it
	// Zxid of the transaction; 0 where no server told it, as those before 3.9 do not.
	Zxid int64
	Kind Kind
	Path string
	// Owner is the session that an ephemeral znode belongs to, 0 if it is none or was not
	// read.
	Owner   int64
	Version int32 // of the data, Unknown if it was not read
	Bytes   int32 // of data, Unknown if it was not read
	// Found means that no event told it: it happened while there was no connection, or a
	// server older than 3.6 told only that something had.
	Found  bool
	Number int    // of Compared and Missed
	Server string // of Connected, Disconnected and Unwatched
	Reason string // of Disconnected, Unread and Unwatched

	pending bool // the stat of a new znode is being read
}

// OfZnode says that a change is one of a znode, and not of the follower itself.
func (k Kind) OfZnode() bool { return k == Created || k == Changed || k == Deleted }

// ofEvent says that an event of a watch told it.
func (c *Change) ofEvent() bool { return c.Kind.OfZnode() && !c.Found }
