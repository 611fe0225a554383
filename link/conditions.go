package link

import (
	"slices"
	"sync"
)

// conditions are the faults in force that concern every byte or every dial, as
// opposed to single messages. Guarded by Link.mu.
type conditions struct {
	holds    int
	refusals int
	stalls   []*stall
	shapes   []*Shape
	bars     []*string // addresses
	routes   []*string // addresses; the last one counts
}

// stall is one call of Stall: by its address, since several may look alike.
type stall struct{ way Direction }

// put adds one to a list of the conditions; release takes it out again.
func put[T any](l *Link, list *[]*T, one *T) (release func()) {
	l.change(func() { *list = append(*list, one) })
	return sync.OnceFunc(func() {
		l.change(func() { *list = slices.DeleteFunc(*list, func(x *T) bool { return x == one }) })
	})
}

// count raises a counter of the conditions; release lowers it again.
func count(l *Link, n *int) (release func()) {
	l.change(func() { *n++ })
	return sync.OnceFunc(func() { l.change(func() { *n-- }) })
}

// change changes the conditions. When it returns, no connection is taken in
// under the old ones, and those who wait look again.
func (l *Link) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	for _, c := range l.inOrder() {
		l.apply(c)
	}
	l.broadcast()
}

// apply puts the conditions in force on a connection. Call it with l.mu held.
func (l *Link) apply(c *conn) {
	c.pipe.set(l.in.impairment(c.addr, ToClient), l.in.impairment(c.addr, ToServer))
}

// broadcast wakes all who wait for a change of conditions or sessions. Call it
// with l.mu held.
func (l *Link) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Stall lets nothing pass that way (Both: either way), on present and later
// connections, until release is called. Nothing is lost and the order stays.
// What the client wrote, or the server sent, comes after release.
// Several stalls add up. Calling release more than once is fine.
func (l *Link) Stall(d Direction) (release func()) {
	return put(l, &l.in.stalls, &stall{d})
}

// Bar cuts the client off from one server as a dropped route would: present
// connections to addr stall both ways, new ones wait until their time-out and
// fail with a net.Error whose Timeout is true. Calling release more than once
// is fine.
func (l *Link) Bar(addr string) (release func()) { return put(l, &l.in.bars, &addr) }

// Refuse makes new connections fail at once with syscall.ECONNREFUSED. Calling
// release more than once is fine.
func (l *Link) Refuse() (release func()) { return count(l, &l.in.refusals) }

// Hold keeps back new connections until release is called: Dial waits. Several
// holds add up. Calling release more than once is fine.
func (l *Link) Hold() (release func()) { return count(l, &l.in.holds) }

// stalled says whether nothing may pass to or from addr that way.
func (in *conditions) stalled(addr string, way Direction) bool {
	return in.barred(addr) || slices.ContainsFunc(in.stalls, func(s *stall) bool { return s.way.includes(way) })
}

func (in *conditions) barred(addr string) bool {
	return slices.ContainsFunc(in.bars, func(a *string) bool { return *a == addr })
}
