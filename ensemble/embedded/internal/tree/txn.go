package tree

import (
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Txn is one transaction: what the leader made of one request. It never fails when it is applied, since
// all possible errors were found before; a request that failed is a Failure. A Txn is not changed once
// it was proposed: all servers of an ensemble share it.
type Txn struct {
	Zxid    int64
	Session int64 // whose request it was
	Cxid    int32 // the xid of the request
	Time    int64 // the leader's clock, milliseconds since 1970
	Op      wire.Op
	Body    Body
}

// Body is what a transaction does: *Create, *Delete, *SetData, *SetACL, *Check, *Multi, *CreateSession,
// *CloseSession, *SetSequence, or Failure.
type Body interface{ body() }

// Create makes a znode. Path is final: a sequential one has its number.
type Create struct {
	Path string
	Data []byte
	ACL  []wire.ACL // resolved: scheme auth has become the identities of the client
	// Owner is the session of an ephemeral, 0 for others.
	Owner     int64
	Container bool
	TTL       time.Duration // 0: none
	// ParentCversion is the parent's counter of creates after this one: not the visible cversion, which
	// also counts deletes. A tree uses it only if it is larger than its own, as Java's server does
	// since 3.6. So the counter stays at 2147483647, and then creates do not change the parent's pzxid
	// either. Another prefix gets that number, too; deletes and restarts do not help. After a create
	// that is under way, or in the same multi, names continue with -2147483648; once all were applied,
	// they begin at 2147483647 again. (Measured on 3.9.3, one server and three.)
	ParentCversion int32
}

// Delete removes a znode.
type Delete struct{ Path string }

// SetData replaces a znode's data; Version is the one it gets. In a transaction of
// the type Reconfig it is the configuration, too.
type SetData struct {
	Path    string
	Data    []byte
	Version int32
}

// SetACL replaces a znode's access control list; Version is the one it gets.
type SetACL struct {
	Path    string
	ACL     []wire.ACL
	Version int32
}

// Check did find the version that a multi asked for: it does nothing.
type Check struct {
	Path    string
	Version int32
}

// MultiPart is one operation of a multi, with the type of its request: the
// result of a create and of a create2 differ.
type MultiPart struct {
	Op   wire.Op
	Body Body
}

// Multi is several operations at once. A multi that failed has a Failure for
// each part: OK for those before the culprit, its code, RuntimeInconsistency
// for those after it; and does nothing.
type Multi struct{ Parts []MultiPart }

// CreateSession begins a session.
type CreateSession struct{ Timeout time.Duration }

// CloseSession ends a session, and with it its ephemerals, which Paths names
// in the order in which they go.
type CloseSession struct{ Paths []string }

// OpSetSequence is the type of a SetSequence. Clients cannot send it.
const OpSetSequence wire.Op = -64

// SetSequence sets the counter of a znode's creates, which the names of its
// sequential children are made of: what a test would wait years for. It triggers
// no watches and leaves the znode's zxids as they are.
type SetSequence struct {
	Path    string
	Creates int32
}

// Failure is the error of a request that the leader refused. It does nothing,
// but has a zxid.
type Failure struct{ Code wire.Code }

func (*Create) body()        {}
func (*Delete) body()        {}
func (*SetData) body()       {}
func (*SetACL) body()        {}
func (*Check) body()         {}
func (*Multi) body()         {}
func (*CreateSession) body() {}
func (*CloseSession) body()  {}
func (*SetSequence) body()   {}
func (Failure) body()        {}
