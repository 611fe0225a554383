package history

import "time"

// This file is the vocabulary of what went over the wire between a client and
// the servers, as the client's link saw it. A workload that is about the store
// itself has it recorded; recipes' runs do without.

// Facts of the wire: process "session", type info; Client (-1 for a session that
// is none of the load's clients') and Session are set. The facts of one connection
// are in the order of the wire, each direction by itself. A request is recorded
// before a server can have it, and not at all if a fault keeps it from all of them:
// one that is recorded may still get lost with its connection. A reply and an event
// are recorded when they come from the server, whatever a fault does to them
// afterwards.
// What comes when the connection has ended for the client is left out. Of a frame
// above 128 KiB only Xid, Op and Path, or Xid and Error, are recorded, and that it was
// cut.
const (
	FRequest = "request" // Request
	FReply   = "reply"   // Reply; Event.Zxid is that of its header
	FEvent   = "event"   // WatchEvent; Event.Zxid is that of its header, -1 before 3.9
)

// Request is the value of FRequest.
type Request struct {
	Xid int32 `json:"xid"` // numbers the requests of a session; see Txn.Cxid
	// Op is the request's name in the protocol: create, create2, delete, exists,
	// getData, setData, getChildren, getChildren2, sync, multi, multiRead, check,
	// closeSession, setWatches …; pings are left out.
	Op   string `json:"op"`
	Path string `json:"path,omitempty"`
	// Watch says that a read leaves a watch.
	Watch bool `json:"watch,omitempty"`
	// Data is what create and setData write, in base64.
	Data []byte `json:"data,omitempty"`
	// Version is the one that setData, delete and check ask for; absent where the
	// operation has none.
	Version   *int32        `json:"version,omitempty"`
	Ephemeral bool          `json:"ephemeral,omitempty"`
	TTL       time.Duration `json:"ttl,omitempty"` // of createTTL
	// ACL is that of create and setACL; absent for everything to everybody.
	ACL []TxnACL `json:"acl,omitempty"`
	// Auth is whom auth names, without a password: digest:alice, or the scheme alone.
	Auth       string `json:"auth,omitempty"`
	Sequential bool   `json:"sequential,omitempty"`
	// Parts are the operations of a multi or a multiRead; they have no Xid.
	Parts []Request `json:"parts,omitempty"`
	// Recursive says of addWatch that the watch is of all znodes below, too; Watcher is the
	// protocol's number of the kind of watches that removeWatches and checkWatches are about.
	Recursive bool  `json:"recursive,omitempty"`
	Watcher   int32 `json:"watcher,omitempty"`
	// PersistentWatches are the paths of those that setWatches2 sets again.
	PersistentWatches []string `json:"persistent_watches,omitempty"`
	// Since is the zxid from which setWatches asks for what was missed, and the
	// lists are the paths of the watches that it sets again.
	Since        ID       `json:"since,omitempty"`
	DataWatches  []string `json:"data_watches,omitempty"`
	ExistWatches []string `json:"exist_watches,omitempty"`
	ChildWatches []string `json:"child_watches,omitempty"`
}

// Reply is the value of FReply.
type Reply struct {
	Xid   int32 `json:"xid"`
	Error int32 `json:"error,omitempty"` // the protocol's code; of a part of a multi its own
	// Path is the znode that a create made, with its number if it is sequential.
	Path string `json:"path,omitempty"`
	Data []byte `json:"data,omitempty"` // of getData, in base64
	Stat *Stat  `json:"stat,omitempty"` // where the reply has one
	// Children are of getChildren and getChildren2, in the server's order.
	Children []string `json:"children,omitempty"`
	Parts    []Reply  `json:"parts,omitempty"` // of a multi or a multiRead; they have no Xid
	// Cut says that the reply was too long for the record: it had a body, of which there
	// is nothing here.
	Cut bool `json:"cut,omitempty"`
}

// Stat is a znode's metadata ("Programmer's Guide, ZooKeeper Stat Structure"),
// without its wall-clock times.
type Stat struct {
	Czxid       ID    `json:"czxid"`
	Mzxid       ID    `json:"mzxid"`
	Pzxid       ID    `json:"pzxid"`
	Version     int32 `json:"version"`
	Cversion    int32 `json:"cversion"`
	Aversion    int32 `json:"aversion"`
	Owner       ID    `json:"owner,omitempty"` // of an ephemeral znode
	NumChildren int32 `json:"children"`
}

// WatchEvent is the value of FEvent.
type WatchEvent struct {
	// Type is that of Java's Watcher.Event.EventType with a small first letter:
	// nodeCreated, nodeDeleted, nodeDataChanged, nodeChildrenChanged …
	Type string `json:"type"`
	Path string `json:"path"`
}
