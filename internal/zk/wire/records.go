package wire

import "time"

// Stat holds what a server reports about a znode besides its data ("Programmer's Guide, ZooKeeper Stat
// Structure"). Times are milliseconds since 1970.
type Stat struct {
	Czxid          int64
	Mzxid          int64
	Ctime          int64
	Mtime          int64
	Version        int32
	Cversion       int32
	Aversion       int32
	EphemeralOwner int64
	DataLength     int32
	NumChildren    int32
	Pzxid          int64
}

// Perm is a set of permissions.
type Perm int32

// The permissions ("Programmer's Guide, ACL Permissions").
const (
	PermRead Perm = 1 << iota
	PermWrite
	PermCreate
	PermDelete
	PermAdmin
	PermAll = PermRead | PermWrite | PermCreate | PermDelete | PermAdmin
)

// permLetters are the permissions as ZooKeeper's own tools write them.
var permLetters = []struct {
	letter byte
	perm   Perm
}{{'c', PermCreate}, {'d', PermDelete}, {'r', PermRead}, {'w', PermWrite}, {'a', PermAdmin}}

// Letters returns permissions as people write them: some of cdrwa, in this order.
func (p Perm) Letters() string {
	var letters []byte
	for _, l := range permLetters {
		if p&l.perm != 0 {
			letters = append(letters, l.letter)
		}
	}
	return string(letters)
}

// PermOf returns the permission that a letter of cdrwa stands for, and whether it is one of these
// letters.
func PermOf(letter byte) (Perm, bool) {
	for _, l := range permLetters {
		if l.letter == letter {
			return l.perm, true
		}
	}
	return 0, false
}

// ID is an identity in an authentication scheme: {"world", "anyone"}.
type ID struct {
	Scheme string
	ID     string
}

// ACL grants permissions to an identity.
type ACL struct {
	Perms Perm
	ID    ID
}

// CreateMode is the flags field of a create, by the numbers of the protocol.
type CreateMode int32

// The modes of znodes.
const (
	Persistent              CreateMode = 0
	Ephemeral               CreateMode = 1
	PersistentSequential    CreateMode = 2
	EphemeralSequential     CreateMode = 3
	Container               CreateMode = 4
	PersistentTTL           CreateMode = 5
	PersistentSequentialTTL CreateMode = 6
)

// Sequential reports whether the server appends a number to the name.
func (m CreateMode) Sequential() bool {
	return m == PersistentSequential || m == EphemeralSequential || m == PersistentSequentialTTL
}

// Data is nil where the protocol has null (length -1), and empty but not nil where it has no bytes; a
// znode preserves the difference. The same holds for a list of permissions. A string that is null is
// "".

// CreateRequest is the record of Create, Create2, CreateContainer and
// CreateTTL; only the last has a TTL.
type CreateRequest struct {
	Path string
	Data []byte
	ACL  []ACL
	Mode CreateMode
	TTL  time.Duration // milliseconds on the wire
}

// CreateReply is the record of a reply to a create. Only replies to Create2, CreateContainer and
// CreateTTL have a stat.
type CreateReply struct {
	Path string
	Stat Stat
}

// VersionRequest is the record of Delete and, within a multi, of Check.
type VersionRequest struct {
	Path    string
	Version int32 // -1: any
}

// SetDataRequest is the record of SetData.
type SetDataRequest struct {
	Path    string
	Data    []byte
	Version int32 // -1: any
}

// SetACLRequest is the record of SetACL.
type SetACLRequest struct {
	Path    string
	ACL     []ACL
	Version int32 // -1: any; compared with the stat's Aversion
}

// ReadRequest is the record of Exists, GetData, GetChildren and GetChildren2.
type ReadRequest struct {
	Path  string
	Watch bool
}

// PathRequest is the record of GetACL, Sync, GetEphemerals (a prefix),
// GetAllChildrenNumber and DeleteContainer.
type PathRequest struct{ Path string }

// DataReply is the record of a reply to GetData.
type DataReply struct {
	Data []byte
	Stat Stat
}

// ACLReply is the record of a reply to GetACL.
type ACLReply struct {
	ACL  []ACL
	Stat Stat
}

// ChildrenReply is the record of a reply to GetChildren, GetChildren2 or GetEphemerals. Only replies to
// GetChildren2 have a stat.
type ChildrenReply struct {
	Children []string
	Stat     Stat
}

// AuthRequest is the record of Auth.
type AuthRequest struct {
	Type   int32 // not used
	Scheme string
	Auth   []byte
}

// ReconfigRequest is the record of Reconfig. Servers refuse it with ReconfigDisabled unless they are
// configured to allow it.
type ReconfigRequest struct {
	Joining, Leaving string // lists of servers, separated by commas
	// NewMembers lists all servers after the change. It is null (nil) in a request that names only the
	// servers that join and leave.
	NewMembers []byte
	FromConfig int64 // the version to change; -1: any
}

// SASLRequest is the record of SASL. The reply is another token; a server without SASL replies with a
// null token, and no error.
type SASLRequest struct{ Token []byte }

// ClientInfo describes one identity of the client, as WhoAmI returns it.
type ClientInfo struct {
	AuthScheme string
	User       string
}

// SetWatchesRequest is the record of SetWatches and SetWatches2; only the second has persistent watches. A
// null list is decoded as nil (servers answer it with MarshallingError), an empty list as empty; both are
// written as empty.
type SetWatchesRequest struct {
	RelativeZxid        int64
	Data                []string
	Exist               []string
	Child               []string
	Persistent          []string
	PersistentRecursive []string
}

// AddWatchMode is the mode of AddWatch.
type AddWatchMode int32

// The modes of watches that stay after they fired.
const (
	AddPersistent          AddWatchMode = 0
	AddPersistentRecursive AddWatchMode = 1
)

// AddWatchRequest is the record of AddWatch.
type AddWatchRequest struct {
	Path string
	Mode AddWatchMode
}

// WatcherType chooses the watches that RemoveWatches and CheckWatches are about.
type WatcherType int32

// The types of watchers. WatcherAny is all of them.
const (
	WatcherChildren            WatcherType = 1
	WatcherData                WatcherType = 2
	WatcherAny                 WatcherType = 3
	WatcherPersistent          WatcherType = 4
	WatcherPersistentRecursive WatcherType = 5
)

// WatchesRequest is the record of RemoveWatches and CheckWatches.
type WatchesRequest struct {
	Path string
	Type WatcherType
}

// EventType is the kind of change of a watched znode.
type EventType int32

// The events.
const (
	EventNone                   EventType = -1
	EventCreated                EventType = 1
	EventDeleted                EventType = 2
	EventDataChanged            EventType = 3
	EventChildrenChanged        EventType = 4
	EventDataWatchRemoved       EventType = 5
	EventChildWatchRemoved      EventType = 6
	EventPersistentWatchRemoved EventType = 7
)

// StateConnected is the state that a watch event of a live session carries.
const StateConnected int32 = 3

// WatchEvent is the record after a header with XidEvent. Such a header has no error. Since ZooKeeper 3.9, its
// Zxid is the zxid of the change. It is -1 before 3.9, and if the watch fired at once because a SetWatches
// came after the change.
type WatchEvent struct {
	Type  EventType
	State int32
	Path  string
}

// MultiOp is one operation of a multi (Create, Create2, CreateContainer, CreateTTL, Delete, SetData, Check)
// or a multi-read (GetData, GetChildren). Request has the type that Op needs: *CreateRequest,
// *VersionRequest, *SetDataRequest or *ReadRequest.
type MultiOp struct {
	Op      Op
	Request any
}

// OpResult is one result of a multi or a multi-read. An error result has the Op ErrorOp and an Err. In
// a failed multi every result is an error: Err is OK before the operation that failed and
// RuntimeInconsistency after it. In a multi-read each operation can fail by itself.
type OpResult struct {
	Op       Op
	Err      Code
	Path     string   // of Create and its variants
	Stat     Stat     // of SetData, GetData, and every create but Create
	Data     []byte   // of GetData
	Children []string // of GetChildren
}
