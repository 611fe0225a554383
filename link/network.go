package link

import (
	"slices"
	"sync"
)

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
	c.pipe.Set(l.in.impairment(c.addr, ToClient), l.in.impairment(c.addr, ToServer))
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
func (l *Link) Stall(d Direction) (release func()) { return put(l, &l.in.stalls, &d) }

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

// Slow delays everything that passes on present and later connections, in order. It does
// not reduce how much can be in flight. Connecting takes a round trip longer;
// Config.ConnectTimeout does not count what the shape adds. With several shapes the delays
// add up, and the lowest rate applies. After release, bytes on their way continue as if the
// shape had never applied. Release may be called more than once.
func (l *Link) Slow(s Shape) (release func()) {
	s.Delay, s.Jitter, s.BytesPerSecond = max(s.Delay, 0), max(s.Jitter, 0), max(s.BytesPerSecond, 0)
	return put(l, &l.in.shapes, &s)
}
