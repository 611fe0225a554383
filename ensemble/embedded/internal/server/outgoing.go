package server

import (
	"net"
	"sync"
)

const (
	// window is how many bytes the requests of one connection that are unanswered
	// may have before no more are read from it; each counts for overhead, too.
	window   = 1 << 20
	overhead = 512
	// highWater is how many bytes may wait for a client that reads slowly before no
	// more of its requests are read, and no more of its reads answered.
	highWater = 1 << 20
	// overflow is how many bytes may wait at all. Only watch events, what the leader
	// has answered and a multi-read can reach it; the connection is closed then.
	overflow = 32 << 20
)

// outgoing is what waits to be sent to a client. The loop appends, the
// connection's writer sends, its reader waits while there is too much.
type outgoing struct {
	mu       sync.Mutex
	changed  *sync.Cond
	buf      []byte
	inFlight int  // weight of the requests that are unanswered
	full     bool // the loop waits for room
	closing  bool // close the connection once buf is sent
	closed   bool
}

func newOutgoing() *outgoing {
	o := &outgoing{}
	o.changed = sync.NewCond(&o.mu)
	return o
}

// begin counts a request of that weight, and waits while there are too many. It is
// false once the connection is closed.
func (o *outgoing) begin(weight int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.closed && (o.inFlight >= window || len(o.buf) > highWater) {
		o.changed.Wait()
	}
	o.inFlight += weight
	return !o.closed
}

// send appends what the loop has for the client, with the weight of the requests
// that are answered by it. When it leaves the client full, the loop is told once
// there is room. It is not ok if the client lets far too much wait.
func (o *outgoing) send(p []byte, answered int, closing bool) (full, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.inFlight -= answered
	o.closing = o.closing || closing
	if o.closed {
		return false, true
	}
	o.buf = append(o.buf, p...)
	o.full = len(o.buf) > highWater
	o.changed.Broadcast()
	return o.full, len(o.buf) <= overflow
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
// is nil once there is nothing more to come. It says whether the loop waits for
// the room that there is now.
func (o *outgoing) next(spare []byte) (p []byte, awaited bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.buf) == 0 && !o.closed && !o.closing {
		o.changed.Wait()
	}
	if o.closed || len(o.buf) == 0 {
		return nil, false
	}
	p, awaited = o.buf, o.full
	o.buf, o.full = spare[:0], false
	o.changed.Broadcast() // there is room for the reader
	return p, awaited
}

// writer sends until there is nothing more to come, and closes the connection.
// It calls room when there is some again for a loop that waits for it.
func (o *outgoing) writer(nc net.Conn, room func()) {
	const keep = 64 << 10 // a larger buffer is not kept for an idle connection
	var spare []byte
	for {
		p, awaited := o.next(spare)
		if p == nil {
			break
		}
		if awaited {
			room()
		}
		if _, err := nc.Write(p); err != nil {
			break
		}
		if spare = p; cap(spare) > keep {
			spare = nil
		}
	}
	o.close()
	if p, ok := nc.(polite); ok {
		p.Goodbye()
	}
	nc.Close()
}

// polite is a connection that tells the other side that it ends, where a plain end
// may be taken for an attack.
type polite interface{ Goodbye() }
