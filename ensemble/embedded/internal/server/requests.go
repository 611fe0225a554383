package server

import (
	"errors"

	"github.com/zklab/zklab/ensemble/embedded/internal/fourletter"
	"github.com/zklab/zklab/internal/zk/wire"
)

// request handles what a client sent.
func (s *Server) request(k *call) {
	c := k.conn
	c.counters.Received(k.size)
	c.heard = s.now
	switch {
	case k.word != "":
		s.answerWord(k)
	case c.stage == fresh && k.connect != nil:
		s.connect(k)
	case c.stage == serving && k.connect == nil:
		if !k.proves() && !s.touch(c) {
			s.ignore(k)
			return
		}
		s.dispatch(k)
	case c.stage == unheard:
		s.ignore(k)
	default: // a request before the session is there: no client does that
		s.drop(c)
	}
}

// touch reports whether a session was heard of. It is false if this server leads and
// knows that the session is over.
func (s *Server) touch(c *conn) bool {
	if s.readOnly != nil {
		return s.knowsReadOnly(c)
	}
	if s.sessions != nil {
		return s.sessions.touch(c.session, c.timeout, s.expiryClock())
	}
	s.touched[c.session] = c.timeout
	return true
}

// ignore leaves a request unanswered, as Apache ZooKeeper's leader does one of a
// session whose end it has proposed: the connection ends when that is committed.
func (s *Server) ignore(k *call) {
	k.conn.answered += k.weight()
	s.mark(k.conn)
}

// dispatch answers a request or sends it to the leader. "Requests of a client are executed in FIFO
// order": a request after one that waits for the leader waits, too, while several may be with the
// leader at once.
func (s *Server) dispatch(k *call) {
	c := k.conn
	c.counters.Begin(k.xid)
	switch {
	case k.op == wire.Auth:
		s.authenticate(k)
	case k.op == wire.SASL:
		s.refuseSASL(k)
	case errors.Is(k.err, wire.ErrUnknownOp):
		s.refuse(k, wire.Unimplemented)
	case s.readOnly != nil:
		s.dispatchReadOnly(k)
	case k.waits():
		c.queue = append(c.queue, k)
		s.submit(k)
	default:
		k.barred = s.barred(c) // by the order in which requests came
		if len(c.queue) > 0 || c.crammed() {
			c.queue = append(c.queue, k)
			return
		}
		s.answerRead(k)
	}
}

// refuse answers with an error and closes the connection.
func (s *Server) refuse(k *call, code wire.Code) {
	c := k.conn
	start := len(c.buf)
	c.buf = wire.ReplyHeader{Xid: k.xid, Zxid: -1, Err: code}.Append(wire.BeginFrame(c.buf))
	s.end(k, start, code)
	s.finish(c)
}

// drain answers what the head of a connection's queue no longer holds up.
func (s *Server) drain(c *conn) {
	for len(c.queue) > 0 && c.stage == serving {
		k := c.queue[0]
		if k.waits() && !k.done && s.readOnly == nil || c.crammed() {
			return
		}
		c.queue[0] = nil
		c.queue = c.queue[1:]
		switch {
		case k.done:
			c.buf = append(c.buf, k.reply...)
			s.count(k, k.code, size(k.reply, 0))
		case s.readOnly != nil:
			s.answerReadOnly(k)
		default:
			s.answerRead(k)
		}
	}
	if len(c.queue) == 0 {
		c.queue = nil
	}
}

// reply begins a reply in the connection's buffer; end finishes it.
func (s *Server) reply(k *call, code wire.Code) (start int) {
	c := k.conn
	start = len(c.buf)
	c.buf = wire.ReplyHeader{Xid: k.xid, Zxid: s.tree.Zxid(), Err: code}.Append(wire.BeginFrame(c.buf))
	return start
}

// end finishes a reply that was begun with reply.
func (s *Server) end(k *call, start int, code wire.Code) {
	c := k.conn
	wire.EndFrame(c.buf, start)
	s.count(k, code, size(c.buf, start))
}

// size returns the size of the frame that begins at start, without its length.
func size(buf []byte, start int) int { return len(buf) - start - 4 }

// countAnswer counts a request as done.
func (s *Server) countAnswer(k *call, code wire.Code, bytes int) {
	k.conn.counters.Answered(fourletter.Reply{
		Xid: k.xid, Op: k.op, Failed: code != wire.OK, Zxid: s.tree.Zxid(), Size: bytes, Start: k.at, End: s.now,
	})
}

// count counts an answered request, whose reply is in the connection's buffer.
func (s *Server) count(k *call, code wire.Code, bytes int) {
	c := k.conn
	s.countAnswer(k, code, bytes)
	c.counters.Sent()
	c.answered += k.weight()
	s.mark(c)
}
