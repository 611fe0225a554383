package link

import (
	"bytes"
	"cmp"
	"io"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// stream is one direction of a connection, as frames.
type stream struct {
	wire.Splitter
	inside bool // a frame has begun and not ended
}

// outgoing decodes what the client writes, and returns how much of it may go to the server: everything,
// or one frame. If that ends before a request that is to be lost, it also returns the loss.
func (c *conn) outgoing(p []byte) (pass int, loss *Loss) {
	unread, one := c.writeMode()
	if unread {
		return len(p), nil
	}
	sent := c.l.cfg.Clock()
	return c.eachFrame(&c.out, p, one, func(f wire.Frame) *Loss { return c.clientFrame(f, sent) })
}

// incoming decodes what the server sent, and returns the part for the client. If that ends before a
// reply that is to be lost, it also returns the loss.
func (c *conn) incoming(p []byte) (pass []byte, loss *Loss) {
	mode, one := c.readMode()
	switch mode {
	case passThrough:
		return p, nil
	case filterEvents:
		return c.filterEvents(p, one)
	}
	n, loss := c.eachFrame(&c.in, p, one, c.serverFrame)
	c.rest = bytes.Clone(p[n:])
	return p[:n], loss
}

// readMode is the way in which the link handles bytes.
type readMode int

const (
	parse        readMode = iota // frame by frame
	filterEvents                 // may hold some of them back
	passThrough                  // lets them pass unread
)

// readMode returns the mode. Only the reader, who owns the filter, may call it. If one is
// true, frames pass one at a time.
func (c *conn) readMode() (mode readMode, one bool) {
	midway := len(c.filter.partial) > 0
	l := c.l
	l.mu.Lock()
	defer l.mu.Unlock()
	one = len(l.breakpoints) > 0
	switch {
	case c.phase == opaque:
		return passThrough, false
	case midway || len(l.held) > 0 || len(c.held) > 0 || l.breaksAtEvents():
		return filterEvents, one
	}
	return parse, one
}

// unread reports whether the link lets bytes pass without decoding them.
func (c *conn) unread() bool {
	unread, _ := c.writeMode()
	return unread
}

// writeMode reports whether frames are decoded, and whether they pass one at a time.
func (c *conn) writeMode() (unread, one bool) {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	return c.phase == opaque, len(c.l.breakpoints) > 0 || len(c.l.late) > 0
}

// eachFrame calls handle for the frames that p completes, up to one that is lost; or only
// for the first one.
func (c *conn) eachFrame(s *stream, p []byte, one bool, handle func(wire.Frame) *Loss) (pass int, loss *Loss) {
	for off := 0; off < len(p); {
		n, f, done, err := s.Next(p[off:])
		if err != nil {
			c.becomeOpaque()
			return len(p), nil
		}
		off += n
		if s.inside = !done; s.inside {
			continue
		}
		if loss := handle(f); loss != nil {
			return max(0, off-4-f.Size), loss // the frame may have begun in an earlier piece
		}
		if one {
			return off, nil
		}
	}
	return len(p), nil
}

// becomeOpaque stops decoding a connection that does not speak the client protocol (a
// four-letter word, TLS). It stays in the link and can be cut.
func (c *conn) becomeOpaque() {
	c.l.mu.Lock()
	c.phase = opaque
	c.l.mu.Unlock()
	c.deadlines.setLink(time.Time{})
}

// clientFrame handles a frame from the client. It returns a loss if this request is lost.
func (c *conn) clientFrame(f wire.Frame, sent time.Duration) *Loss {
	l := c.l
	l.mu.Lock()
	if c.phase == beforeConnect {
		l.mu.Unlock()
		c.connectRequest(f)
		return nil
	}
	h, record, err := wire.DecodeRequestHeader(f.Body)
	if err != nil {
		l.mu.Unlock()
		return nil // the server will not understand it either
	}
	l.counts[h.Op]++
	l.countRequest(h.Op, f)
	stopped := c.leaves(h.Op, f, record)
	if late := c.delay(h.Op, record); (late || stopped != nil) && c.ended {
		l.mu.Unlock()
		return nil // the write will fail
	}
	var changes []Acked
	if l.cfg.OnAcknowledged != nil {
		changes = changesOf(h.Op, f, record)
		if restricts(h.Op, f, record) {
			l.cfg.OnRestricted()
		}
	}
	loss, path := c.awaitReply(request{xid: h.Xid, op: h.Op, sent: sent, changes: changes}, record, stopped)
	if loss == nil && l.cfg.Root != "" {
		c.use(h.Op, f, record)
	}
	if loss == nil {
		l.up++
	}
	l.mu.Unlock()
	if l.cfg.OnRequest != nil {
		l.cfg.OnRequest(h.Op, path)
	}
	if loss == nil && l.cfg.Wire {
		c.recordRequest(h, f, record)
	}
	return loss
}

// handshakeSize is an upper bound of the bytes of a connect request or response.
const handshakeSize = 100

// connectRequest handles a connect request. The timeout for the response covers the
// server's silence; delays that the link adds come on top.
func (c *conn) connectRequest(f wire.Frame) {
	req, err := wire.DecodeConnectRequest(f.Body)
	if err != nil {
		c.becomeOpaque()
		return
	}
	c.l.mu.Lock()
	c.phase, c.request, c.asked = connecting, req, c.l.cfg.Clock()
	c.l.up++
	c.left = c.l.number(Connect)
	c.requested = c.left
	c.l.announce(Message{Point: c.left, Content: contentOf(nil), Changes: true})
	c.meet(c.left, 0)
	slower := c.l.in.roundTrip(handshakeSize)
	c.l.mu.Unlock()
	if c.l.cfg.ConnectTimeout > 0 {
		c.deadlines.setLink(time.Now().Add(c.l.cfg.ConnectTimeout + slower))
	}
}

// awaitReply registers a request whose reply is expected, or returns the loss that takes
// the request: that of a stopped message, else that of a rule. Paths are decoded only if a
// caller needs them. Call it with l.mu held.
func (c *conn) awaitReply(r request, record []byte, stopped *message) (loss *Loss, path string) {
	l := c.l
	r.point, r.reads = c.left, c.reads
	own := stopped.taken()
	if len(l.losses) == 0 && len(l.breakpoints) == 0 && len(l.written) == 0 && own == nil {
		if l.cfg.OnRequest != nil {
			r.path, _ = wire.Path(r.op, record)
		}
		c.waiting.push(r)
		return nil, r.path
	}
	// A damaged record has the paths before the damage.
	paths, _ := wire.Paths(r.op, record)
	if len(paths) > 0 {
		r.path = paths[0]
	}
	if len(l.written) > 0 {
		r.paths = paths
	}
	x := cmp.Or(own, l.claim(r.op, paths))
	if x == nil {
		c.waiting.push(r)
		return nil, r.path
	}
	if x.rule.What == Request {
		c.lose(x, Lost{Op: r.op, Path: r.path})
		return x, r.path
	}
	x.awaited++
	r.loss = x
	c.waiting.push(r)
	return nil, r.path
}

// lose records the message that a loss takes. Call it with l.mu held.
func (c *conn) lose(x *Loss, lost Lost) {
	lost.At = c.l.cfg.Clock()
	if c.session != nil {
		lost.Session = c.session.ID
	}
	x.lost = append(x.lost, lost)
	if len(x.lost) == x.rule.Times {
		c.l.drop(x)
	}
}

// serverFrame handles a frame from the server. It returns a loss if this reply is lost.
func (c *conn) serverFrame(f wire.Frame) *Loss { return c.handle(f, c.arrives(f)) }

// handle continues serverFrame once the frame may pass.
func (c *conn) handle(f wire.Frame, stopped *message) *Loss {
	c.l.mu.Lock()
	phase := c.phase
	c.l.mu.Unlock()
	switch phase {
	case connecting:
		c.connectResponse(f)
		return nil
	case established:
		if c.l.cfg.Wire {
			c.recordReply(f)
		}
		return c.reply(f, stopped)
	}
	return nil
}

// connectResponse handles a connect response.
func (c *conn) connectResponse(f wire.Frame) {
	res, err := wire.DecodeConnectResponse(f.Body)
	if err != nil {
		c.becomeOpaque()
		return
	}
	c.deadlines.setLink(time.Time{})
	if res.Refused() {
		c.refusal()
		return
	}
	l := c.l
	l.events.Lock()
	defer l.events.Unlock()
	l.mu.Lock()
	if c.ended { // just cut: the client will not see the response
		l.mu.Unlock()
		return
	}
	c.phase = established
	l.down++
	var paused time.Duration
	if l.connects > 0 {
		paused = l.idleness.paused(l.cfg.Clock())
	}
	c.session = l.connected(c, res)
	e := l.sessionEvent(history.FConnected, res.Session, c.session, history.Connected{
		Server: c.addr, Timeout: res.Timeout, Seen: history.ID(c.request.LastZxid),
		Asked: history.ID(c.request.Session), Wanted: c.request.Timeout, Paused: paused,
	})
	l.mu.Unlock()
	l.cfg.Record(e)
}

// refusal handles a connect response that says the session has expired. It closes the
// connection, as the server does, because go-zookeeper forgets to.
func (c *conn) refusal() {
	l := c.l
	l.events.Lock()
	l.mu.Lock()
	c.phase = refused
	id := c.request.Session
	s := l.sessions[id]
	e := l.sessionEvent(history.FExpired, id, s, s.expired(c.addr))
	tell := id != 0 && !c.ended
	if s != nil && tell {
		s.Expired = true
	}
	if !c.ended {
		l.down++
	}
	l.mu.Unlock()
	if tell {
		l.cfg.Record(e)
	}
	l.events.Unlock()
	c.readErr = io.EOF
	c.closeAndRecord(nil)
}

// reply handles a reply or an event.
func (c *conn) reply(f wire.Frame, stopped *message) *Loss {
	h, record, err := wire.DecodeReplyHeader(f.Body)
	if err != nil {
		return nil
	}
	l := c.l
	l.mu.Lock()
	overtaken := c.waiting.overtaken(h.Xid)
	r, ok := c.waiting.take(h.Xid)
	if !ok { // an event, or a reply without a request
		l.down++
		l.countReply(h.Xid, f.Size)
		c.countOvertaken(h)
		l.mu.Unlock()
		return nil
	}
	code := replyCode(r.op, h, record)
	c.session.noteReply(r, h, code)
	if r.makes != nil && code != wire.OK {
		*r.makes--
	}
	id := c.session.ID
	l.tellWritten(r, code)
	c.acknowledge(r, h, code, f, record)
	if own := stopped.taken(); own != nil {
		r.wantedBy(own)
	}
	loss := c.lossOf(r, h, code)
	if loss == nil {
		l.down++
		l.countReply(h.Xid, f.Size)
		c.countOvertaken(h)
	}
	l.mu.Unlock()
	if len(overtaken) > 0 {
		l.recordOvertaken(id, r, overtaken)
	}
	if r.op == wire.CloseSession && h.Err == wire.OK {
		l.recordDead(id, h.Zxid, r.sent, true)
	}
	return loss
}

// lossOf returns the loss that takes a reply; nil if none does. Call it with l.mu held.
func (c *conn) lossOf(r request, h wire.ReplyHeader, code wire.Code) *Loss {
	if r.loss == nil || r.loss.over || c.ended {
		return nil
	}
	r.loss.awaited--
	c.lose(r.loss, Lost{Op: r.op, Path: r.path, Zxid: h.Zxid, Code: code})
	return r.loss
}

// replyCode returns the code of a reply. For a multi it is the one in the body; if the body
// does not tell, it is an error that proves nothing.
func replyCode(op wire.Op, h wire.ReplyHeader, record []byte) wire.Code {
	if op != wire.Multi || h.Err != wire.OK {
		return h.Err
	}
	if code, ok := wire.MultiResult(record); ok {
		return code
	}
	return wire.SystemError
}
