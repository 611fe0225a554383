package pipe

import (
	"bytes"
	"net"
	"os"
	"time"
)

// Read returns what the server sent, once the conditions let it through.
func (p *Pipe) Read(b []byte) (int, error) {
	for {
		if p.in.busy.Load() {
			if n, ok, err := p.readQueued(b); ok {
				return n, err
			}
			continue
		}
		n, err := p.inner.Read(b)
		if p.in.busy.Load() && (n > 0 || !Interrupted(err)) {
			p.enqueueRead(b[:n], err) // a fault began meanwhile and applies to these bytes
			continue
		}
		if err != nil {
			err = p.closedOr(err)
		}
		return n, err
	}
}

// closedOr returns the error of a Read that Close may have interrupted.
func (p *Pipe) closedOr(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	return err
}

// readQueued waits for bytes on their way to the client. ok is false if there are none left
// and no reason to wait.
func (p *Pipe) readQueued(b []byte) (n int, ok bool, err error) {
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

// enqueueRead sends bytes on their way to the client, and an error behind them. A passed
// deadline does not end the stream.
func (p *Pipe) enqueueRead(b []byte, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.innerClosed {
		return
	}
	if len(b) > 0 {
		p.in.push(bytes.Clone(b), time.Now())
	}
	if err != nil && !Interrupted(err) {
		p.in.ended = err
	}
	p.broadcast()
}

// startIn starts the goroutine that reads bytes as they come, if it is needed. Only the
// reader may call it, with mu held.
func (p *Pipe) startIn() {
	if p.in.pumping || !p.in.slow() || p.in.ended != nil || p.closed {
		return
	}
	p.in.pumping = true
	p.in.updateBusy()
	go p.pumpIn()
}

func (p *Pipe) pumpIn() {
	buf := make([]byte, 16<<10)
	for p.wantsMore() {
		n, err := p.inner.Read(buf)
		p.enqueueRead(buf[:n], err)
	}
}

// wantsMore reports whether pumpIn is to continue, and ends it otherwise.
func (p *Pipe) wantsMore() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.in.slow() && p.in.size >= MaxInFlight && !p.closed {
		p.wait()
	}
	if p.in.slow() && p.in.ended == nil && !p.closed {
		p.inner.SetReadDeadline(time.Time{}) // deadlines concern the client's reads only
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
