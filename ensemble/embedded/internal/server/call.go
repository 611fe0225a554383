package server

import (
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// call is one frame of a client, decoded.
type call struct {
	conn *conn
	at   time.Time // when it was read
	size int       // bytes of the frame
	xid  int32
	op   wire.Op
	body any   // as wire.DecodeRequest gives it
	err  error // why there is no body

	connect *wire.ConnectRequest // of the first frame of a connection
	word    string               // a four-letter word in place of that frame
	mask    *int64               // the number behind stmk

	barred wire.Code // why the session may not read, when the call came

	// Of a call that the leader must answer first.
	done  bool
	code  wire.Code
	reply []byte // the whole frame
}

// weight returns a call's share of the window while it is unanswered: the first one of a
// connection nothing, since nothing can follow it before.
func (k *call) weight() int {
	if k.connect != nil || k.word != "" {
		return 0
	}
	return overhead + k.size
}

// proves reports whether a call authenticates its client. Apache ZooKeeper answers such a call
// without looking at the session, so it is no sign of life.
func (k *call) proves() bool { return k.op == wire.Auth || k.op == wire.SASL }

// request is passed by a server to the leader.
type request struct {
	id      uint64 // of the call that waits for it; 0 if none does
	origin  int    // the server that the client is on
	session int64
	cxid    int32
	op      wire.Op
	body    any
	auth    []wire.ID
	timeout time.Duration // of CreateSession
}

// waits reports whether only the leader can answer a call. A call that could not be
// decoded is refused without the leader. A multi is the exception: it takes a zxid even then.
func (k *call) waits() bool {
	switch k.op {
	case wire.Create, wire.Create2, wire.CreateContainer, wire.CreateTTL, wire.Delete, wire.DeleteContainer,
		wire.SetData, wire.SetACL, wire.Reconfig, wire.Sync, wire.CloseSession:
		return k.err == nil
	}
	return k.op == wire.Multi
}
