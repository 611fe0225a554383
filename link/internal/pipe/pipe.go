// Package pipe stalls and slows the bytes of one connection, as a network between a client and its server does. It
// knows nothing of what the bytes say.
package pipe

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// Pipe is the network between a conn and its server. The conn decodes above it. A byte that
// a fault keeps in the pipe on its way to the client has not been read by the link, so
// nothing of it is recorded before the client can know it. In the other direction the link
// notes a request as sent when the client writes it, which may be long before it leaves.
// That is sound for [Link.Alive]: a session that was alive when the server got the request
// was alive before.
//
// While no fault is in force and nothing is on its way, bytes go straight through, in the
// goroutines of the reader and the writer. Otherwise one goroutine reads bytes when they
// arrive from the server (while the link is slow; a stall needs none, since unread bytes
// wait in the network), and another one writes bytes to the server when they are due.
//
// One goroutine at a time may Read, and one may Write. The other methods are safe for
// concurrent use.
type Pipe struct {
	inner   net.Conn
	onEnd   func() // called once inner is closed, not under mu
	in, out flow

	mu          sync.Mutex
	wake        chan struct{} // closed at the next change; nil while no goroutine waits
	readBy      time.Time
	writeBy     time.Time
	closed      bool // by the client
	halfClosed  bool // the client will send no more
	innerClosed bool // inner is closed
}

// Linger bounds how long a server that reads nothing can keep open a connection that
// the client has closed.
const Linger = time.Second

// LongAgo is a deadline that wakes waiting reads and writes.
var LongAgo = time.Unix(1, 0)

// New makes the pipe of the serial-th connection of a link. It calls onEnd when the connection has ended completely.
func New(inner net.Conn, serial uint64, onEnd func()) *Pipe {
	p := &Pipe{inner: inner, onEnd: onEnd}
	p.in.way, p.in.serial = ToClient, serial
	p.out.way, p.out.serial = ToServer, serial
	return p
}

// Serial returns the number of the connection on its link.
func (p *Pipe) Serial() uint64 { return p.out.serial }

// Busy reports whether bytes cannot go straight through.
func (p *Pipe) Busy() bool { return p.in.busy.Load() || p.out.busy.Load() }

// Set changes the impairments of the pipe.
func (p *Pipe) Set(in, out Impairment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.in.set(in, now)
	p.out.set(out, now)
	if p.in.pumping && !p.in.slow() {
		p.inner.SetReadDeadline(LongAgo) // wakes pumpIn, which is no longer needed
	}
	p.broadcast()
}

// Close closes the connection for the client. What the client wrote before still goes to
// the server, if the server reads it, followed by the end of the connection.
func (p *Pipe) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	if p.out.busy.Load() {
		p.inner.SetReadDeadline(LongAgo) // no more reads
		p.inner.SetWriteDeadline(time.Now().Add(Linger))
		p.startOut()
		p.broadcast()
		p.mu.Unlock()
		return nil
	}
	p.mu.Unlock()
	p.End(false)
	return nil
}

// halfCloser is a connection that can close one direction alone.
type halfCloser interface{ CloseWrite() error }

// CloseWrite closes the direction to the server after the bytes on their way, and reports
// whether the network can do that.
func (p *Pipe) CloseWrite() bool {
	inner, ok := p.inner.(halfCloser)
	if !ok {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.halfClosed {
		return true
	}
	if !p.out.busy.Load() {
		inner.CloseWrite()
		return true
	}
	p.halfClosed = true
	p.startOut()
	p.broadcast()
	return true
}

// End closes the connection at once: nothing passes any more. If reset is true, the server
// gets a reset, if the network can send one.
func (p *Pipe) End(reset bool) {
	p.mu.Lock()
	if p.innerClosed {
		p.mu.Unlock()
		return
	}
	p.closed, p.innerClosed = true, true
	p.in.clear()
	p.out.clear()
	if reset {
		Reset(p.inner)
	}
	p.inner.Close()
	p.broadcast()
	p.mu.Unlock()
	p.onEnd()
}

// SetReadDeadline sets the deadline of Read, which also applies during a stall.
func (p *Pipe) SetReadDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	p.readBy = t
	p.broadcast()
	return p.inner.SetReadDeadline(t)
}

// SetWriteDeadline sets the deadline of Write.
func (p *Pipe) SetWriteDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	p.writeBy = t
	p.broadcast()
	if p.out.pumping { // its writes are not the client's
		return nil
	}
	return p.inner.SetWriteDeadline(t)
}

// broadcast wakes all waiting goroutines. Call it with mu held.
func (p *Pipe) broadcast() {
	if p.wake != nil {
		close(p.wake)
		p.wake = nil
	}
}

// wait waits for the next change, or until the earliest of the times that are not zero.
// Call it with mu held; wait unlocks it while it waits.
func (p *Pipe) wait(times ...time.Time) {
	if p.wake == nil {
		p.wake = make(chan struct{})
	}
	wake := p.wake
	p.mu.Unlock()
	defer p.mu.Lock()
	var late <-chan time.Time
	if until := earliest(times); !until.IsZero() {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		late = t.C
	}
	select {
	case <-wake:
	case <-late:
	}
}

func earliest(times []time.Time) (first time.Time) {
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// passed reports whether a deadline has passed.
func passed(deadline, now time.Time) bool { return !deadline.IsZero() && !deadline.After(now) }

// Reset makes the peer see a reset when the connection is closed.
func Reset(c net.Conn) {
	switch c := c.(type) {
	case interface{ SetLinger(sec int) error }: // TCP
		c.SetLinger(0)
	case interface{ Reset() }: // in memory
		c.Reset()
	}
}

// Interrupted reports whether an error only means that a deadline passed. The pipe may have
// set that deadline to wake a goroutine.
func Interrupted(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
