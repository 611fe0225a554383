package server

import (
	"context"
	"net"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded/internal/fourletter"
	"github.com/zklab/zklab/ensemble/embedded/internal/membership"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
)

// answerWord answers a four-letter word and closes the connection.
func (s *Server) answerWord(k *call) {
	c := k.conn
	if k.mask != nil {
		s.traceMask = *k.mask
	}
	facts := s.facts(c)
	facts.TraceMask, facts.MaskSent = s.traceMask, k.mask != nil
	if text, ok := fourletter.Answer(k.word, facts); ok {
		c.buf = append(c.buf, text...)
		c.counters.Sent()
	}
	s.finish(c)
}

// Metrics returns the metrics for Prometheus. If the server is paused, it waits until the server
// resumes; it is an error if ctx ends first, or the server has ended.
func (s *Server) Metrics(ctx context.Context) (string, error) {
	for {
		s.mu.Lock()
		paused, over, text := s.paused, s.over, ""
		if paused == nil && !over {
			facts := s.facts(nil)
			facts.Counters = &s.counters // a server that does not serve has counters, too
			text = fourletter.Prometheus(facts)
		}
		s.mu.Unlock()
		if paused == nil && !over {
			return text, nil
		}
		select {
		case <-paused:
		case <-s.ending:
			return "", net.ErrClosed
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// facts returns what the four-letter words report of the server; asking is the connection that asks.
func (s *Server) facts(asking *conn) fourletter.Server {
	if !s.serving && s.readOnly == nil {
		return fourletter.Server{Whitelist: s.cfg.Words, Older: s.cfg.Older}
	}
	return fourletter.Server{
		Whitelist: s.cfg.Words, Older: s.cfg.Older, Serving: true,
		Role: s.role(), Master: s.node.Leader(), Voters: s.node.Voters(),
		Zxid: s.tree.Zxid(), Uptime: s.now.Sub(s.started), Counters: &s.counters, Leader: s.leaderFacts(), Conf: s.conf(),
		Nodes: s.tree.NodeCount(), DataSize: s.tree.DataSize(), Ephemerals: s.tree.EphemeralCount(),
		Watches: s.watches.Len(), Sessions: s.tree.SessionCount(), LocalSessions: s.localSessions(),
		Connections:      func() []fourletter.Connection { return s.connections(asking) },
		AllSessions:      s.allSessions,
		EphemeralPaths:   s.tree.AllEphemerals,
		DataWatches:      s.dataWatches,
		DataWatchTotals:  s.watchTotals,
		ResetServer:      func() { s.counters.Reset(); s.proposals = fourletter.Sizes{} },
		ResetConnections: s.resetConnections,
	}
}

func (s *Server) role() ensemble.Role {
	if s.readOnly != nil {
		return fourletter.ReadOnly
	}
	switch s.node.Role() {
	case zab.Leading:
		if s.standalone() {
			return ensemble.Standalone
		}
		return ensemble.Leader
	case zab.Observing:
		return ensemble.Observer
	}
	return ensemble.Follower
}

func (s *Server) leaderFacts() *fourletter.Leader {
	if s.sessions == nil {
		return nil
	}
	st := s.node.Status()
	return &fourletter.Leader{
		Learners: st.Learners, SyncedFollowers: st.SyncedFollowers, SyncedObservers: st.SyncedObservers, SyncedNonVoting: st.SyncedNonVoting,
		PendingSyncs: len(s.syncs), Uptime: s.now.Sub(st.Since), Proposals: s.proposals,
	}
}

func (s *Server) conf() fourletter.Conf {
	z := s.cfg.Zab
	conf := fourletter.Conf{
		ClientPort: s.cfg.Port, Tick: z.Tick, MaxConnections: s.cfg.MaxConnections, MinSessionTimeout: s.cfg.MinSession, MaxSessionTimeout: s.cfg.MaxSession, ServerID: z.ID,
	}
	if !s.standalone() {
		members := s.tree.Membership()
		if s.readOnly != nil {
			members = ""
		}
		conf.Quorum = &fourletter.Quorum{
			ElectionPort: s.own().Vote, QuorumPort: s.own().Quorum,
			InitLimit: z.InitLimit, SyncLimit: z.SyncLimit, Observer: s.node.Role() == zab.Observing, Membership: members,
		}
	}
	return conf
}

func (s *Server) connections(asking *conn) (all []fourletter.Connection) {
	for _, c := range s.inOrder() {
		if c.stage == gone {
			continue
		}
		all = append(all, fourletter.Connection{
			Addr: c.nc.RemoteAddr().String(), Asking: c == asking, Counters: &c.counters, Established: c.since,
			Session: c.session, Timeout: c.timeout, Expires: c.expires(),
		})
	}
	return all
}

// own returns this server as a member of the ensemble, as the ensemble was started with it.
func (s *Server) own() (own membership.Member) {
	for _, m := range s.cfg.Members {
		if m.ID == int64(s.cfg.Zab.ID) {
			own = m
		}
	}
	return own
}

// expires returns when the connection ends if nothing comes. A real server checks once in the time that
// a connection without a session has, and reports the time of the next check.
func (c *conn) expires() time.Time {
	at := c.since.Add(idleLimit)
	if c.stage != fresh {
		at = c.heard.Add(c.timeout)
	}
	return time.UnixMilli((at.UnixMilli()/idleLimit.Milliseconds() + 1) * idleLimit.Milliseconds())
}

func (s *Server) allSessions() (all []fourletter.Session) {
	for id, timeout := range s.tree.Sessions() {
		var expires time.Time
		if s.sessions != nil {
			expires = s.sessions.expires(id)
		}
		all = append(all, fourletter.Session{ID: id, Timeout: timeout, Expires: expires})
	}
	return all
}

func (s *Server) dataWatches() map[int64][]string {
	m := map[int64][]string{}
	for c, paths := range s.watches.ByWatcher() {
		m[c.session] = paths
	}
	return m
}

func (s *Server) watchTotals() fourletter.WatchTotals {
	sum := s.watches.Summary()
	return fourletter.WatchTotals{Connections: sum.Watchers, Paths: sum.Paths, Watches: sum.Watches}
}

func (s *Server) resetConnections() {
	for c := range s.conns {
		c.counters.Reset()
	}
}
