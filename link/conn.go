package link

import (
	"cmp"
	"maps"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link/internal/content"
	"github.com/zklab/zklab/link/internal/pipe"
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
	pipe     *pipe.Pipe
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

	deadlines pipe.Deadlines

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
	c.pipe = pipe.New(inner, uint64(n), func() { l.unregister(c) })
	c.Conn, c.deadlines.Pipe = inner, c.pipe
	return c
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
	if !c.pipe.CloseWrite() {
		c.Close()
	}
}

// abandon ends the connection of a client that is gone.
func (c *conn) abandon() { c.breakOff(nil, true) }

// breakOff ends a connection at once: the client gets nothing more, not even what was read ahead for it.
func (c *conn) breakOff(cause error, reset bool) {
	c.setCause(cause)
	c.pipe.End(reset)
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
	return cmp.Or(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets the client's read deadline; the link may have an earlier one.
func (c *conn) SetReadDeadline(t time.Time) error { return c.deadlines.SetClient(t) }

// SetWriteDeadline sets the client's write deadline.
func (c *conn) SetWriteDeadline(t time.Time) error { return c.pipe.SetWriteDeadline(t) }

// stream is one direction of a connection, as frames.
type stream struct {
	wire.Splitter
	inside bool // a frame has begun and not ended
}

// becomeOpaque stops decoding a connection that does not speak the client protocol (a
// four-letter word, TLS). It stays in the link and can be cut.
func (c *conn) becomeOpaque() {
	c.l.mu.Lock()
	c.phase = opaque
	c.l.mu.Unlock()
	c.deadlines.SetLink(time.Time{})
}

// keepOf returns how many bytes of a reply the link looks at.
func keepOf(cfg Config) int {
	if cfg.Wire {
		return content.Keep
	}
	return replyKeep
}

// unregister removes a connection that has ended completely.
func (l *Link) unregister(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// inOrder returns the connections in the order in which they were opened, so that faults
// act on them in the same order each time. Call it with l.mu held.
func (l *Link) inOrder() []*conn {
	return slices.SortedFunc(maps.Keys(l.conns), func(a, b *conn) int { return cmp.Compare(a.pipe.Serial(), b.pipe.Serial()) })
}

// countOvertaken counts a reply that overtakes held-back events. Answers to pings and to
// requests that a client library makes on its own are not counted, because the user does
// not see them. Call it with Link.mu held.
func (c *conn) countOvertaken(h wire.ReplyHeader) {
	if h.Xid < 0 {
		return
	}
	for _, h := range c.held {
		h.event.Overtaken++
	}
}

// dropHeld drops the held-back events of a connection that ends. Call it with Link.mu held.
func (c *conn) dropHeld() {
	for _, h := range c.held {
		h.event.Dropped = true
	}
	c.held = nil
}
