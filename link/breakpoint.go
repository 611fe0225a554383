package link

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/zklab/zklab/internal/zk/wire"
)

// Breakpoint stops the message of a point, once. While there is one, messages pass one
// at a time: what came before the point has gone on, nothing behind it has.
type Breakpoint struct {
	point   Point
	reached chan *Stopped
	cleared chan struct{}
	clear   func()
}

// Break stops a message when it passes, until it is resumed. Set it before the
// operation begins: messages are numbered while there is a breakpoint. Of several at one
// point, the one that was set first has the message first.
//
// A message that is stopped holds up its direction of its connection. Everything may
// be done to the link meanwhile: if its connection ends, the message is gone.
func (l *Link) Break(p Point) *Breakpoint {
	b := &Breakpoint{point: p, reached: make(chan *Stopped), cleared: make(chan struct{})}
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

// Reached gives the message, when it comes. Whoever takes it resumes it.
func (b *Breakpoint) Reached() <-chan *Stopped { return b.reached }

// Clear ends the breakpoint, and lets go on what it has stopped. More than once is fine.
func (b *Breakpoint) Clear() { b.clear() }

// stop waits until the message may go on.
func (b *Breakpoint) stop(m *message) {
	s := &Stopped{message: m, resumed: make(chan struct{})}
	s.resume = sync.OnceFunc(func() { close(s.resumed) })
	select {
	case b.reached <- s:
	case <-b.cleared:
		return
	}
	select {
	case <-s.resumed:
	case <-b.cleared:
	}
}

// message is one that is stopped.
type message struct {
	conn  *conn
	point Point
	op    wire.Op

	// Guarded by Link.mu.
	loss *Loss       // that takes it
	held *HeldEvents // that holds it back
}

// Stopped is a message that a breakpoint has stopped. Its methods are safe for
// concurrent use.
type Stopped struct {
	*message
	resumed chan struct{}
	resume  func()
}

// Resume lets the message go on. More than once is fine.
func (s *Stopped) Resume() { s.resume() }

// Point is where it was stopped.
func (s *Stopped) Point() Point { return s.point }

// Server is the address at the other end of its connection.
func (s *Stopped) Server() string { return s.conn.addr }

// ErrTaken is the error of a fault for a message that another fault has already.
var ErrTaken = errors.New("another fault has the message")

// Lose loses a request, or a reply, with its connection, as soon as it goes on. If the
// connection ends before, nothing is lost.
func (s *Stopped) Lose() (*Loss, error) {
	r := Rule{What: Request, Op: s.op, Nth: 1, Times: 1}
	switch {
	case s.point.After || !(Requests | Replies).Has(s.point.Kind()):
		return nil, fmt.Errorf("%s is no request or reply on its way", s.point)
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

// HoldEvent holds back a watch event, and it alone, until so many replies have
// overtaken it, or until Release if behind is 0.
func (s *Stopped) HoldEvent(behind int) (*HeldEvents, error) {
	if s.point.After || s.point.Kind() != Events {
		return nil, fmt.Errorf("%s is no event on its way", s.point)
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

// breakpointsAt takes out the breakpoints of a point. Call it with l.mu held.
func (l *Link) breakpointsAt(p Point) (here []*Breakpoint) {
	l.breakpoints = slices.DeleteFunc(l.breakpoints, func(b *Breakpoint) bool {
		if b.point == p {
			here = append(here, b)
			return true
		}
		return false
	})
	return here
}

// breaksAtEvents says whether an event may have to be held back. Call it with l.mu held.
func (l *Link) breaksAtEvents() bool {
	return slices.ContainsFunc(l.breakpoints, func(b *Breakpoint) bool { return b.point.Message == Event })
}
