package liar

import (
	"encoding/binary"
	"net"
	"time"

	"github.com/zklab/zklab/internal/wire"
)

// conn is one connection. Frames are passed on whole, in the goroutines of who
// reads and writes.
type conn struct {
	net.Conn
	l *Liar

	writing chan struct{} // holds a token while somebody writes
	said    []byte        // by the client, up to the end of a frame
	heard   []byte        // from the server, up to the end of a frame
	ready   []byte        // for the client
	buf     []byte

	// Guarded by Liar.mu.
	greeted, welcomed bool // the connect request, and response, have passed
	opaque            bool // not the client protocol
	resumed           bool // an older session goes on here
	session           int64
	asked             []*question // without an answer, in order
	teller            teller
}

// question is a request on its way.
type question struct {
	wire.RequestHeader
	request any
	body    []byte
	lie     bool // the answer is to be made up
}

func (q *question) asks(op wire.Op) bool { return q != nil && q.Op == op }

// path is that of a plain read; "" of anything else.
func (q *question) path() string {
	if q == nil {
		return ""
	}
	if r, ok := q.request.(*wire.ReadRequest); ok {
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

func newConn(l *Liar, inner net.Conn) *conn {
	return &conn{Conn: inner, l: l, teller: l.meet(), writing: make(chan struct{}, 1), buf: make([]byte, 16<<10)}
}

// cut takes a frame's body off the front of b; nil if there is none yet. ok is false
// for what is no frame.
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
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	c.said = append(c.said, p...)
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
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	for !c.opaque {
		body, ok := cut(&c.said)
		switch {
		case !ok:
			c.opaque = true
		case body == nil:
			return out
		default:
			for _, b := range c.says(body) {
				out = wire.AppendFrame(out, b)
			}
		}
	}
	out = append(out, c.said...)
	c.said = nil
	return out
}

// says gives the bodies to send for one that the client sent.
func (c *conn) says(body []byte) [][]byte {
	if !c.greeted {
		c.greeted = true
		r, err := wire.DecodeConnectRequest(body)
		c.resumed = err == nil && r.Session != 0
		return [][]byte{body}
	}
	h, record, err := wire.DecodeRequestHeader(body)
	if err != nil {
		return [][]byte{body}
	}
	q := &question{RequestHeader: h, body: body}
	if q.request, err = wire.DecodeRequest(h.Op, record); err != nil {
		return [][]byte{body} // the server will not understand it either
	}
	send := c.teller.says(c, q)
	c.asked = append(c.asked, q)
	var bodies [][]byte
	for _, q := range send {
		bodies = append(bodies, q.body)
	}
	return bodies
}

// later sends a request after a while, if claim says, with Liar.mu held, that it
// still is to be sent.
func (c *conn) later(q *question, claim func() bool) {
	const patience = 2 * time.Millisecond
	time.AfterFunc(patience, func() {
		c.writing <- struct{}{}
		defer func() { <-c.writing }()
		c.l.mu.Lock()
		still := claim()
		c.l.mu.Unlock()
		if still {
			_, _ = c.Conn.Write(wire.AppendFrame(nil, q.body)) // who reads learns of an error
		}
	})
}

// Read gives what is ready for the client.
func (c *conn) Read(p []byte) (int, error) {
	for len(c.ready) == 0 {
		n, err := c.Conn.Read(c.buf)
		c.heard = append(c.heard, c.buf[:n]...)
		c.incoming()
		if err != nil && len(c.ready) == 0 {
			return 0, err
		}
	}
	n := copy(p, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}

func (c *conn) incoming() {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	for !c.opaque {
		body, ok := cut(&c.heard)
		switch {
		case !ok:
			c.opaque = true
		case body == nil:
			return
		default:
			c.hears(body)
		}
	}
	c.ready = append(c.ready, c.heard...)
	c.heard = nil
}

// hears readies what the client is to get for what the server sent.
func (c *conn) hears(body []byte) {
	if !c.welcomed {
		c.welcomed = true
		r, err := wire.DecodeConnectResponse(body)
		c.session, c.opaque = r.Session, err != nil || r.Refused()
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
	for _, f := range c.teller.hears(c, q, f) {
		c.ready = wire.AppendFrame(c.ready, append(f.ReplyHeader.Append(nil), f.record...))
		c.l.saw(c.session, f)
	}
	c.l.remember(q, f)
}

// take removes the question that a reply belongs to; nil if there is none.
func (c *conn) take(xid int32) *question {
	for i, q := range c.asked {
		if q.Xid == xid {
			c.asked = append(c.asked[:i:i], c.asked[i+1:]...)
			return q
		}
	}
	return nil
}

// memory is what was told to anybody. Guarded by Liar.mu.
type memory struct {
	seen  map[int64]int64      // highest zxid by session
	reads map[string][]told    // answers to getData, of different versions, the oldest first
	found map[string]frame     // last answer to exists that found something
	stats map[string]wire.Stat // the last one seen
}

// told is an answer to getData.
type told struct {
	frame
	stat wire.Stat
}

// isJustBefore says that a znode was changed once since it was as told.
func (t told) isJustBefore(s wire.Stat) bool {
	return t.stat.Czxid == s.Czxid && t.stat.Version+1 == s.Version
}

func newMemory() memory {
	return memory{map[int64]int64{}, map[string][]told{}, map[string]frame{}, map[string]wire.Stat{}}
}

// saw notes what a session was told.
func (m *memory) saw(session int64, f frame) {
	if f.Xid >= 0 || f.Xid == wire.XidEvent {
		m.seen[session] = max(m.seen[session], f.Zxid)
	}
}

// versionsKept is how many versions of a znode are remembered.
const versionsKept = 8

// remember keeps what the server truly said.
func (m *memory) remember(q *question, f frame) {
	if q == nil || f.Err != wire.OK || q.lie {
		return
	}
	switch path := q.path(); q.Op {
	case wire.GetData:
		r, err := wire.DecodeDataReply(f.record)
		if err != nil {
			return
		}
		m.stats[path] = r.Stat
		list := m.reads[path]
		if n := len(list); n > 0 && list[n-1].stat.Mzxid >= r.Stat.Mzxid {
			return
		}
		if len(list) == versionsKept {
			list = list[1:]
		}
		m.reads[path] = append(list[:len(list):len(list)], told{f, r.Stat})
	case wire.Exists:
		m.found[path] = f
		if s, err := wire.DecodeStat(f.record); err == nil {
			m.stats[path] = s
		}
	case wire.SetData:
		if s, err := wire.DecodeStat(f.record); err == nil {
			m.stats[q.request.(*wire.SetDataRequest).Path] = s
		}
	}
}

// before is the newest remembered answer from before a znode was changed at zxid.
func (m *memory) before(path string, zxid int64) (told, bool) {
	list := m.reads[path]
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].stat.Mzxid < zxid {
			return list[i], true
		}
	}
	return told{}, false
}
