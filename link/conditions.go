package link

import (
	"slices"
	"sync"
)

// conditions are the active faults that concern every byte or every dial, as opposed to
// single messages. They are guarded by Link.mu.
type conditions struct {
	holds    int
	refusals int
	stalls   []*stall
	shapes   []*Shape
	bars     []*string // addresses
	routes   []*string // addresses; the last one applies
}

// stall is one call of Stall. Stalls are compared by address, since several may be equal.
type stall struct{ way Direction }

// put adds an element to a list of the conditions; release removes it.
func put[T any](l *Link, list *[]*T, one *T) (release func()) {
	l.change(func() { *list = append(*list, one) })
	return sync.OnceFunc(func() {
		l.change(func() { *list = slices.DeleteFunc(*list, func(x *T) bool { return x == one }) })
	})
}

// count increments a counter of the conditions; release decrements it.
func count(l *Link, n *int) (release func()) {
	l.change(func() { *n++ })
	return sync.OnceFunc(func() { l.change(func() { *n-- }) })
}

// change changes the conditions. When it returns, no connection is registered under the old
// ones, and waiting goroutines check again.
func (l *Link) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	for _, c := range l.inOrder() {
		l.apply(c)
	}
	l.broadcast()
}

// apply applies the conditions to a connection. Call it with l.mu held.
func (l *Link) apply(c *conn) {
	c.pipe.set(l.in.impairment(c.addr, ToClient), l.in.impairment(c.addr, ToServer))
}

// broadcast wakes all goroutines that wait for a change of conditions or sessions. Call it
// with l.mu held.
func (l *Link) broadcast() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Stall lets nothing pass in a direction (Both: in either), on present and later
// connections, until release is called. Nothing is lost and the order stays: what the
// client wrote or the server sent arrives after release. While several stalls are active,
// each applies. Release may be called more than once.
func (l *Link) Stall(d Direction) (release func()) {
	return put(l, &l.in.stalls, &stall{d})
}

// Bar cuts the client off from one server as a dropped route would. Present connections to
// addr stall in both directions. New ones wait until their timeout and fail with a
// net.Error whose Timeout is true. Release may be called more than once.
func (l *Link) Bar(addr string) (release func()) { return put(l, &l.in.bars, &addr) }

// Refuse makes new connections fail at once with syscall.ECONNREFUSED. Release may be
// called more than once.
func (l *Link) Refuse() (release func()) { return count(l, &l.in.refusals) }

// Hold holds back new connections until release is called: Dial waits. While several holds
// are active, each applies. Release may be called more than once.
func (l *Link) Hold() (release func()) { return count(l, &l.in.holds) }

// stalled reports whether nothing may pass to or from addr in a direction.
func (in *conditions) stalled(addr string, way Direction) bool {
	return in.barred(addr) || slices.ContainsFunc(in.stalls, func(s *stall) bool { return s.way.includes(way) })
}

func (in *conditions) barred(addr string) bool {
	return slices.ContainsFunc(in.bars, func(a *string) bool { return *a == addr })
}

// Direction is a direction through the link.
type Direction int

// The directions. The zero value is both.
const (
	Both Direction = iota
	ToServer
	ToClient
)

// String returns "both", "to-server" or "to-client".
func (d Direction) String() string {
	switch d {
	case ToServer:
		return "to-server"
	case ToClient:
		return "to-client"
	}
	return "both"
}

// includes reports whether d includes the one direction way.
func (d Direction) includes(way Direction) bool { return d == Both || d == way }
