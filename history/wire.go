package history

import "time"

// This file defines the vocabulary of the messages between a client and the servers, as the
// client's link saw them. Only workloads that test ZooKeeper itself record them.

// Facts of the wire: process "session", type info. Client (-1 for a session of no client of the
// load) and Session are set. The facts of one connection are in the order of the wire, separately
// for each direction. A request is recorded before any server can have it. It is not recorded if a
// fault keeps it from all servers; a recorded request may still be lost with its connection.
// Replies and events are recorded when they arrive from the server, whatever a fault does to them
// afterwards.
//
// Messages that arrive after the connection has ended for the client are left out. Of a frame above
// 128 KiB, only Xid, Op and Path, or Xid and Error, are recorded, and the fact that it was cut.
const (
	FRequest = "request" // Request
	FReply   = "reply"   // Reply; Event.Zxid comes from its header
	FEvent   = "event"   // WatchEvent; Event.Zxid comes from its header, -1 before 3.9
)

// Request is the value of FRequest.
type Request struct {
	Xid int32 `json:"xid"` // number within the session; see Txn.Cxid
	// Op is the name of the request in the protocol: create, create2, delete, exists, getData,
	// setData, getChildren, getChildren2, sync, multi, multiRead, check, closeSession, setWatches
	// and so on. Pings are left out.
	Op   string `json:"op"`
	Path string `json:"path,omitempty"`
	// Watch means that a read sets a watch.
	Watch bool `json:"watch,omitempty"`
	// Data is the data of create and setData, in base64.
	Data []byte `json:"data,omitempty"`
	// Version is the expected version of setData, delete and check; absent for other operations.
	Version   *int32        `json:"version,omitempty"`
	Ephemeral bool          `json:"ephemeral,omitempty"`
	TTL       time.Duration `json:"ttl,omitempty"` // of createTTL
	// ACL is the ACL of create and setACL; absent if everyone may do everything.
	ACL []TxnACL `json:"acl,omitempty"`
	// Auth is the identity in an auth request, without a password: digest:alice, or the scheme
	// alone.
	Auth       string `json:"auth,omitempty"`
	Sequential bool   `json:"sequential,omitempty"`
	// Parts are the operations of a multi or multiRead. They have no Xid.
	Parts []Request `json:"parts,omitempty"`
	// Recursive means that an addWatch also covers all znodes below Path. Watcher is the protocol's
	// number for the kind of watches in removeWatches and checkWatches.
	Recursive bool  `json:"recursive,omitempty"`
	Watcher   int32 `json:"watcher,omitempty"`
	// PersistentWatches are the paths of the persistent watches that setWatches2 sets again.
	PersistentWatches []string `json:"persistent_watches,omitempty"`
	// Since is the zxid from which setWatches asks for missed events. The lists are the paths of
	// the watches that it sets again.
	Since        ID       `json:"since,omitempty"`
	DataWatches  []string `json:"data_watches,omitempty"`
	ExistWatches []string `json:"exist_watches,omitempty"`
	ChildWatches []string `json:"child_watches,omitempty"`
}

// Reply is the value of FReply.
type Reply struct {
	Xid   int32 `json:"xid"`
	Error int32 `json:"error,omitempty"` // the protocol's code; each part of a multi has its own
	// Path is the znode that a create made, including the number of a sequential one.
	Path string `json:"path,omitempty"`
	Data []byte `json:"data,omitempty"` // of getData, in base64
	Stat *Stat  `json:"stat,omitempty"` // if the reply has one
	// Children are the children in a reply to getChildren or getChildren2, in the server's order.
	Children []string `json:"children,omitempty"`
	Parts    []Reply  `json:"parts,omitempty"` // of a multi or a multiRead; they have no Xid
	// Cut means that the reply was too long for the record, so that its body is left out.
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
	// Type has the name of Java's Watcher.Event.EventType with a lower-case first letter: nodeCreated,
	// nodeDeleted, nodeDataChanged, nodeChildrenChanged and so on.
	Type string `json:"type"`
	Path string `json:"path"`
}
