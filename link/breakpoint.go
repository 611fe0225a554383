package link

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Breakpoint stops the message of a point, or an answer (see [Link.BreakAnswer]), once; or every
// message that a function wants (see [Link.BreakWhere]). While a link has a breakpoint, messages
// pass one at a time: when one stops, all messages before it have gone on and none behind it has.
type Breakpoint struct {
	point   Point
	owners  Owners                             // of an answer; 0 for a breakpoint at a point
	wants   func(p Point, paths []string) bool // of BreakWhere; nil for one that stops once
	reached chan *Stopped
	cleared chan struct{}
	clear   func()
}

// Break stops a message when it passes, until it is resumed. Set it before the operation
// begins: messages are numbered only while there is a breakpoint. If several breakpoints
// have the same point, they get the message in the order in which they were set.
//
// A stopped message holds up its direction of its connection. Everything may be done to the
// link meanwhile; if the connection ends, the message is lost.
func (l *Link) Break(p Point) *Breakpoint { return l.add(&Breakpoint{point: p}) }

// BreakWhere stops each message whose point wants reports true for, until [Breakpoint.Clear]. wants is called for every
// message, before and after it has gone on, in the order in which they come; before a request goes on, paths are the znodes
// that it names. wants must not block, and must not call methods of the link.
func (l *Link) BreakWhere(wants func(p Point, paths []string) bool) *Breakpoint {
	return l.add(&Breakpoint{wants: wants})
}

// add sets a breakpoint.
func (l *Link) add(b *Breakpoint) *Breakpoint {
	b.reached, b.cleared = make(chan *Stopped), make(chan struct{})
	b.clear = sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.breakpoints = slices.DeleteFunc(l.breakpoints, func(x *Breakpoint) bool { return x == b })
		close(b.cleared)
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.breakpoints = append(l.breakpoints, b)
	return b
}

// Reached delivers the message when it comes. The receiver must resume it.
func (b *Breakpoint) Reached() <-chan *Stopped { return b.reached }

// Clear removes the breakpoint, and resumes the message that it has stopped. It may be called more than
// once.
func (b *Breakpoint) Clear() { b.clear() }

// stop waits until the message may go on.
func (b *Breakpoint) stop(m *message) {
	s := &Stopped{message: m, resumed: make(chan struct{})}
	s.resume = sync.OnceFunc(func() { close(s.resumed) })
	stopAt(b.reached, s, s.resumed, b.cleared)
}

// stopAt hands a message to the receiver of reached. It returns when the message is resumed or cleared is closed.
func stopAt[T any](reached chan<- T, m T, resumed, cleared <-chan struct{}) {
	select {
	case reached <- m:
	case <-cleared:
		return
	}
	select {
	case <-resumed:
	case <-cleared:
	}
}

// message is a stopped message.
type message struct {
	conn   *conn
	point  Point
	answer Answer
	op     wire.Op

	// Guarded by Link.mu.
	loss *Loss       // the loss that takes the message; nil: none
	held *HeldEvents // the rule that holds the message back; nil: none
}

// Stopped is a message that a breakpoint has stopped. Its methods are safe for concurrent
// use.
type Stopped struct {
	*message
	resumed chan struct{}
	resume  func()
}

// Resume lets the message go on. It may be called more than once.
func (s *Stopped) Resume() { s.resume() }

// Point returns the point at which the message was stopped.
func (s *Stopped) Point() Point { return s.point }

// Server returns the address of the server at the other end of the message's connection.
func (s *Stopped) Server() string { return s.conn.addr }

// ErrTaken is the error for a message that another fault has already taken.
var ErrTaken = errors.New("another fault has the message")

// Lose loses a request or a reply, with its connection, as soon as it is resumed. If the
// connection ends before, nothing is lost.
func (s *Stopped) Lose() (*Loss, error) {
	r := Rule{What: Request, Op: s.op, Nth: 1, Times: 1}
	switch {
	case s.point.After || !(Requests | Replies).Has(s.point.Kind()):
		return nil, fmt.Errorf("%s is not a request or reply in transit", s.point)
	case s.point.Reply:
		r.What = Reply
	}
	l := s.conn.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.loss != nil {
		return nil, ErrTaken
	}
	s.loss = newLoss(l, r)
	return s.loss, nil
}

// HoldEvent holds back this watch event, and no other, until the given number of replies have overtaken
// it; if behind is 0, until Release.
func (s *Stopped) HoldEvent(behind int) (*HeldEvents, error) {
	if s.point.After || s.point.Kind() != Events {
		return nil, fmt.Errorf("%s is not an event in transit", s.point)
	}
	l := s.conn.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.held != nil {
		return nil, ErrTaken
	}
	s.held = newHeldEvents(l, EventRule{Behind: behind})
	return s.held, nil
}

// breakpointsAt returns the breakpoints of a point, and removes the ones that stop once. Call it with l.mu held.
func (l *Link) breakpointsAt(p Point, paths []string) []*Breakpoint {
	here := l.takeBreakpoints(func(b *Breakpoint) bool { return b.point == p })
	for _, b := range l.breakpoints {
		if b.wants != nil && b.wants(p, paths) {
			here = append(here, b)
		}
	}
	return here
}

// takeBreakpoints removes and returns the breakpoints that fit. Call it with l.mu held.
func (l *Link) takeBreakpoints(fits func(*Breakpoint) bool) (here []*Breakpoint) {
	l.breakpoints = slices.DeleteFunc(l.breakpoints, func(b *Breakpoint) bool {
		if fits(b) {
			here = append(here, b)
			return true
		}
		return false
	})
	return here
}

// breaksAtEvents reports whether an event may have to be held back. Call it with l.mu held.
func (l *Link) breaksAtEvents() bool {
	return slices.ContainsFunc(l.breakpoints, func(b *Breakpoint) bool { return b.point.Message == Event })
}

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

// stop stops the message at breakpoints, one after the other.
func (m *message) stop(here []*Breakpoint) {
	for _, b := range here {
		b.stop(m)
	}
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
	if slices.ContainsFunc(c.l.breakpoints, func(b *Breakpoint) bool { return b.wants != nil }) {
		paths, _ = wire.Paths(op, record)
	}
	return c.meet(c.left, op, paths...)
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
