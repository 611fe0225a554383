package link

import (
	"io"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/wire"
)

// This file reads along: what each frame means for the link.

// outgoing looks at what the client writes, and says how much of it may go to
// the server. If that ends before a request that is to be lost, it returns
// the loss.
func (c *conn) outgoing(p []byte) (pass int, loss *Loss) {
	sent := c.l.cfg.Clock()
	return c.follow(&c.out, p, func(f wire.Frame) *Loss { return c.sends(f, sent) })
}

// incoming looks at what the server sent, and says how much of it the client
// gets. If that ends before a reply that is to be lost, it returns the loss.
func (c *conn) incoming(p []byte) (pass int, loss *Loss) {
	return c.follow(&c.in, p, c.gets)
}

// follow hands the frames that p completes to handle, up to one that is lost.
func (c *conn) follow(s *wire.Splitter, p []byte, handle func(wire.Frame) *Loss) (pass int, loss *Loss) {
	if c.isOpaque() {
		return len(p), nil
	}
	for off := 0; off < len(p); {
		n, f, done, err := s.Next(p[off:])
		if err != nil {
			c.giveUp()
			return len(p), nil
		}
		off += n
		if !done {
			continue
		}
		if loss := handle(f); loss != nil {
			return max(0, off-4-f.Size), loss // the frame may have begun in an earlier piece
		}
	}
	return len(p), nil
}

func (c *conn) isOpaque() bool {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	return c.phase == opaque
}

// giveUp stops reading along on a connection that does not speak the client
// protocol (a four-letter word, TLS). It stays in the link and can be cut.
func (c *conn) giveUp() {
	c.l.mu.Lock()
	c.phase = opaque
	c.l.mu.Unlock()
	c.deadlines.setLink(time.Time{})
}

// sends handles a frame from the client. The loss is of this request.
func (c *conn) sends(f wire.Frame, sent time.Duration) *Loss {
	l := c.l
	l.mu.Lock()
	if c.phase == fresh {
		l.mu.Unlock()
		c.asks(f)
		return nil
	}
	h, record, err := wire.DecodeRequestHeader(f.Body)
	if err != nil {
		l.mu.Unlock()
		return nil // the server will not understand it either
	}
	l.counts[h.Op]++
	loss, path := c.wait(h, record, sent)
	l.mu.Unlock()
	if l.cfg.OnRequest != nil {
		l.cfg.OnRequest(h.Op, path)
	}
	return loss
}

// asks handles a connect request.
func (c *conn) asks(f wire.Frame) {
	req, err := wire.DecodeConnectRequest(f.Body)
	if err != nil {
		c.giveUp()
		return
	}
	c.l.mu.Lock()
	c.phase, c.request = asked, req
	c.l.mu.Unlock()
	if c.l.cfg.ConnectTimeout > 0 {
		c.deadlines.setLink(time.Now().Add(c.l.cfg.ConnectTimeout))
	}
}

// wait notes a request whose reply is to come, or returns the loss that takes
// the request. Paths are looked up only for those who want them. Call it with
// l.mu held.
func (c *conn) wait(h wire.RequestHeader, record []byte, sent time.Duration) (loss *Loss, path string) {
	l := c.l
	r := request{xid: h.Xid, op: h.Op, sent: sent}
	if len(l.losses) == 0 {
		c.waiting.push(r)
		if l.cfg.OnRequest != nil {
			path, _ = wire.Path(h.Op, record)
		}
		return nil, path
	}
	// A damaged record has the paths before the damage.
	paths, _ := wire.Paths(h.Op, record)
	if len(paths) > 0 {
		path = paths[0]
	}
	x := l.claim(h.Op, paths)
	if x == nil {
		c.waiting.push(r)
		return nil, path
	}
	x.lost = Lost{Op: h.Op, Path: path}
	if x.rule.What == Request {
		c.loses(x, 0)
		return x, path
	}
	x.claimed = true
	r.loss = x
	c.waiting.push(r)
	return nil, path
}

// loses completes what a loss tells. Call it with l.mu held.
func (c *conn) loses(x *Loss, zxid int64) {
	x.lost.At, x.lost.Zxid = c.l.cfg.Clock(), zxid
	if c.session != nil {
		x.lost.Session = c.session.ID
	}
	c.l.drop(x)
}

// gets handles a frame from the server. The loss is of this reply.
func (c *conn) gets(f wire.Frame) *Loss {
	c.l.mu.Lock()
	phase := c.phase
	c.l.mu.Unlock()
	switch phase {
	case asked:
		c.isAnswered(f)
		return nil
	case open:
		return c.reply(f)
	}
	return nil
}

// isAnswered handles a connect response.
func (c *conn) isAnswered(f wire.Frame) {
	res, err := wire.DecodeConnectResponse(f.Body)
	if err != nil {
		c.giveUp()
		return
	}
	c.deadlines.setLink(time.Time{})
	if res.Refused() {
		c.isRefused()
		return
	}
	l := c.l
	l.events.Lock()
	defer l.events.Unlock()
	l.mu.Lock()
	if c.ended { // cut this moment: the client will not see the response
		l.mu.Unlock()
		return
	}
	c.phase = open
	c.session = l.connected(c, res)
	e := l.fact(history.FConnected, res.Session, c.session, history.Connected{Server: c.addr, Timeout: res.Timeout})
	l.mu.Unlock()
	l.cfg.Record(e)
}

// isRefused handles a connect response that takes away the session: this is
// how a client is told. It closes the connection, as the server does, because
// go-zookeeper forgets to.
func (c *conn) isRefused() {
	l := c.l
	l.events.Lock()
	l.mu.Lock()
	c.phase = refused
	id := c.request.Session
	e := l.fact(history.FExpired, id, l.sessions[id], nil)
	tell := id != 0 && !c.ended
	l.mu.Unlock()
	if tell {
		l.cfg.Record(e)
	}
	l.events.Unlock()
	c.after = io.EOF
	c.hangUp(false)
}

// reply handles a reply or an event.
func (c *conn) reply(f wire.Frame) *Loss {
	h, record, err := wire.DecodeReplyHeader(f.Body)
	if err != nil || h.Xid == wire.XidEvent {
		return nil
	}
	l := c.l
	l.mu.Lock()
	r, ok := c.waiting.take(h.Xid)
	if !ok {
		l.mu.Unlock()
		return nil
	}
	c.session.answered(r, h, outcome(r.op, h, record))
	id := c.session.ID
	loss := r.loss
	if loss != nil && (loss.over || c.ended) {
		loss = nil
	}
	if loss != nil {
		c.loses(loss, h.Zxid)
	}
	l.mu.Unlock()
	if r.op == wire.CloseSession && h.Err == wire.OK {
		l.died(id, h.Zxid)
	}
	return loss
}

// outcome is the code of a reply; of a multi the one in its body, and an error
// that proves nothing if that does not tell.
func outcome(op wire.Op, h wire.ReplyHeader, record []byte) wire.Code {
	if op != wire.Multi || h.Err != wire.OK {
		return h.Err
	}
	if code, ok := wire.MultiResult(record); ok {
		return code
	}
	return wire.SystemError
}
