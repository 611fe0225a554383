package link

import (
	"cmp"
	"io"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link/internal/content"
)

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
		changes = content.Changes(h.Op, f, record)
		if content.Restricts(h.Op, f, record) {
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
	c.l.announce(Message{Point: c.left, Content: content.Hash(nil), Changes: true})
	c.meet(c.left, 0)
	slower := c.l.in.roundTrip(handshakeSize)
	c.l.mu.Unlock()
	if c.l.cfg.ConnectTimeout > 0 {
		c.deadlines.SetLink(time.Now().Add(c.l.cfg.ConnectTimeout + slower))
	}
}

// awaitReply registers a request whose reply is expected, or returns the loss that takes
// the request: that of a stopped message, else that of a rule. Paths are decoded only if a
// caller needs them. Call it with l.mu held.
func (c *conn) awaitReply(r request, record []byte, stopped *message) (loss *Loss, path string) {
	l := c.l
	r.point, r.reads = c.left, c.reads
	own := stopped.taken()
	if len(l.losses.all) == 0 && len(l.breakpoints.all) == 0 && len(l.written.all) == 0 && own == nil {
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
	if len(l.written.all) > 0 {
		r.paths = paths
	}
	x := cmp.Or(own, claim(l.losses.all, r.op, paths))
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
		x.drop()
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
	c.deadlines.SetLink(time.Time{})
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
	code := content.Code(r.op, h, record)
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

// tellWritten reports a reply to the listeners, if it acknowledges a write. Call it with l.mu held.
func (l *Link) tellWritten(r request, code wire.Code) {
	if len(l.written.all) == 0 || code != wire.OK || !content.Writes(r.op) {
		return
	}
	for _, f := range l.written.all {
		(*f)(Written{Client: l.cfg.Client, Op: r.op, Paths: r.paths})
	}
}

// acknowledge reports a reply, if it acknowledges changes. Call it with l.mu held.
func (c *conn) acknowledge(r request, h wire.ReplyHeader, code wire.Code, f wire.Frame, record []byte) {
	if c.l.cfg.OnAcknowledged == nil || len(r.changes) == 0 || code != wire.OK {
		return
	}
	paths := content.CreatedPaths(r.op, f, record, len(r.changes))
	a := Acknowledged{Session: history.ID(c.session.ID), Xid: r.xid, Zxid: history.ID(h.Zxid)}
	for i, x := range r.changes {
		if x.Sequential {
			if x.Path = ""; paths != nil {
				x.Path = paths[i]
			}
		}
		if x.Path != "" {
			a.Changes = append(a.Changes, x)
		}
	}
	c.l.cfg.OnAcknowledged(a)
}
