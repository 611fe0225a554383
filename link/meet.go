package link

import "github.com/zklab/zklab/internal/zk/wire"

// This file lets breakpoints and losses act on a message.

// meet announces a message that has come to its point. If a breakpoint stops it, meet waits
// and then returns the message. Call it with l.mu held; meet unlocks it while it waits.
func (c *conn) meet(p Point, op wire.Op) *message {
	if p.Zero() {
		return nil
	}
	l := c.l
	here := l.breakpointsAt(p)
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
	for _, b := range here {
		b.stop(m)
	}
	return m
}

// arrives is meet for a frame from the server.
func (c *conn) arrives(f wire.Frame) *message {
	l := c.l
	l.mu.Lock()
	defer l.mu.Unlock()
	p, op := c.pointOf(f)
	c.arrived = p
	return c.meet(p, op)
}

// pointOf names a frame from the server. Call it with l.mu held.
func (c *conn) pointOf(f wire.Frame) (p Point, op wire.Op) {
	switch c.phase {
	case connecting:
		return c.requested.ofReply(), 0
	case established:
	default:
		return p, 0
	}
	h, _, err := wire.DecodeReplyHeader(f.Body)
	if err != nil {
		return p, 0
	}
	if h.Xid == wire.XidEvent {
		return c.l.number(Event), 0
	}
	if i, ok := c.waiting.find(h.Xid); ok {
		r := &c.waiting.list[i]
		return r.point.ofReply(), r.op
	}
	return p, 0
}

// passed is meet for the moment after a message has gone on. p belongs to the conn; passed
// resets it.
func (c *conn) passed(p *Point) {
	after := *p
	if after.Zero() {
		return
	}
	*p, after.After = Point{}, true
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.meet(after, 0)
}

// leaves is meet for a request from the client. Call it with l.mu held.
func (c *conn) leaves(op wire.Op) *message {
	c.left = Point{}
	if op != wire.Ping {
		c.left = c.l.number(messageOf(op))
	}
	return c.meet(c.left, op)
}

// taken returns the loss that takes the message; nil if none does or it was cancelled. Call
// it with Link.mu held.
func (m *message) taken() *Loss {
	if m == nil || m.loss == nil || m.loss.over {
		return nil
	}
	return m.loss
}

// late returns the rule that holds back the event; nil if none does. Call it with Link.mu
// held.
func (m *message) late() *HeldEvents {
	if m == nil || m.held == nil || m.held.over {
		return nil
	}
	return m.held
}

// wantedBy makes a loss take the reply that has come, instead of another loss. Call it with
// Link.mu held.
func (r *request) wantedBy(x *Loss) {
	if r.loss != nil {
		r.loss.awaited--
	}
	x.awaited++
	r.loss = x
}
