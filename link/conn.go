package link

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

const (
	// readAhead is how much is read from the network at once for a client that
	// reads in small pieces, as most do: length first, then body.
	readAhead = 4 << 10

	// replyKeep is what is looked at of a reply: the whole connect response,
	// every header, and of a multi that failed some 300 results.
	replyKeep = 4 << 10

	// passLimit is the longest frame that the link follows. It is above every
	// sensible jute.maxbuffer, and below what a four-letter word, sent where a
	// connect request belongs, looks like as a length.
	passLimit = 256 << 20
)

// phase is how far a connection has got.
type phase int

const (
	beforeConnect phase = iota // no connect request yet
	connecting                 // waiting for the connect response
	established                // carries a session
	refused                    // the server did not take the session
	opaque                     // not the client protocol: bytes pass unread
)

// conn is one connection through the link. Bytes are passed on by the client's
// own goroutines, in Read and Write; it has none of its own.
type conn struct {
	net.Conn // to the server
	pipe     *pipe
	l        *Link
	addr     string

	reading *semaphore.Weighted // held by Read
	in      stream
	filter  eventFilter
	ahead   []byte // read from the server, not yet by the client
	rest    []byte // read from the server behind that, and not looked at
	arrived Point  // of what the client read last
	buf     []byte // what was read last
	readErr error  // what Read returns after ahead

	writing *semaphore.Weighted // held by Write
	out     stream
	left    Point // of what the client wrote last

	deadlines deadlines

	// Guarded by Link.mu.
	phase   phase
	request wire.ConnectRequest
	// requested is the point of the connect request, and asked when it was sent.
	requested Point
	asked     time.Duration
	session   *session // once open
	waiting   requests
	held      []heldFrame
	ended     bool
	broken    error // what the client reads and writes after a cut

	isBroken atomic.Bool // broken is there: asked at every read
}

// newConn makes the n-th connection of a link.
func newConn(l *Link, inner net.Conn, addr string, n int) *conn {
	c := &conn{
		l:       l,
		addr:    addr,
		reading: semaphore.NewWeighted(1),
		writing: semaphore.NewWeighted(1),
		in:      stream{Splitter: wire.Splitter{Limit: passLimit, Keep: keepOf(l.cfg)}},
		out:     stream{Splitter: wire.Splitter{Limit: passLimit}},
		buf:     make([]byte, readAhead),
	}
	c.pipe = newPipe(inner, uint64(n), func() { l.unregister(c) })
	c.Conn, c.deadlines.inner = inner, c.pipe
	return c
}

// Write passes p on, up to a request that is to be lost.
func (c *conn) Write(p []byte) (int, error) {
	_ = c.writing.Acquire(context.Background(), 1)
	defer c.writing.Release(1)
	for n := 0; n < len(p); {
		pass, loss := c.outgoing(p[n:])
		var err error
		if pass > 0 {
			pass, err = c.pipe.Write(p[n : n+pass])
			n += pass
		}
		if loss != nil {
			c.closeAndRecord(ErrCut)
			loss.connectionCut()
			return len(p), nil // as a network does that loses it later
		}
		if err != nil {
			return n, c.failed(err)
		}
		c.passed(&c.left)
	}
	return len(p), nil
}

// Read fills p with what the server sent, up to a reply that is to be lost.
func (c *conn) Read(p []byte) (int, error) {
	_ = c.reading.Acquire(context.Background(), 1)
	defer c.reading.Release(1)
	if len(p) == 0 {
		return 0, nil
	}
	for len(c.ahead) == 0 {
		if c.readErr != nil && len(c.rest) == 0 {
			return 0, c.readErr
		}
		b := c.buf
		if len(p) >= len(b) {
			b = p
		}
		got, err := c.fetch(b)
		if err != nil {
			return 0, err
		}
		c.ahead = got
	}
	if err := c.cause(); err != nil {
		return 0, err
	}
	n := copy(p, c.ahead)
	c.ahead = c.ahead[n:]
	return n, nil
}

// fetch reads from the server into b, unless something is there already, and gives what
// of it is for the client, in b or elsewhere. An error that comes with bytes is kept for
// the next Read.
func (c *conn) fetch(b []byte) ([]byte, error) {
	c.passed(&c.arrived)
	var err error
	if len(c.rest) > 0 {
		b, c.rest = c.rest, nil
	} else {
		b, err = c.receive(b)
	}
	pass, loss := c.incoming(b)
	if loss != nil {
		c.readErr, c.rest = ErrCut, nil
		c.closeAndRecord(nil)
		loss.connectionCut()
		return pass, nil
	}
	if err == nil {
		return pass, nil
	}
	if err = c.failed(err); len(pass) == 0 {
		return nil, err
	}
	if !isTimeout(err) {
		c.readErr = err
	}
	return pass, nil
}

// receive reads from the server into b. That somebody woke who reads is no error.
func (c *conn) receive(b []byte) ([]byte, error) {
	n, err := c.pipe.Read(b)
	if err != nil && isTimeout(err) && c.deadlines.wasInterrupted() {
		err = nil
	}
	return b[:n], err
}

// failed turns an error of the network into the client's, and notes the end
// of the connection, unless only a deadline passed.
func (c *conn) failed(err error) error {
	if isTimeout(err) {
		return err
	}
	c.closeAndRecord(nil)
	if cause := c.cause(); cause != nil {
		return cause
	}
	return err
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// cause is what a cut told the client, nil if there was none.
func (c *conn) cause() error {
	if !c.isBroken.Load() {
		return nil
	}
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	return c.broken
}

// Close is the client's.
func (c *conn) Close() error {
	c.closeAndRecord(nil)
	return nil
}

// CloseWrite tells the server that the client has nothing more to say; where the
// network cannot do that, it closes the connection.
func (c *conn) CloseWrite() {
	if !c.pipe.closeWrite() {
		c.Close()
	}
}

// abandon ends the connection of a client that broke off.
func (c *conn) abandon() {
	c.pipe.end(true)
	c.recordEnd()
}

// closeAndRecord closes the connection and records that, once. When it returns the
// event is recorded, whoever was first, so that a client that connects again is
// not recorded as connected before it was disconnected. A cause is for the
// client, which gets nothing more. What is on its way to the server goes on.
func (c *conn) closeAndRecord(cause error) {
	c.setCause(cause)
	c.pipe.Close()
	c.recordEnd()
}

// setCause notes what the client is to read and write from now on.
func (c *conn) setCause(cause error) {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	if c.broken == nil && !c.ended && cause != nil {
		c.broken = cause
		c.isBroken.Store(true)
	}
}

func (c *conn) recordEnd() {
	c.l.events.Lock()
	defer c.l.events.Unlock()
	for _, e := range c.end() {
		c.l.cfg.Record(e)
	}
}

// end ends the connection for the client, and returns the events to record.
func (c *conn) end() (events []history.Event) {
	l := c.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.ended {
		return nil
	}
	c.ended = true
	c.dropHeld()
	l.broadcast()
	for _, r := range c.waiting.all() {
		if r.loss != nil {
			r.loss.awaited--
		}
	}
	s := c.session
	if s == nil {
		return nil
	}
	if v := c.waiting.unanswered(); len(v.Requests) > 0 {
		events = append(events, l.sessionEvent(history.FUnanswered, s.ID, s, v))
	}
	// A session that has moved to another connection of the link is still connected.
	if s.conns--; s.conns == 0 {
		events = append(events, l.sessionEvent(history.FDisconnected, s.ID, s, nil))
	}
	return events
}

// SetDeadline is the client's, as is SetReadDeadline.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline is the client's; the link may have an earlier one.
func (c *conn) SetReadDeadline(t time.Time) error { return c.deadlines.setClient(t) }

// SetWriteDeadline is the client's.
func (c *conn) SetWriteDeadline(t time.Time) error { return c.pipe.SetWriteDeadline(t) }
