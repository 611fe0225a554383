package pipe

import (
	"bytes"
	"net"
	"os"
	"time"
)

// Write sends b to the server, once the conditions let it through. It waits only if more is
// on its way than a network would hold.
func (p *Pipe) Write(b []byte) (int, error) {
	if !p.out.busy.Load() {
		return p.inner.Write(b)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := 0; ; {
		switch now := time.Now(); {
		case p.closed:
			return n, net.ErrClosed
		case n == len(b):
			return n, nil
		case passed(p.writeBy, now):
			return n, os.ErrDeadlineExceeded
		case p.out.size >= MaxInFlight:
			p.wait(p.writeBy)
		default:
			k := min(len(b)-n, MaxInFlight-p.out.size)
			p.out.push(bytes.Clone(b[n:n+k]), now)
			p.startOut()
			p.broadcast()
			n += k
		}
	}
}

// startOut starts the goroutine that sends bytes to the server when they are due, and
// closes the connection after them if the client has closed it. Call it with mu held.
func (p *Pipe) startOut() {
	if p.out.pumping || p.innerClosed {
		return
	}
	p.out.pumping = true
	p.out.updateBusy()
	if !p.closed {
		p.inner.SetWriteDeadline(time.Time{})
	}
	go p.pumpOut()
}

func (p *Pipe) pumpOut() {
	for {
		data, more := p.awaitDue()
		if !more {
			return
		}
		if _, err := p.inner.Write(data); err != nil {
			p.serverClosed()
		}
	}
}

// awaitDue waits for the next bytes that are due to the server. more is false if there is
// nothing left to do.
func (p *Pipe) awaitDue() (data []byte, more bool) {
	p.mu.Lock()
	for !p.innerClosed {
		if data = p.out.pop(time.Now()); data != nil {
			if p.closed {
				p.inner.SetWriteDeadline(time.Now().Add(Linger))
			}
			p.broadcast() // there is room
			p.mu.Unlock()
			return data, true
		}
		due, coming := p.out.next()
		if !coming && !p.out.stalled {
			break
		}
		p.wait(due)
	}
	p.out.pumping = false
	closed := p.closed
	if !closed { // else it stays busy: nothing may follow the end
		p.out.updateBusy()
		p.inner.SetWriteDeadline(p.writeBy)
		if p.halfClosed {
			p.inner.(halfCloser).CloseWrite()
		}
	}
	p.mu.Unlock()
	if closed {
		p.End(false)
	}
	return nil, false
}

// serverClosed drops the bytes on their way to a server that has closed. The client learns
// of that at its next read or write.
func (p *Pipe) serverClosed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.clear()
	p.broadcast()
}
