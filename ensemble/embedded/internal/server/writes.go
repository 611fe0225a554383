package server

import (
	"slices"

	"github.com/zklab/zklab/ensemble/embedded/internal/fourletter"
	"github.com/zklab/zklab/ensemble/embedded/internal/prep"
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/internal/zk/wire"
)

// submit sends a call to the leader.
func (s *Server) submit(k *call) {
	s.lastID++
	id := s.lastID
	s.pending[id] = k
	if k.op == wire.Sync {
		s.askSync(id)
		return
	}
	c := k.conn
	s.toLeader(&request{
		id: id, origin: s.cfg.Zab.ID, session: c.session, cxid: k.xid, op: k.op, body: k.body, auth: c.ids,
	})
}

func (s *Server) toLeader(r *request) {
	if s.sessions != nil {
		s.propose(r)
		return
	}
	s.node.SendLeader(r)
}

// propose makes a transaction of a request, of the leader's own clients or of a
// learner's, and has it replicated. A request that is refused becomes one, too.
func (s *Server) propose(r *request) {
	code := s.admit(r)
	s.node.Propose(func(zxid int64) any {
		txn := s.prep.Prepare(&prep.Request{
			Session: r.session, Cxid: r.cxid, Op: r.op, Record: r.body, Timeout: r.timeout,
			Auth: r.auth, Time: s.wall().UnixMilli(), Refused: code,
		}, zxid)
		s.counters.Count(fourletter.Proposals)
		s.proposals.Add(proposalSize(txn))
		return &proposal{txn: txn, origin: r.origin, id: r.id}
	})
}

// admit returns OK if the session may make the request, or else the error.
func (s *Server) admit(r *request) wire.Code {
	switch {
	case r.op == wire.CreateSession:
		s.sessions.add(r.session, r.timeout, s.expiryClock())
		s.sessions.byID[r.session].owner = r.origin
	case r.op == wire.CloseSession:
		s.sessions.close(r.session)
	case r.session != 0: // else it is the leader's own
		return s.sessions.check(r.session, r.origin)
	}
	return wire.OK
}

// answerWrite answers the call that a transaction was made for.
func (s *Server) answerWrite(p *proposal, r tree.Result) {
	if o := s.orders[p.id]; o != nil {
		s.carriedOut(p.id, o, r.Err)
		return
	}
	k := s.pending[p.id]
	if k == nil {
		return
	}
	delete(s.pending, p.id)
	c := k.conn
	switch {
	case c.stage == connecting && k.connect != nil:
		s.establish(c, true)
		s.countAnswer(k, wire.OK, 0)
		return
	case c.stage != serving:
		return
	case isMoved(r):
		// "Session moved is an error of the connection" (ZOOKEEPER-710): the client
		// is elsewhere by now.
		s.drop(c)
		return
	}
	s.complete(k, r.Err, func(b []byte) []byte { return s.appendWrite(b, k, r) })
	if k.op == wire.CloseSession && c.stage == serving {
		s.finish(c)
	}
}

// complete answers a call that the leader has answered: at once if it is the first in the queue of its
// connection, otherwise when it has become the first.
func (s *Server) complete(k *call, code wire.Code, record func([]byte) []byte) {
	c := k.conn
	start := s.reply(k, code)
	if code == wire.OK {
		c.buf = record(c.buf)
	}
	wire.EndFrame(c.buf, start)
	k.done, k.code = true, code
	if c.queue[0] != k {
		k.reply = slices.Clone(c.buf[start:])
		c.buf = c.buf[:start]
		return
	}
	s.count(k, code, size(c.buf, start))
	c.queue[0] = nil
	c.queue = c.queue[1:]
	s.drain(c)
}

func isMoved(r tree.Result) bool {
	if r.Err == wire.SessionMoved {
		return true
	}
	return slices.ContainsFunc(r.Multi, func(o wire.OpResult) bool { return o.Err == wire.SessionMoved })
}

// appendWrite appends the record behind the reply to a write that did not fail.
func (s *Server) appendWrite(b []byte, k *call, r tree.Result) []byte {
	switch k.op {
	case wire.Multi:
		return wire.AppendMultiReply(b, r.Multi)
	case wire.Create, wire.Create2, wire.CreateContainer, wire.CreateTTL:
		return wire.AppendCreateReply(b, k.op, wire.CreateReply{Path: r.Path, Stat: r.Stat})
	case wire.SetData, wire.SetACL:
		return r.Stat.Append(b)
	case wire.Reconfig:
		return wire.DataReply{Data: s.configuration(), Stat: r.Stat}.Append(b)
	}
	return b
}

// sessionClosed removes what this server keeps for a session that was closed.
func (s *Server) sessionClosed(id int64) {
	if s.sessions != nil {
		s.sessions.remove(id)
	}
	delete(s.touched, id)
	if c := s.attached[id]; c != nil {
		s.drop(c)
	}
}

// expireSessions proposes the end of the sessions that are overdue.
func (s *Server) expireSessions() {
	for _, id := range s.sessions.expired(s.expiryClock()) {
		s.counters.Count(fourletter.SessionsExpired)
		s.propose(&request{session: id, op: wire.CloseSession})
	}
}

// sweep proposes the end of containers and TTL nodes whose time has come.
func (s *Server) sweep() {
	wall := s.wall()
	if wall.Before(s.sweepAt) {
		return
	}
	s.sweepAt = wall.Add(s.cfg.Sweep)
	for _, path := range s.tree.Expired(wall.UnixMilli()) {
		s.propose(&request{op: wire.DeleteContainer, body: &wire.PathRequest{Path: path}})
	}
}
