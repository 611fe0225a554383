package link

import (
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link/internal/content"
)

// meet announces a message that has come to its point. If a breakpoint stops it, meet waits
// and then returns the message. paths are those of a request. Call it with l.mu held; meet unlocks it while it waits.
func (c *conn) meet(p Point, op wire.Op, paths ...string) *message {
	if p.Zero() {
		return nil
	}
	l := c.l
	here := l.breakpointsAt(p, paths)
	listed := l.cfg.OnPoint != nil && !p.After
	if len(here) == 0 && !listed {
		return nil
	}
	l.mu.Unlock()
	defer l.mu.Lock()
	if listed {
		l.cfg.OnPoint(p)
	}
	if len(here) == 0 {
		return nil
	}
	m := &message{conn: c, point: p, op: op}
	m.stop(here)
	return m
}

// arrives is like meet, for a frame from the server.
func (c *conn) arrives(f wire.Frame) *message {
	l := c.l
	l.mu.Lock()
	defer l.mu.Unlock()
	p, op, reads := c.pointOf(f)
	c.arrived = p
	l.announceReply(p, op, reads, f)
	a, here := c.answered(f)
	if len(here) > 0 {
		l.mu.Unlock()
		(&message{conn: c, point: p, op: op, answer: a}).stop(here)
		l.mu.Lock()
	}
	return c.meet(p, op)
}

// pointOf names a frame from the server. op is the type of the request to which the frame replies, and reads
// reports whether that request was announced as one that only reads. Call it with l.mu held.
func (c *conn) pointOf(f wire.Frame) (p Point, op wire.Op, reads bool) {
	switch c.phase {
	case connecting:
		return c.requested.ofReply(), 0, false
	case established:
	default:
		return p, 0, false
	}
	h, _, err := wire.DecodeReplyHeader(f.Body)
	if err != nil {
		return p, 0, false
	}
	if h.Xid == wire.XidEvent {
		return c.l.number(Event), 0, false
	}
	if i, ok := c.waiting.find(h.Xid); ok {
		r := &c.waiting.list[i]
		return r.point.ofReply(), r.op, r.reads
	}
	return p, 0, false
}

// passed is like meet, for the moment after a message has gone on. p belongs to the conn; passed resets
// it.
func (c *conn) passed(p *Point) {
	after := *p
	if after.Zero() {
		return
	}
	*p, after.After = Point{}, true
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.l.announce(Message{Point: after})
	c.meet(after, 0)
}

// leaves is like meet, for a request from the client. Call it with l.mu held.
func (c *conn) leaves(op wire.Op, f wire.Frame, record []byte) *message {
	c.left, c.reads = Point{}, false
	if op != wire.Ping {
		c.left = c.l.number(messageOf(op))
		c.reads = c.l.announceRequest(c.left, op, f)
	}
	var paths []string
	if c.l.breaks(func(b *Breakpoint) bool { return b.wants != nil }) {
		paths, _ = wire.Paths(op, record)
	}
	return c.meet(c.left, op, paths...)
}

// breakpointsAt returns the breakpoints of a point, and removes the ones that stop once. Call it with l.mu held.
func (l *Link) breakpointsAt(p Point, paths []string) []*Breakpoint {
	here := l.takeBreakpoints(func(b *Breakpoint) bool { return b.point == p })
	for _, b := range l.breakpoints.all {
		if b.wants != nil && b.wants(p, paths) {
			here = append(here, b)
		}
	}
	return here
}

// takeBreakpoints removes and returns the breakpoints that fit. Call it with l.mu held.
func (l *Link) takeBreakpoints(fits func(*Breakpoint) bool) (here []*Breakpoint) {
	l.breakpoints.all = slices.DeleteFunc(l.breakpoints.all, func(b *Breakpoint) bool {
		if fits(b) {
			here = append(here, b)
			return true
		}
		return false
	})
	return here
}

// breaks reports whether there is such a breakpoint. Call it with l.mu held.
func (l *Link) breaks(such func(*Breakpoint) bool) bool {
	return slices.ContainsFunc(l.breakpoints.all, such)
}

// mostLooked bounds the znodes that a link remembers of one operation.
const mostLooked = 64

// delay holds a request back if a rule wants it, and reports whether it did. Call it with l.mu held; it
// unlocks it while it waits.
func (c *conn) delay(op wire.Op, record []byte) bool {
	l := c.l
	if len(l.late.all) == 0 && len(l.breakpoints.all) == 0 || op == wire.Ping { // a fault at a breakpoint may set a rule
		return false
	}
	paths, _ := wire.Paths(op, record)
	if content.Reads(op) {
		if len(l.looked) < mostLooked {
			l.looked = append(l.looked, paths...)
		}
		return false
	}
	x := delays(l.late.all, op)
	if x == nil {
		return false
	}
	w := &LateWrite{Op: op, Paths: paths, Looked: slices.Clone(l.looked), resumed: make(chan struct{})}
	l.mu.Unlock()
	defer l.mu.Lock()
	stopAt(x.reached, w, w.resumed, x.over)
	return true
}

// answered removes and returns the breakpoints for a frame that answers a request, with what
// the answer shows. Call it with l.mu held.
func (c *conn) answered(f wire.Frame) (a Answer, here []*Breakpoint) {
	l := c.l
	if c.phase != established || !l.breaks(func(b *Breakpoint) bool { return b.owners != 0 }) {
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
	reads = content.Reads(op) || op == wire.Multi && content.OnlyChecks(f)
	l.announce(Message{
		Point: p, Content: content.Hash(f.Body[xid:]), Reads: reads, Changes: !f.Whole() || !reads && !content.WritesOne(op),
	})
	return reads
}

// announceReply is like announce, for a message from a server: a reply to a request of type op, or a
// message that answers no request. reads means that the request was announced as one that only reads.
func (l *Link) announceReply(p Point, op wire.Op, reads bool, f wire.Frame) {
	if l.cfg.OnMessage == nil {
		return
	}
	h, _, err := wire.DecodeReplyHeader(f.Body)
	if err != nil || p.Kind() != Replies {
		l.announce(Message{Point: p, Content: content.Hash(nil), Changes: true})
		return
	}
	const xidAndZxid = 4 + 8 // bytes
	l.announce(Message{
		Point: p, Content: content.Hash(content.WithoutStat(f.Body[xidAndZxid:], op, h.Err)), Reads: reads,
		Changes: !f.Whole() || !reads && (!content.WritesOne(op) || h.Err == wire.OK),
	})
}
