package link

import (
	"github.com/zklab/zklab/internal/zk/wire"
)

// Answer is what a reply to exists or getData shows the client of an ephemeral znode.
type Answer struct {
	Path  string
	Owner int64 // the session that owns the znode
	Czxid int64 // of its creation: a znode that is created again has another one
}

// Owners says which session owns the ephemeral znode in an answer.
type Owners int

// The owners of ephemeral znodes.
const (
	OwnSession     Owners = iota + 1 // the session that the answer is for
	EarlierSession                   // another session of the same link, such as one of a process that crashed
)

// String returns the name of the owners, for people.
func (o Owners) String() string {
	if o == EarlierSession {
		return "an earlier session"
	}
	return "its own session"
}

// BreakAnswer stops the next reply to exists or getData that shows the client an ephemeral znode with such an
// owner. The request must be sent after the call. The stopped message has its [Stopped.Answer]; it has a
// point only if its request had one.
func (l *Link) BreakAnswer(of Owners) *Breakpoint {
	return l.add(&Breakpoint{owners: of})
}

// Answer returns what the stopped reply shows; zero for a message that was stopped at a point.
func (s *Stopped) Answer() Answer { return s.answer }

// answered removes and returns the breakpoints for a frame that answers a request, with what
// the answer shows. Call it with l.mu held.
func (c *conn) answered(f wire.Frame) (a Answer, here []*Breakpoint) {
	l := c.l
	if c.phase != established || !l.breaksAtAnswers() {
		return a, nil
	}
	a, ok := c.answer(f)
	if !ok {
		return a, nil
	}
	return a, l.takeBreakpoints(func(b *Breakpoint) bool { return b.owners != 0 && b.owners == c.ownersOf(a) })
}

// answer decodes what a reply shows of an ephemeral znode; false if it shows none. Call it
// with l.mu held.
func (c *conn) answer(f wire.Frame) (a Answer, ok bool) {
	h, record, err := wire.DecodeReplyHeader(f.Body)
	if err != nil || h.Err != wire.OK {
		return a, false
	}
	i, ok := c.waiting.find(h.Xid)
	if !ok || c.waiting.list[i].path == "" {
		return a, false
	}
	var stat wire.Stat
	switch r := c.waiting.list[i]; r.op.Kind() {
	case wire.Exists:
		stat, err = wire.DecodeStat(record)
	case wire.GetData:
		var d wire.DataReply
		d, err = wire.DecodeDataReply(record)
		stat = d.Stat
	}
	return Answer{Path: c.waiting.list[i].path, Owner: stat.EphemeralOwner, Czxid: stat.Czxid}, err == nil && stat.EphemeralOwner != 0
}

// ownersOf returns which session of this link owns the znode that an answer shows, or 0 if it is
// another link's. Call it with l.mu held.
func (c *conn) ownersOf(a Answer) Owners {
	switch {
	case a.Owner == c.session.ID:
		return OwnSession
	case c.l.sessions[a.Owner] != nil:
		return EarlierSession
	}
	return 0
}

// breaksAtAnswers reports whether answers have to be decoded. Call it with l.mu held.
func (l *Link) breaksAtAnswers() bool {
	for _, b := range l.breakpoints {
		if b.owners != 0 {
			return true
		}
	}
	return false
}
