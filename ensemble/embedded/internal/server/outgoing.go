package server

import (
	"net"
	"sync"
)

const (
	// window bounds the bytes of a connection's unanswered requests: beyond it no more are read. Each
	// request also counts for overhead.
	window   = 1 << 20
	overhead = 512
	// highWater bounds the bytes that wait for a client that reads slowly: beyond it no more of its
	// requests are read, and no more of its reads are answered.
	highWater = 1 << 20
	// overflow bounds the bytes that may wait in any case. Only watch events, answers of the leader and
	// a multi-read can reach it; then the connection is closed.
	overflow = 32 << 20
)

// outgoing holds the bytes that wait to be sent to a client. A turn may write as much as the connection
// takes without blocking, and leaves the rest to the connection's writer. The reader waits
// while there is too much.
type outgoing struct {
	mu       sync.Mutex
	room     sync.Cond        // for the reader
	more     sync.Cond        // for the writer
	write    func([]byte) int // writes what there is room for; nil: only the writer can
	buf      []byte
	writing  bool // the writer is at it
	inFlight int  // weight of the requests that are unanswered
	full     bool // a turn found no room
	closing  bool // close the connection once buf is sent
	closed   bool
}

func newOutgoing(write func([]byte) int) *outgoing {
	o := &outgoing{write: write}
	o.room.L, o.more.L = &o.mu, &o.mu
	return o
}

// begin counts a request of that weight, and waits while there are too many. It is
// false once the connection is closed.
func (o *outgoing) begin(weight int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.closed && (o.inFlight >= window || len(o.buf) > highWater) {
		o.room.Wait()
	}
	o.inFlight += weight
	return !o.closed
}

// send sends what a turn has for the client; answered is the weight of the requests that it answers. If
// that leaves the client full, the server is told once there is room. ok is false if the client lets
// far too much wait. Only with atOnce does send write to the connection itself.
func (o *outgoing) send(p []byte, answered int, closing, atOnce bool) (full, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.inFlight -= answered
	o.closing = o.closing || closing
	if o.closed {
		return false, true
	}
	// What crammed the connection must leave it full, or no turn would go on with its requests.
	if atOnce && len(p) <= highWater && o.write != nil && !o.closing && !o.writing && len(o.buf) == 0 {
		p = p[o.write(p):]
	}
	o.buf = append(o.buf, p...)
	o.full = len(o.buf) > highWater
	if len(o.buf) > 0 || o.closing {
		o.more.Signal()
	}
	o.room.Signal()
	return o.full, len(o.buf) <= overflow
}

// close makes the writer end without sending what waits.
func (o *outgoing) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.buf = nil
	o.room.Signal()
	o.more.Signal()
}

// next waits for something to send. spare becomes the buffer for what is added meanwhile. p is nil once
// nothing more comes. awaited reports whether a turn waits for the room that there is now.
func (o *outgoing) next(spare []byte) (p []byte, awaited bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writing = false
	for len(o.buf) == 0 && !o.closed && !o.closing {
		o.more.Wait()
	}
	if o.closed || len(o.buf) == 0 {
		return nil, false
	}
	p, awaited = o.buf, o.full
	o.buf, o.full, o.writing = spare[:0], false, true
	o.room.Signal()
	return p, awaited
}

// writer sends until there is nothing more to come, and closes the connection.
// It calls room when there is some again for which a turn waits.
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
