package link

import (
	"io"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/wire"
)

// This file reads along: what each frame means for the link.

// stream is one direction of a connection, as frames.
type stream struct {
	wire.Splitter
	inside bool // a frame has begun and not ended
}

// outgoing looks at what the client writes, and says how much of it may go to
// the server. If that ends before a request that is to be lost, it returns
// the loss.
func (c *conn) outgoing(p []byte) (pass int, loss *Loss) {
	if c.isOpaque() {
		return len(p), nil
	}
	sent := c.l.cfg.Clock()
	return c.follow(&c.out, p, func(f wire.Frame) *Loss { return c.sends(f, sent) })
}

// incoming looks at what the server sent, and gives what of it the client
// gets. If that ends before a reply that is to be lost, it returns the loss.
func (c *conn) incoming(p []byte) (pass []byte, loss *Loss) {
	switch c.reads() {
	case asItIs:
		return p, nil
	case sifted:
		return c.sift(p)
	}
	n, loss := c.follow(&c.in, p, c.gets)
	return p[:n], loss
}

// reading is what the link does with bytes.
type reading int

const (
	along  reading = iota // reads along
	sifted                // may hold some of them back
	asItIs                // lets them pass unread
)

// reads is for who reads: the sieve is its own.
func (c *conn) reads() reading {
	midway := len(c.sieve.partial) > 0
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	switch {
	case c.phase == opaque:
		return asItIs
	case midway || len(c.l.held) > 0 || len(c.held) > 0:
		return sifted
	}
	return along
}

func (c *conn) isOpaque() bool {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	return c.phase == opaque
}

// follow hands the frames that p completes to handle, up to one that is lost.
func (c *conn) follow(s *stream, p []byte, handle func(wire.Frame) *Loss) (pass int, loss *Loss) {
	for off := 0; off < len(p); {
		n, f, done, err := s.Next(p[off:])
		if err != nil {
			c.giveUp()
			return len(p), nil
		}
		off += n
		if s.inside = !done; s.inside {
			continue
		}
		if loss := handle(f); loss != nil {
			return max(0, off-4-f.Size), loss // the frame may have begun in an earlier piece
		}
	}
	return len(p), nil
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
	if loss == nil {
		l.up++
	}
	l.mu.Unlock()
	if l.cfg.OnRequest != nil {
		l.cfg.OnRequest(h.Op, path)
	}
	if loss == nil && l.cfg.Wire {
		c.says(h, f, record)
	}
	return loss
}

// handshakeSize is more than the bytes of a connect request, or response.
const handshakeSize = 100

// asks handles a connect request. The wait for an answer is for the server's
// silence, and what the link itself adds comes on top.
func (c *conn) asks(f wire.Frame) {
	req, err := wire.DecodeConnectRequest(f.Body)
	if err != nil {
		c.giveUp()
		return
	}
	c.l.mu.Lock()
	c.phase, c.request = asked, req
	c.l.up++
	slower := c.l.in.roundTrip(handshakeSize)
	c.l.mu.Unlock()
	if c.l.cfg.ConnectTimeout > 0 {
		c.deadlines.setLink(time.Now().Add(c.l.cfg.ConnectTimeout + slower))
	}
}

// wait notes a request whose reply is to come, or returns the loss that takes
// the request. Paths are looked up only for those who want them. Call it with
// l.mu held.
func (c *conn) wait(h wire.RequestHeader, record []byte, sent time.Duration) (loss *Loss, path string) {
	l := c.l
	r := request{xid: h.Xid, op: h.Op, sent: sent}
	if len(l.losses) == 0 {
		if l.cfg.OnRequest != nil {
			r.path, _ = wire.Path(h.Op, record)
		}
		c.waiting.push(r)
		return nil, r.path
	}
	// A damaged record has the paths before the damage.
	paths, _ := wire.Paths(h.Op, record)
	if len(paths) > 0 {
		r.path = paths[0]
	}
	x := l.claim(h.Op, paths)
	if x == nil {
		c.waiting.push(r)
		return nil, r.path
	}
	if x.rule.What == Request {
		c.loses(x, Lost{Op: h.Op, Path: r.path})
		return x, r.path
	}
	x.claimed++
	r.loss = x
	c.waiting.push(r)
	return nil, r.path
}

// loses notes what a loss takes. Call it with l.mu held.
func (c *conn) loses(x *Loss, lost Lost) {
	lost.At = c.l.cfg.Clock()
	if c.session != nil {
		lost.Session = c.session.ID
	}
	x.lost = append(x.lost, lost)
	if len(x.lost) == x.rule.Times {
		c.l.drop(x)
	}
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
		if c.l.cfg.Wire {
			c.hears(f)
		}
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
	l.down++
	c.session = l.connected(c, res)
	e := l.fact(history.FConnected, res.Session, c.session, history.Connected{
		Server: c.addr, Timeout: res.Timeout, Seen: history.ID(c.request.LastZxid),
	})
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
	if !c.ended {
		l.down++
	}
	l.mu.Unlock()
	if tell {
		l.cfg.Record(e)
	}
	l.events.Unlock()
	c.after = io.EOF
	c.hangUp(nil)
}

// reply handles a reply or an event.
func (c *conn) reply(f wire.Frame) *Loss {
	h, record, err := wire.DecodeReplyHeader(f.Body)
	if err != nil {
		return nil
	}
	l := c.l
	l.mu.Lock()
	r, ok := c.waiting.take(h.Xid)
	if !ok { // an event, or what nobody asked for
		l.down++
		c.overtake(h)
		l.mu.Unlock()
		return nil
	}
	c.session.answered(r, h, outcome(r.op, h, record))
	id := c.session.ID
	loss := c.takes(r, h)
	if loss == nil {
		l.down++
		c.overtake(h)
	}
	l.mu.Unlock()
	if r.op == wire.CloseSession && h.Err == wire.OK {
		l.died(id, h.Zxid)
	}
	return loss
}

// takes gives the loss that takes a reply, nil if none does. Call it with l.mu held.
func (c *conn) takes(r request, h wire.ReplyHeader) *Loss {
	if r.loss == nil || r.loss.over || c.ended {
		return nil
	}
	r.loss.claimed--
	c.loses(r.loss, Lost{Op: r.op, Path: r.path, Zxid: h.Zxid})
	return r.loss
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
