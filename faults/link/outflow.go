package link

import (
	"bytes"
	"net"
	"os"
	"time"
)

// Write sends b to the server, when the conditions let it through. It waits only
// if more is on its way than a network would hold.
func (p *pipe) Write(b []byte) (int, error) {
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
		case p.out.size >= flowRoom:
			p.wait(p.writeBy)
		default:
			k := min(len(b)-n, flowRoom-p.out.size)
			p.out.push(bytes.Clone(b[n:n+k]), now)
			p.startOut()
			p.changed()
			n += k
		}
	}
}

// startOut starts the goroutine that sends bytes to the server as they are due,
// and closes the connection behind them if the client did. Call it with mu held.
func (p *pipe) startOut() {
	if p.out.pumping || p.over {
		return
	}
	p.out.pumping = true
	p.out.settle()
	if !p.closed {
		p.inner.SetWriteDeadline(time.Time{})
	}
	go p.pumpOut()
}

func (p *pipe) pumpOut() {
	for {
		data, more := p.awaitDue()
		if !more {
			return
		}
		if _, err := p.inner.Write(data); err != nil {
			p.broke()
		}
	}
}

// awaitDue waits for the next bytes that are due to the server. more is false when
// there is nothing left to do.
func (p *pipe) awaitDue() (data []byte, more bool) {
	p.mu.Lock()
	for !p.over {
		if data = p.out.pop(time.Now()); data != nil {
			if p.closed {
				p.inner.SetWriteDeadline(time.Now().Add(lingering))
			}
			p.changed() // there is room
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
	if !closed { // else it stays busy: nothing goes past the end
		p.out.settle()
		p.inner.SetWriteDeadline(p.writeBy)
		if p.silent {
			p.inner.(halfCloser).CloseWrite()
		}
	}
	p.mu.Unlock()
	if closed {
		p.end(false)
	}
	return nil, false
}

// broke gives up what is on its way to a server that has closed. The client
// learns of that when it reads, or writes again.
func (p *pipe) broke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out.clear()
	p.changed()
}
