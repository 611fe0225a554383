package link

import (
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link/internal/content"
)

// Acknowledged is a write that a server has acknowledged.
type Acknowledged struct {
	Session history.ID
	Xid     int32      // the number of the request within its connection
	Zxid    history.ID // of the transaction: the reply to a write has it in its header
	Changes []Acked    // in order
}

// Acked is one change of an acknowledged write.
type Acked = content.Change

// Written describes a write of the client that a server has acknowledged.
type Written struct {
	Client int
	Op     wire.Op
	// Paths lists the znodes that the request named. The server adds a number to the name of a sequential
	// znode.
	Paths []string
}
