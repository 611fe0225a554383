package link

import (
	"hash/fnv"
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Message is a message that comes to its point, or that has gone on (Point.After is true). Its fields
// show whether a client repeats itself, and whether two runs are the same.
type Message struct {
	Point Point
	// Content is a hash of what a request asks or what a reply answers, errors included. Two messages
	// with the same content mean the same, even in different runs. Numbers and times that differ from
	// run to run are left out: the xid and zxid of the message, and the zxids and times of znodes. It
	// is 0 for a message that has gone on.
	Content uint64
	// Reads is true for a request that, whatever its answer is, changes at most the watches of its own
	// connection, and for the reply to such a request.
	Reads bool
	// Changes is true for a message that may change what servers or clients know even if the
	// client has sent or received the same before: a write that took effect, a watch event, a
	// handshake, and everything that is neither a read nor a write.
	Changes bool
}

// contentOf hashes what a message says.
func contentOf(said []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(said) // it never fails
	return h.Sum64()
}

// announce calls OnMessage for a message, unless it has no point. Call it with l.mu held.
func (l *Link) announce(m Message) {
	if l.cfg.OnMessage != nil && !m.Point.Zero() {
		l.cfg.OnMessage(m)
	}
}

// announceRequest is like announce, for a request. It reports whether the request only reads.
func (l *Link) announceRequest(p Point, op wire.Op, f wire.Frame) (reads bool) {
	if l.cfg.OnMessage == nil {
		return false
	}
	const xid = 4 // bytes
	reads = isRead(op) || op == wire.Multi && f.Whole() && onlyChecks(f)
	l.announce(Message{
		Point: p, Content: contentOf(f.Body[xid:]), Reads: reads, Changes: !f.Whole() || !reads && !isWrite(op),
	})
	return reads
}

// onlyChecks reports whether a multi only checks znodes and writes none: its only effect is a zxid.
func onlyChecks(f wire.Frame) bool {
	_, record, err := wire.DecodeRequestHeader(f.Body)
	if err != nil {
		return false
	}
	request, err := wire.DecodeRequest(wire.Multi, record)
	ops, ok := request.([]wire.MultiOp)
	return err == nil && ok && !slices.ContainsFunc(ops, func(o wire.MultiOp) bool { return o.Op != wire.Check })
}

// announceReply is like announce, for a message from a server: a reply to a request of type op, or a
// message that answers no request. reads means that the request was announced as one that only reads.
func (l *Link) announceReply(p Point, op wire.Op, reads bool, f wire.Frame) {
	if l.cfg.OnMessage == nil {
		return
	}
	h, _, err := wire.DecodeReplyHeader(f.Body)
	if err != nil || p.Kind() != Replies {
		l.announce(Message{Point: p, Content: contentOf(nil), Changes: true})
		return
	}
	const xidAndZxid = 4 + 8 // bytes
	l.announce(Message{
		Point: p, Content: contentOf(withoutStat(f.Body[xidAndZxid:], op, h.Err)), Reads: reads,
		Changes: !f.Whole() || !reads && (!isWrite(op) || h.Err == wire.OK),
	})
}

// withoutStat returns the reply to an operation without the zxids and times of the znode's stat,
// which are at its end.
func withoutStat(reply []byte, op wire.Op, err wire.Code) []byte {
	if err != wire.OK || !endsWithStat(op) {
		return reply
	}
	return wire.WithoutTimes(reply)
}

// endsWithStat reports whether replies to an operation end with a znode's stat.
func endsWithStat(op wire.Op) bool {
	switch op {
	case wire.Exists, wire.GetData, wire.GetACL, wire.GetChildren2, wire.SetData, wire.SetACL, wire.Create2, wire.CreateContainer, wire.CreateTTL:
		return true
	}
	return false
}

// isRead reports whether a request changes at most the watches of its own session.
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
