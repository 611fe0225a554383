package server

import (
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Read-only mode ("Administrator's Guide, Experimental Options: readonlymode.enabled"): a server that
// has found no leader for some time serves clients that accept a read-only server. It shows everything
// in its log, committed or not, as a real server does, and drops that view when it has found a leader.

// minLooking is how long a server looks for a leader before it serves read-only, or a tick if that is
// longer. It is a real server's value.
const minLooking = 2 * time.Second

// readOnlyMode is the state of a server that serves without a majority.
type readOnlyMode struct {
	before   *tree.Tree // what it had with one; nil if it never had
	sessions *sessions  // the server's own sessions; nil: it can begin none
}

// checkReadOnly follows whether the server looks for a leader, and for how long.
func (s *Server) checkReadOnly() {
	switch {
	case !s.cfg.ReadOnly:
	case s.node.Role() != zab.Looking:
		s.readOnlyAt = time.Time{}
		s.endReadOnly()
	case s.readOnlyAt.IsZero():
		s.readOnlyAt = s.now.Add(max(minLooking, s.cfg.Zab.Tick))
	case s.readOnly == nil && !s.now.Before(s.readOnlyAt):
		s.startReadOnly()
	}
}

// startReadOnly begins to serve read-only.
func (s *Server) startReadOnly() {
	s.readOnly = &readOnlyMode{before: s.tree}
	if s.cfg.LocalSessions {
		s.readOnly.sessions = newSessions(s.cfg.Zab.Tick)
	}
	s.tree = s.cfg.Disk.Whole().(State).Tree
	s.introduce(s.tree)
}

// endReadOnly ends that, before anything of a leader is applied. Clients are to come back
// with requests of every kind.
func (s *Server) endReadOnly() {
	if s.readOnly == nil {
		return
	}
	s.tree, s.readOnly = s.readOnly.before, nil
	for _, c := range s.inOrder() {
		s.finish(c)
	}
}

// readOnlyNext returns when checkReadOnly or the end of a session is due; zero if nothing is.
func (s *Server) readOnlyNext() time.Time {
	switch {
	case s.readOnly == nil:
		return s.readOnlyAt
	case s.readOnly.sessions != nil:
		return s.readOnly.sessions.next()
	}
	return time.Time{}
}

// refused reports whether a server that serves read-only does not take a client: one that
// wants to write, or whose session is the ensemble's and would end unheard of.
func (s *Server) refused(r *wire.ConnectRequest) bool {
	return s.readOnly != nil && (!r.ReadOnly || s.isEnsembles(r.Session))
}

// isEnsembles reports whether a session is not a server's own. Where there are local ones,
// a session becomes the ensemble's with its first ephemeral: one without is refused,
// and its client begins another.
func (s *Server) isEnsembles(session int64) bool {
	return s.tree.HasSession(session) && (!s.cfg.LocalSessions || len(s.tree.EphemeralsUnder(session, "/")) > 0)
}

// beginReadOnly gives a client a session that only this server knows. Without local sessions it does
// what a real server does: it answers the connect request like a write, leaves the connection open, and
// answers nothing on it.
func (s *Server) beginReadOnly(k *call) {
	c := k.conn
	if s.readOnly.sessions == nil {
		c.stage = unheard
		s.notReadOnly(k)
		return
	}
	c.session = s.newSessionID()
	s.readOnly.sessions.add(c.session, c.timeout, s.now)
	s.establish(c, true)
}

// knowsReadOnly reports whether a session with the right password is resumed. A real server without
// sessions of its own has nothing to compare the password with.
func (s *Server) knowsReadOnly(c *conn) bool {
	l := s.readOnly.sessions
	return l == nil || l.touch(c.session, c.timeout, s.now)
}

// dispatchReadOnly answers a request, unless there is no room for replies.
func (s *Server) dispatchReadOnly(k *call) {
	c := k.conn
	if len(c.queue) > 0 || c.crammed() {
		c.queue = append(c.queue, k)
		return
	}
	s.answerReadOnly(k)
}

func (s *Server) answerReadOnly(k *call) {
	local := s.readOnly.sessions
	switch {
	case k.op == wire.CloseSession && local != nil:
		local.remove(k.conn.session)
		start := s.reply(k, wire.OK)
		s.end(k, start, wire.OK)
		s.finish(k.conn)
	case k.waits() || k.op == wire.Check:
		s.notReadOnly(k)
	default:
		s.answerRead(k)
	}
}

// localSessions returns how many sessions only this server knows.
func (s *Server) localSessions() int {
	if s.readOnly == nil || s.readOnly.sessions == nil {
		return 0
	}
	return len(s.readOnly.sessions.byID)
}

func (s *Server) notReadOnly(k *call) {
	start := s.reply(k, wire.NotReadOnly)
	s.end(k, start, wire.NotReadOnly)
}

// expireReadOnly ends the sessions of a server that serves read-only that were silent too long.
func (s *Server) expireReadOnly() {
	if s.readOnly == nil || s.readOnly.sessions == nil {
		return
	}
	for _, id := range s.readOnly.sessions.expired(s.now) {
		s.readOnly.sessions.remove(id)
		if c := s.attached[id]; c != nil {
			s.drop(c)
		}
	}
}
