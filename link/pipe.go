package link

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// pipe is the network between a conn and its server. What the conn decodes
// is above it: a byte that a fault keeps in the pipe on its way to the client
// has not been read by the link either, so nothing of it is recorded before the
// client can know it. On the way to the server it is the other way round: the
// link notes a request as sent when the client writes it, which may be long before
// it leaves. That is sound for [Link.Alive], since a session that was alive when
// the server got the request was alive before.
//
// While no fault is in force and nothing is on its way, bytes go straight
// through, in the goroutines of who reads and writes. Otherwise a goroutine
// takes them in at the time they come (to the client, while slow; a stall needs
// none, since what nobody reads waits in the network), and another one puts
// them out at the time they are due (to the server).
//
// One goroutine at a time may Read, one may Write. The other methods are safe
// for concurrent use.
type pipe struct {
	inner   net.Conn
	onEnd   func() // called once inner is closed, not under mu
	in, out flow

	mu          sync.Mutex
	wake        chan struct{} // closed at the next change, nil while nobody waits
	readBy      time.Time
	writeBy     time.Time
	closed      bool // by the client
	halfClosed  bool // the client has nothing more to say
	innerClosed bool // inner is closed
}

// lingerTimeout bounds how long a server that takes no bytes can keep open a connection
// that the client has closed.
const lingerTimeout = time.Second

// longAgo is a deadline that interrupts who waits.
var longAgo = time.Unix(1, 0)

func newPipe(inner net.Conn, serial uint64, onEnd func()) *pipe {
	p := &pipe{inner: inner, onEnd: onEnd}
	p.in.way, p.in.serial = ToClient, serial
	p.out.way, p.out.serial = ToServer, serial
	return p
}

// set puts the pipe under new terms.
func (p *pipe) set(in, out impairment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.in.set(in, now)
	p.out.set(out, now)
	if p.in.pumping && !p.in.slow() {
		p.inner.SetReadDeadline(longAgo) // it is not needed any more
	}
	p.broadcast()
}

// Close ends the connection for the client. What it wrote before still goes to the
// server, if that takes it, and the end of the connection behind it.
func (p *pipe) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	if p.out.busy.Load() {
		p.inner.SetReadDeadline(longAgo) // nobody is to read any more
		p.inner.SetWriteDeadline(time.Now().Add(lingerTimeout))
		p.startOut()
		p.broadcast()
		p.mu.Unlock()
		return nil
	}
	p.mu.Unlock()
	p.end(false)
	return nil
}

// halfCloser is a connection that can end one way alone.
type halfCloser interface{ CloseWrite() error }

// closeWrite ends the way to the server behind what is on it, and says whether
// the network can do that.
func (p *pipe) closeWrite() bool {
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

// end closes the connection at once: nothing passes any more. With reset the
// server gets a reset, where the network can send one.
func (p *pipe) end(reset bool) {
	p.mu.Lock()
	if p.innerClosed {
		p.mu.Unlock()
		return
	}
	p.closed, p.innerClosed = true, true
	p.in.clear()
	p.out.clear()
	if reset {
		sendReset(p.inner)
	}
	p.inner.Close()
	p.broadcast()
	p.mu.Unlock()
	p.onEnd()
}

// SetReadDeadline sets the deadline of Read, which holds during a stall, too.
func (p *pipe) SetReadDeadline(t time.Time) error {
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
func (p *pipe) SetWriteDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	p.writeBy = t
	p.broadcast()
	if p.out.pumping { // whose writes are not the client's
		return nil
	}
	return p.inner.SetWriteDeadline(t)
}

// broadcast wakes all who wait. Call it with mu held.
func (p *pipe) broadcast() {
	if p.wake != nil {
		close(p.wake)
		p.wake = nil
	}
}

// wait waits for the next change, or until the earliest of the times that are
// not zero. Call it with mu held, which it lets go meanwhile.
func (p *pipe) wait(times ...time.Time) {
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

// passed says whether a deadline is over.
func passed(deadline, now time.Time) bool { return !deadline.IsZero() && !deadline.After(now) }

// interrupted says whether an error only means that a deadline passed, which may
// be one that the pipe set to wake who waits.
func interrupted(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
