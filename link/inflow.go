package link

import (
	"bytes"
	"net"
	"os"
	"time"
)

// Read gives what the server sent, when the conditions let it through.
func (p *pipe) Read(b []byte) (int, error) {
	for {
		if p.in.busy.Load() {
			if n, ok, err := p.readQueued(b); ok {
				return n, err
			}
			continue
		}
		n, err := p.inner.Read(b)
		if p.in.busy.Load() && (n > 0 || !interrupted(err)) {
			p.enqueueRead(b[:n], err) // a fault began meanwhile, and what came is subject to it
			continue
		}
		if err != nil {
			err = p.closedOr(err)
		}
		return n, err
	}
}

// closedOr is the error of a Read that Close may have interrupted.
func (p *pipe) closedOr(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	return err
}

// readQueued waits for bytes on their way to the client. ok is false when there are
// none any more, nor a reason to wait.
func (p *pipe) readQueued(b []byte) (n int, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		now := time.Now()
		if p.closed {
			return 0, true, net.ErrClosed
		}
		if n := p.in.read(b, now); n > 0 {
			p.in.updateBusy()
			p.broadcast() // there is room
			return n, true, nil
		}
		due, coming := p.in.next()
		switch {
		case coming, p.in.stalled, p.in.pumping:
		case p.in.ended != nil:
			return 0, true, p.in.ended
		case !p.in.slow():
			p.in.updateBusy()
			return 0, false, nil
		}
		if passed(p.readBy, now) {
			return 0, true, os.ErrDeadlineExceeded
		}
		p.startIn()
		p.wait(due, p.readBy)
	}
}

// enqueueRead sends bytes on their way to the client, and an error behind them.
// A deadline that passed is no end.
func (p *pipe) enqueueRead(b []byte, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.innerClosed {
		return
	}
	if len(b) > 0 {
		p.in.push(bytes.Clone(b), time.Now())
	}
	if err != nil && !interrupted(err) {
		p.in.ended = err
	}
	p.broadcast()
}

// startIn starts the goroutine that takes in bytes as they come, where that is
// needed. Call it with mu held, and only as the one who reads.
func (p *pipe) startIn() {
	if p.in.pumping || !p.in.slow() || p.in.ended != nil || p.closed {
		return
	}
	p.in.pumping = true
	p.in.updateBusy()
	go p.pumpIn()
}

func (p *pipe) pumpIn() {
	buf := make([]byte, 16<<10)
	for p.wantsMore() {
		n, err := p.inner.Read(buf)
		p.enqueueRead(buf[:n], err)
	}
}

// wantsMore says whether pumpIn is to go on, and ends it otherwise.
func (p *pipe) wantsMore() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.in.slow() && p.in.size >= maxInFlight && !p.closed {
		p.wait()
	}
	if p.in.slow() && p.in.ended == nil && !p.closed {
		p.inner.SetReadDeadline(time.Time{}) // deadlines are for who takes
		return true
	}
	p.in.pumping = false
	if !p.closed {
		p.inner.SetReadDeadline(p.readBy)
	}
	p.in.updateBusy()
	p.broadcast()
	return false
}
