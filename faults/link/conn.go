package link

import (
	"errors"
	"net"
	"os"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/wire"
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
	fresh   phase = iota // no connect request yet
	asked                // waiting for the connect response
	open                 // carries a session
	refused              // the server did not take the session
	opaque               // not the client protocol: bytes pass unread
)

// conn is one connection through the link. Bytes are passed on by the client's
// own goroutines, in Read and Write; it has none of its own.
type conn struct {
	net.Conn // to the server
	l        *Link
	addr     string

	reading turn // held by Read
	in      wire.Splitter
	ahead   []byte // read from the server, not yet by the client
	buf     []byte // where ahead lies
	after   error  // what Read returns after ahead

	writing turn // held by Write
	out     wire.Splitter

	deadlines deadlines

	// Guarded by Link.mu.
	phase   phase
	request wire.ConnectRequest
	session *session // once open
	waiting requests
	ended   bool
	wasCut  bool
}

func newConn(l *Link, inner net.Conn, addr string) *conn {
	return &conn{
		Conn:      inner,
		l:         l,
		addr:      addr,
		reading:   newTurn(),
		writing:   newTurn(),
		in:        wire.Splitter{Limit: passLimit, Keep: replyKeep},
		out:       wire.Splitter{Limit: passLimit},
		buf:       make([]byte, readAhead),
		deadlines: deadlines{inner: inner},
	}
}

// Write passes p on, up to a request that is to be lost.
func (c *conn) Write(p []byte) (int, error) {
	c.writing.take()
	defer c.writing.give()
	pass, loss := c.outgoing(p)
	var n int
	var err error
	if pass > 0 {
		n, err = c.Conn.Write(p[:pass])
	}
	if loss != nil {
		c.cut()
		close(loss.done)
		return len(p), nil // as a network does that loses it later
	}
	if err != nil {
		return n, c.failed(err)
	}
	return n, nil
}

// Read fills p with what the server sent, up to a reply that is to be lost.
func (c *conn) Read(p []byte) (int, error) {
	c.reading.take()
	defer c.reading.give()
	if len(p) == 0 {
		return 0, nil
	}
	for len(c.ahead) == 0 {
		if c.after != nil {
			return 0, c.after
		}
		if len(p) >= len(c.buf) {
			if n, err := c.fetch(p); n > 0 || err != nil {
				return n, err
			}
			continue
		}
		n, err := c.fetch(c.buf)
		if err != nil {
			return 0, err
		}
		c.ahead = c.buf[:n]
	}
	if c.isCut() {
		return 0, ErrCut
	}
	n := copy(p, c.ahead)
	c.ahead = c.ahead[n:]
	return n, nil
}

// fetch reads from the server into b and says how much of it is for the
// client. An error that comes with bytes is kept for the next Read.
func (c *conn) fetch(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	pass, loss := c.incoming(b[:n])
	if loss != nil {
		c.after = ErrCut
		c.hangUp(false)
		close(loss.done)
		return pass, nil
	}
	if err == nil {
		return pass, nil
	}
	if err = c.failed(err); pass == 0 {
		return 0, err
	}
	if !isTimeout(err) {
		c.after = err
	}
	return pass, nil
}

// failed turns an error of the network into the client's, and notes the end
// of the connection, unless only a deadline passed.
func (c *conn) failed(err error) error {
	if isTimeout(err) {
		return err
	}
	c.hangUp(false)
	if c.isCut() {
		return ErrCut
	}
	return err
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

func (c *conn) isCut() bool {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	return c.wasCut
}

// Close is the client's.
func (c *conn) Close() error {
	c.hangUp(false)
	return nil
}

// cut closes the connection under the client's hands: it gets nothing more,
// not even what was read ahead for it.
func (c *conn) cut() { c.hangUp(true) }

// hangUp closes the connection and records that, once. When it returns the
// fact is recorded, whoever was first, so that a client that connects again is
// not recorded as connected before it was disconnected.
func (c *conn) hangUp(cut bool) {
	l := c.l
	l.mu.Lock()
	c.wasCut = c.wasCut || cut && !c.ended
	l.mu.Unlock()
	c.Conn.Close()

	l.events.Lock()
	defer l.events.Unlock()
	if e, ok := c.end(); ok {
		l.cfg.Record(e)
	}
}

// end takes the connection out of the link and returns the fact to record, if any.
func (c *conn) end() (e history.Event, ok bool) {
	l := c.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.ended {
		return e, false
	}
	c.ended = true
	delete(l.conns, c)
	for _, r := range c.waiting.all() {
		if r.loss != nil {
			r.loss.claimed = false
		}
	}
	s := c.session
	if s == nil {
		return e, false
	}
	// A session that has moved to another connection of the link is still connected.
	if s.conns--; s.conns > 0 {
		return e, false
	}
	return l.fact(history.FDisconnected, s.ID, s, nil), true
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
