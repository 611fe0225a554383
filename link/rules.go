package link

import (
	"errors"
	"fmt"
	"strings"
)

// Lose arranges that requests or replies are lost, each with its connection. The client
// believes that a lost request was sent. It sees neither a lost reply nor anything after it
// on that connection. If the connection ends before the reply arrives, the next matching
// operation is taken. If several losses match, the oldest goes first. Lose returns an error
// if the rule is malformed.
func (l *Link) Lose(r Rule) (*Loss, error) {
	if err := checkPattern(r.Path); err != nil {
		return nil, err
	}
	if r.Nth < 0 {
		return nil, fmt.Errorf("nth is %d, must be 1 or more", r.Nth)
	}
	r.Nth = max(r.Nth, 1)
	if r.Times == 0 {
		r.Times = 1
	}
	loss := newLoss(&l.losses, r)
	l.losses.add(loss)
	return loss, nil
}

// HoldEvents holds back the watch events that the rule matches, on present and later
// connections: later replies overtake them. An event is delivered after Behind replies, or
// at Release, or is dropped with its connection.
//
// No network does that, and ZooKeeper promises that it does not happen ("Programmer's
// Guide, What ZooKeeper Guarantees about Watches": a client sees the event before the new
// data). Client libraries that deliver events on a separate thread can show it to a recipe.
// HoldEvents returns an error if the rule is malformed.
func (l *Link) HoldEvents(r EventRule) (*HeldEvents, error) {
	if err := checkPattern(r.Path); err != nil {
		return nil, err
	}
	if r.Behind < 0 {
		return nil, fmt.Errorf("behind is %d, must be 0 or more", r.Behind)
	}
	h := newHeldEvents(&l.held, l.wake, r)
	l.held.add(h)
	return h, nil
}

// DelayWrites holds back writes of the client, each until [LateWrite.Resume] or [LateWrites.Cancel]. The
// receiver of Reached must resume what it gets, soon enough for the session to live. If the connection ends
// before, the write is lost with it. DelayWrites returns an error if the rule is malformed.
func (l *Link) DelayWrites(r LateRule) (*LateWrites, error) {
	if r.Nth < 0 {
		return nil, fmt.Errorf("nth is %d, must be 1 or more", r.Nth)
	}
	r.Nth = max(r.Nth, 1)
	x := &LateWrites{rule: r, reached: make(chan *LateWrite), over: make(chan struct{})}
	x.cancel = l.late.until(x.over, x)
	return x, nil
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

// BreakAnswer stops the next reply to exists or getData that shows the client an ephemeral znode with such an
// owner. The request must be sent after the call. The stopped message has its [Stopped.Answer]; it has a
// point only if its request had one.
func (l *Link) BreakAnswer(of Owners) *Breakpoint { return l.add(&Breakpoint{owners: of}) }

// add sets a breakpoint.
func (l *Link) add(b *Breakpoint) *Breakpoint {
	b.reached, b.cleared = make(chan *Stopped), make(chan struct{})
	b.clear = l.breakpoints.until(b.cleared, b)
	return b
}

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
	s.loss = newLoss(&l.losses, r)
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
	s.held = newHeldEvents(&l.held, l.wake, EventRule{Behind: behind})
	return s.held, nil
}

// OnWritten calls f with each write of the client that a server has acknowledged, until stop is called. f runs
// in the client's goroutines, must not block, and must not call methods of the link.
func (l *Link) OnWritten(f func(Written)) (stop func()) {
	return l.written.until(make(chan struct{}), &f)
}

// Clean returns an error that names what is still in force on the link: holds, refusals,
// stalls, shapes, bars, routes, losses that may still happen, rules about events,
// breakpoints. It returns nil if nothing is.
func (l *Link) Clean() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.in.list()
	for _, x := range l.losses.all {
		left = append(left, "loss of "+x.rule.String())
	}
	for _, h := range l.held.all {
		left = append(left, "holding back "+h.rule.String())
	}
	for _, b := range l.breakpoints.all {
		left = append(left, "breakpoint at "+b.where())
	}
	if len(left) == 0 {
		return nil
	}
	return errors.New("still in force on the link: " + strings.Join(left, ", "))
}
