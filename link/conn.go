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
	// readAhead is how many bytes the link reads from the network at once for a client that
	// reads in small pieces, as most do: first the length, then the body.
	readAhead = 4 << 10

	// replyKeep is how many bytes of a reply the link looks at: the whole connect response,
	// every header, and some 300 results of a failed multi.
	replyKeep = 4 << 10

	// passLimit is the size of the longest frame that the link follows, in bytes. It is
	// above every sensible jute.maxbuffer. A four-letter word, sent in place of a connect
	// request, looks like a longer one.
	passLimit = 256 << 20
)

// phase is how far a connection has got.
type phase int

const (
	beforeConnect phase = iota // no connect request yet
	connecting                 // awaits the connect response
	established                // carries a session
	refused                    // the server refused the session
	opaque                     // not the client protocol: bytes pass unread
)

// conn is one connection through the link. It has no goroutine: the client's own goroutines
// pass bytes on, in Read and Write.
type conn struct {
	net.Conn // to the server
	pipe     *pipe
	l        *Link
	addr     string

	reading *semaphore.Weighted // held by Read
	in      stream
	filter  eventFilter
	ahead   []byte // read from the server, not yet by the client
	rest    []byte // read from the server after that, and not yet decoded
	arrived Point  // the point of the message that the client read last
	buf     []byte // of the last read
	readErr error  // what Read returns after ahead

	writing *semaphore.Weighted // held by Write
	out     stream
	left    Point // the point of the message that the client wrote last
	reads   bool  // that message was announced as one that only reads

	deadlines deadlines

	// Guarded by Link.mu.
	phase   phase
	request wire.ConnectRequest
	// requested is the point of the connect request; asked is when it was sent.
	requested Point
	asked     time.Duration
	session   *session // once open
	early     bool     // the client sent requests before that
	waiting   requests
	held      []heldFrame
	ended     bool
	broken    error // what the client's reads and writes return after a cut

	isBroken atomic.Bool // broken is set; checked at every read
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
			return len(p), nil // as on a network that loses the bytes later
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

// fetch reads from the server into b, unless bytes are there already, and returns those for
// the client, in b or another buffer. An error that comes with bytes is kept for the next
// Read.
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

// receive reads from the server into b. If the link itself woke the reader, that is not an error.
func (c *conn) receive(b []byte) ([]byte, error) {
	n, err := c.pipe.Read(b)
	if err != nil && isTimeout(err) && c.deadlines.wasInterrupted() {
		err = nil
	}
	return b[:n], err
}

// failed turns an error of the network into the client's, and notes the end of the
// connection, unless only a deadline passed.
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

// cause returns the error that a cut gave the client; nil if there was no cut.
func (c *conn) cause() error {
	if !c.isBroken.Load() {
		return nil
	}
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	return c.broken
}

// Close closes the connection for the client.
func (c *conn) Close() error {
	c.closeAndRecord(nil)
	return nil
}

// CloseWrite tells the server that the client will send no more. If the network cannot do
// that, it closes the connection.
func (c *conn) CloseWrite() {
	if !c.pipe.closeWrite() {
		c.Close()
	}
}

// abandon ends the connection of a client that is gone.
func (c *conn) abandon() {
	c.pipe.end(true)
	c.recordEnd()
}

// closeAndRecord closes the connection and records that, once. When it returns the event is
// recorded, even if another goroutine closed first, so that a client that reconnects is not
// recorded as connected before it was disconnected. A cause is for the client, which
// receives nothing more. Bytes on their way to the server go on.
func (c *conn) closeAndRecord(cause error) {
	c.setCause(cause)
	c.pipe.Close()
	c.recordEnd()
}

// setCause sets the error that the client's reads and writes return from now on.
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
	now := l.cfg.Clock()
	l.idleness.change(-1, now)
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
		l.idleness.lost = l.idleness.until(now)
		events = append(events, l.sessionEvent(history.FDisconnected, s.ID, s, nil))
	}
	return events
}

// SetDeadline sets the client's deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the client's read deadline; the link may have an earlier one.
func (c *conn) SetReadDeadline(t time.Time) error { return c.deadlines.setClient(t) }

// SetWriteDeadline sets the client's write deadline.
func (c *conn) SetWriteDeadline(t time.Time) error { return c.pipe.SetWriteDeadline(t) }
