package server

import (
	"crypto/subtle"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/fourletter"
	"github.com/zklab/zklab/internal/zk/wire"
)

// connect handles the first frame of a connection. It closes the connection without an answer while the
// server serves no such client, and if the client has seen more than this server ("single system
// image": the client never goes back in time).
func (s *Server) connect(k *call) {
	c, r := k.conn, k.connect
	if !s.serving && s.readOnly == nil || s.refused(r) || r.LastZxid > s.tree.Zxid() {
		s.drop(c)
		return
	}
	c.stage = connecting
	s.counters.Count(fourletter.ConnectionRequests)
	c.hasReadOnly = r.HasReadOnly
	c.timeout = min(max(r.Timeout, s.cfg.MinSession), s.cfg.MaxSession)
	switch {
	case r.Session != 0:
		s.resume(c, r)
	case s.readOnly != nil:
		s.beginReadOnly(k)
	default:
		s.begin(k)
	}
}

// begin asks for a new session.
func (s *Server) begin(k *call) {
	c := k.conn
	c.counters.Begin(k.xid)
	c.session = s.newSessionID()
	s.lastID++
	s.pending[s.lastID] = k
	s.toLeader(&request{
		id: s.lastID, origin: s.cfg.Zab.ID, session: c.session, op: wire.CreateSession, timeout: c.timeout,
	})
}

// newSessionID returns an id that no other server and no earlier run gives: the
// server's id, then time. (As in ZooKeeper the top bit is not used.)
func (s *Server) newSessionID() int64 {
	start := int64(s.cfg.Zab.ID)<<56 | s.started.UnixMilli()<<24>>8&(1<<56-1)
	s.lastSess = max(s.lastSess, start) + 1
	return s.lastSess
}

// moveAsked asks the leader whether a session lives, and tells it that the client is
// here now. moveDone is the answer.
type (
	moveAsked struct {
		id      uint64
		session int64
		timeout time.Duration
	}
	moveDone struct {
		id uint64
		ok bool
	}
)

// resume takes over a session from another connection, here or at another server.
func (s *Server) resume(c *conn, r *wire.ConnectRequest) {
	if old := s.attached[r.Session]; old != nil {
		s.drop(old)
	}
	c.session = r.Session
	if subtle.ConstantTimeCompare(r.Password, wire.PasswordOf(r.Session)) != 1 {
		s.establish(c, false)
		return
	}
	if s.readOnly != nil {
		s.establish(c, s.knowsReadOnly(c))
		return
	}
	if s.sessions != nil {
		s.establish(c, s.sessions.move(r.Session, c.timeout, s.cfg.Zab.ID, s.expiryClock()))
		return
	}
	s.counters.Count(fourletter.OwnRevalidations)
	s.lastID++
	s.moves[s.lastID] = &call{conn: c}
	s.node.SendLeader(moveAsked{id: s.lastID, session: r.Session, timeout: c.timeout})
}

func (s *Server) moved(id uint64, ok bool) {
	k := s.moves[id]
	delete(s.moves, id)
	if k != nil && k.conn.stage == connecting {
		s.establish(k.conn, ok)
	}
}

// establish answers the connect request.
func (s *Server) establish(c *conn, ok bool) {
	res := wire.ConnectResponse{HasReadOnly: c.hasReadOnly, ReadOnly: s.readOnly != nil, Password: make([]byte, wire.PasswordSize)}
	if ok {
		res.Timeout, res.Session, res.Password = c.timeout, c.session, wire.PasswordOf(c.session)
	}
	start := len(c.buf)
	c.buf = res.Append(wire.BeginFrame(c.buf))
	wire.EndFrame(c.buf, start)
	c.counters.Sent()
	s.mark(c)
	if !ok {
		s.finish(c)
		return
	}
	c.stage = serving
	if old := s.attached[c.session]; old != nil {
		s.drop(old) // came in between
	}
	s.attached[c.session] = c
	s.touch(c)
}
