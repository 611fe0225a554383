package link

import (
	"hash/maphash"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Message is a message that comes to its point, with what tells whether a client repeats itself.
type Message struct {
	Point Point
	// Content stands for what a request asks or what a reply answers, errors included. Two
	// messages of one process with the same content say the same. The numbers that every message
	// has for itself, its xid and its zxid, do not count.
	Content uint64
	// Changes is true for a message that may change what servers or clients know even if the
	// client has sent or received the same before: a write that took effect, a watch event, a
	// handshake, and everything that is neither a read nor a write.
	Changes bool
}

var contents = maphash.MakeSeed()

// announce tells OnMessage of a message. Call it with l.mu held.
func (l *Link) announce(p Point, changes bool, content []byte) {
	if l.cfg.OnMessage != nil && !p.Zero() {
		l.cfg.OnMessage(Message{Point: p, Content: maphash.Bytes(contents, content), Changes: changes})
	}
}

// announceRequest is announce for a request.
func (l *Link) announceRequest(p Point, op wire.Op, f wire.Frame) {
	const xid = 4 // bytes
	l.announce(p, !f.Whole() || !isRead(op) && !isWrite(op), f.Body[xid:])
}

// announceReply is announce for what a server sends: a reply to a request of type op, or a message
// to which none was sent.
func (l *Link) announceReply(p Point, op wire.Op, f wire.Frame) {
	h, _, err := wire.DecodeReplyHeader(f.Body)
	if err != nil || p.Kind() != Replies {
		l.announce(p, true, nil)
		return
	}
	const xidAndZxid = 4 + 8 // bytes
	changes := !f.Whole() || !isRead(op) && (!isWrite(op) || h.Err == wire.OK)
	l.announce(p, changes, f.Body[xidAndZxid:])
}

// isRead reports whether a request changes nothing but watches of its own session.
func isRead(op wire.Op) bool {
	switch op {
	case wire.Exists, wire.GetData, wire.GetACL, wire.GetChildren, wire.GetChildren2, wire.Sync,
		wire.GetEphemerals, wire.GetAllChildrenNumber, wire.MultiRead, wire.WhoAmI:
		return true
	}
	return false
}

// isWrite reports whether a request changes one znode, or nothing if its reply is an error.
func isWrite(op wire.Op) bool {
	switch op {
	case wire.Create, wire.Create2, wire.CreateContainer, wire.CreateTTL, wire.Delete, wire.SetData, wire.SetACL:
		return true
	}
	return false
}
