package server

import (
	"net"
	"sync"
)

const (
	// maxInFlight is how many requests of one connection may be unanswered before
	// no more are read from it.
	maxInFlight = 1000
	// highWater is how many bytes may wait for a client that reads slowly before no
	// more requests are read from it.
	highWater = 1 << 20
	// overflow is how many bytes may wait at all. Only watch events and the replies
	// to what was in flight can reach it; the connection is closed then.
	overflow = 32 << 20
)

// outgoing is what waits to be sent to a client. The loop appends, the
// connection's writer sends, its reader waits while there is too much.
type outgoing struct {
	mu       sync.Mutex
	changed  *sync.Cond
	buf      []byte
	inFlight int
	closing  bool // close the connection once buf is sent
	closed   bool
}

func newOutgoing() *outgoing {
	o := &outgoing{}
	o.changed = sync.NewCond(&o.mu)
	return o
}

// begin counts a request, and waits while there are too many. It is false once
// the connection is closed.
func (o *outgoing) begin() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.closed && (o.inFlight >= maxInFlight || len(o.buf) > highWater) {
		o.changed.Wait()
	}
	o.inFlight++
	return !o.closed
}

// send appends what the loop has for the client, with the number of requests
// that are answered by it. It is false if the client lets too much wait.
func (o *outgoing) send(p []byte, answered int, closing bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.inFlight -= answered
	o.closing = o.closing || closing
	if o.closed {
		return true
	}
	o.buf = append(o.buf, p...)
	o.changed.Broadcast()
	return len(o.buf) <= overflow
}

// close makes the writer end without sending what waits.
func (o *outgoing) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.buf = nil
	o.changed.Broadcast()
}

// next waits for something to send; spare is used for what comes meanwhile. It
// is nil once there is nothing more to come.
func (o *outgoing) next(spare []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.buf) == 0 && !o.closed && !o.closing {
		o.changed.Wait()
	}
	if o.closed || len(o.buf) == 0 {
		return nil
	}
	p := o.buf
	o.buf = spare[:0]
	o.changed.Broadcast() // there is room for the reader
	return p
}

// writer sends until there is nothing more to come, and closes the connection.
func (o *outgoing) writer(nc net.Conn) {
	const keep = 64 << 10 // a larger buffer is not kept for an idle connection
	var spare []byte
	for {
		p := o.next(spare)
		if p == nil {
			break
		}
		if _, err := nc.Write(p); err != nil {
			break
		}
		if spare = p; cap(spare) > keep {
			spare = nil
		}
	}
	o.close()
	nc.Close()
}
