package corruptproxy

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/zklab/zklab/internal/zk/wire"
)

// conn is one connection. It passes on whole frames, in the goroutines of its reader and its
// writer.
type conn struct {
	net.Conn
	proxy *Proxy
	gone  atomic.Bool // the client has closed it

	writing *semaphore.Weighted // a mutex that may be held over I/O in a bubble of testing/synctest
	up      []byte              // bytes of an incomplete frame of the client
	down    []byte              // bytes of an incomplete frame of the server
	ready   []byte              // bytes that are ready for the client
	buf     []byte

	// Guarded by Proxy.mu.
	connectSent, connected bool // the connect request, and response, have passed
	opaque                 bool // the connection does not use the client protocol
	resumed                bool // the connection resumes an older session
	cut                    bool // the client gets nothing more, as if the server had closed
	session                int64
	timeout                time.Duration // the session timeout that the client requested
	pending                []*request    // requests without an answer yet, in order
	corrupter              corrupter
}

// request is a request on its way.
type request struct {
	wire.RequestHeader
	record any // as decoded
	body   []byte
	lost   bool // the server does not do it, and the proxy makes up the answer
}

func (q *request) asks(op wire.Op) bool { return q != nil && q.Op == op }

// path returns the path of a plain read; "" for anything else.
func (q *request) path() string {
	if q == nil {
		return ""
	}
	if r, ok := q.record.(*wire.ReadRequest); ok {
		return r.Path
	}
	return ""
}

// frame is a reply or an event.
type frame struct {
	wire.ReplyHeader
	record []byte
}

func (f frame) event() (e wire.WatchEvent, ok bool) {
	if f.Xid != wire.XidEvent {
		return e, false
	}
	e, err := wire.DecodeWatchEvent(f.record)
	return e, err == nil
}

func newConn(p *Proxy, inner net.Conn) *conn {
	return &conn{Conn: inner, proxy: p, corrupter: p.newCorrupter(), writing: semaphore.NewWeighted(1), buf: make([]byte, 16<<10)}
}

// cut takes the body of a frame off the front of b; nil if no frame is complete. ok is false if b does
// not begin with a frame.
func cut(b *[]byte) (body []byte, ok bool) {
	if len(*b) < 4 {
		return nil, true
	}
	n := int(int32(binary.BigEndian.Uint32(*b)))
	if n < 0 || n > wire.MaxFrame {
		return nil, false
	}
	if len(*b) < 4+n {
		return nil, true
	}
	body = append(make([]byte, 0, n), (*b)[4:4+n]...)
	*b = (*b)[4+n:]
	return body, true
}

// Write passes on the requests that p completes.
func (c *conn) Write(p []byte) (int, error) {
	_ = c.writing.Acquire(context.Background(), 1)
	defer c.writing.Release(1)
	if c.gone.Load() {
		return 0, net.ErrClosed
	}
	c.up = append(c.up, p...)
	out := c.outgoing()
	if len(out) == 0 {
		return len(p), nil
	}
	if _, err := c.Conn.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *conn) outgoing() (out []byte) {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	c.proxy.tend()
	for !c.opaque {
		body, ok := cut(&c.up)
		switch {
		case !ok:
			c.opaque = true
		case body == nil:
			return out
		default:
			for _, b := range c.toServer(body) {
				out = wire.AppendFrame(out, b)
			}
		}
	}
	out = append(out, c.up...)
	c.up = nil
	return out
}

// toServer returns the bodies to send to the server for a body that the client sent.
func (c *conn) toServer(body []byte) [][]byte {
	if !c.connectSent {
		c.connectSent = true
		r, err := wire.DecodeConnectRequest(body)
		if err != nil {
			return [][]byte{body}
		}
		c.resumed, c.timeout = r.Session != 0, r.Timeout
		return [][]byte{c.corrupter.asks(c, r).Append(nil)}
	}
	h, record, err := wire.DecodeRequestHeader(body)
	if err != nil {
		return [][]byte{body}
	}
	q := &request{RequestHeader: h, body: body}
	if q.record, err = wire.DecodeRequest(h.Op, record); err != nil {
		return [][]byte{body} // the server will not understand it either
	}
	send := c.corrupter.toServer(c, q)
	c.pending = append(c.pending, q)
	var bodies [][]byte
	for _, q := range send {
		bodies = append(bodies, q.body)
	}
	return bodies
}

// later sends a request after a while, if claim then returns true. It calls claim with Proxy.mu held.
func (c *conn) later(q *request, claim func() bool) {
	const patience = 2 * time.Millisecond
	time.AfterFunc(patience, func() {
		_ = c.writing.Acquire(context.Background(), 1)
		defer c.writing.Release(1)
		c.proxy.mu.Lock()
		still := claim()
		c.proxy.mu.Unlock()
		if still {
			_, _ = c.Conn.Write(wire.AppendFrame(nil, q.body)) // the reader learns of an error
		}
	})
}

// Read returns what is ready for the client.
func (c *conn) Read(p []byte) (int, error) {
	for len(c.ready) == 0 {
		if c.isCut() {
			return 0, io.EOF
		}
		n, err := c.Conn.Read(c.buf)
		c.down = append(c.down, c.buf[:n]...)
		c.incoming()
		if err != nil && len(c.ready) == 0 {
			return 0, err
		}
	}
	n := copy(p, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}

// isCut reports whether a corruption has cut the connection. If so, it closes the connection.
func (c *conn) isCut() bool {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	if c.cut {
		c.Conn.Close()
	}
	return c.cut
}

// Close closes the connection for the client.
func (c *conn) Close() error {
	c.gone.Store(true)
	c.proxy.mu.Lock()
	ends := c.corrupter.ends(c)
	c.proxy.mu.Unlock()
	if ends {
		return c.Conn.Close()
	}
	return nil
}

func (c *conn) incoming() {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	for !c.opaque && !c.cut {
		body, ok := cut(&c.down)
		switch {
		case !ok:
			c.opaque = true
		case body == nil:
			return
		default:
			c.toClient(body)
		}
	}
	if !c.cut {
		c.ready = append(c.ready, c.down...)
	}
	c.down = nil
}

// toClient queues what the client gets for a body that the server sent.
func (c *conn) toClient(body []byte) {
	if !c.connected {
		c.connected = true
		r, err := wire.DecodeConnectResponse(body)
		c.session, c.opaque = r.Session, err != nil || r.Refused()
		if !c.opaque {
			body = c.corrupter.opened(c, r).Append(nil)
		}
		c.ready = wire.AppendFrame(c.ready, body)
		return
	}
	h, record, err := wire.DecodeReplyHeader(body)
	if err != nil {
		c.ready = wire.AppendFrame(c.ready, body)
		return
	}
	f := frame{h, record}
	q := c.take(h.Xid)
	for _, f := range c.corrupter.toClient(c, q, f) {
		c.ready = wire.AppendFrame(c.ready, append(f.ReplyHeader.Append(nil), f.record...))
		c.proxy.saw(c.session, f)
	}
	c.proxy.remember(q, f)
}

// take removes the request that a reply belongs to; nil if there is none.
func (c *conn) take(xid int32) *request {
	for i, q := range c.pending {
		if q.Xid == xid {
			c.pending = append(c.pending[:i:i], c.pending[i+1:]...)
			return q
		}
	}
	return nil
}

// memory holds what was shown to any client. Guarded by Proxy.mu.
type memory struct {
	seen  map[int64]int64      // highest zxid by session
	reads map[string][]answer  // by path: answers to getData, as given or as they would be, for different versions, the oldest first
	found map[string]frame     // the last answer to exists that found the znode
	stats map[string]wire.Stat // the last one seen
	// olderEvents means that the servers are older than 3.9, so that their events have no zxid.
	olderEvents bool
}

// answer is an answer to getData.
type answer struct {
	frame
	stat wire.Stat
}

// isJustBefore reports whether the znode changed exactly once between the answer and s.
func (t answer) isJustBefore(s wire.Stat) bool {
	return t.stat.Czxid == s.Czxid && t.stat.Version+1 == s.Version
}

func newMemory() memory {
	return memory{seen: map[int64]int64{}, reads: map[string][]answer{}, found: map[string]frame{}, stats: map[string]wire.Stat{}}
}

// saw records what a session was shown.
func (m *memory) saw(session int64, f frame) {
	m.olderEvents = m.olderEvents || f.Xid == wire.XidEvent && f.Zxid < 0
	if f.Xid >= 0 || f.Xid == wire.XidEvent {
		m.seen[session] = max(m.seen[session], f.Zxid)
	}
}

// versionsKept is how many versions of a znode are remembered.
const versionsKept = 8

// remember keeps the server's true answer.
func (m *memory) remember(q *request, f frame) {
	if q == nil || f.Err != wire.OK || q.lost {
		return
	}
	switch path := q.path(); q.Op {
	case wire.GetData:
		r, err := wire.DecodeDataReply(f.record)
		if err != nil {
			return
		}
		m.stats[path] = r.Stat
		m.version(path, answer{f, r.Stat})
	case wire.Exists:
		m.found[path] = f
		if s, err := wire.DecodeStat(f.record); err == nil {
			m.stats[path] = s
		}
	case wire.SetData:
		if s, err := wire.DecodeStat(f.record); err == nil {
			r := q.record.(*wire.SetDataRequest)
			m.stats[r.Path] = s
			f.record = wire.DataReply{Data: r.Data, Stat: s}.Append(nil) // as a read would show it
			m.version(r.Path, answer{f, s})
		}
	}
}

// version remembers a version of a znode if it is newer than all known ones.
func (m *memory) version(path string, a answer) {
	list := m.reads[path]
	if n := len(list); n > 0 && list[n-1].stat.Mzxid >= a.stat.Mzxid {
		return
	}
	if len(list) == versionsKept {
		list = list[1:]
	}
	m.reads[path] = append(list[:len(list):len(list)], a)
}

// before returns the newest remembered answer from before a znode was changed at zxid.
func (m *memory) before(path string, zxid int64) (answer, bool) {
	list := m.reads[path]
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].stat.Mzxid < zxid {
			return list[i], true
		}
	}
	return answer{}, false
}
