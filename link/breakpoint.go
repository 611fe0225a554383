package link

import (
	"errors"
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

// stop stops the message at breakpoints, one after the other.
func (m *message) stop(here []*Breakpoint) {
	for _, b := range here {
		b.stop(m)
	}
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

// Answer returns what the stopped reply shows; zero for a message that was stopped at a point.
func (s *Stopped) Answer() Answer { return s.answer }

// where describes, for people, what the breakpoint stops.
func (b *Breakpoint) where() string {
	switch {
	case b.owners != 0:
		return "an answer about a znode of " + b.owners.String()
	case b.wants != nil:
		return "any message"
	}
	return b.point.String()
}
