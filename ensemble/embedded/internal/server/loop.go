package server

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/fourletter"
)

// loop handles what comes in until the server ends.
func (s *Server) loop() {
	timer := time.AfterFunc(0, s.inbox.signal)
	defer timer.Stop()
	var peers []peerEvent
	var events []event
	var armed time.Time
	for {
		<-s.inbox.ready
		if !s.mayWork() {
			return
		}
		peers, events = s.inbox.take(peers, events)
		s.work(peers, events)
		if next := s.next(); !next.Equal(armed) || !next.After(s.now) {
			timer.Reset(time.Until(next))
			armed = next
		}
		s.mu.Unlock()
	}
}

// mayWork waits while the server is paused and locks mu. It is false, and mu is
// not locked, when the server ends.
func (s *Server) mayWork() bool {
	for {
		s.mu.Lock()
		if s.over {
			s.mu.Unlock()
			return false
		}
		paused := s.paused
		if paused == nil {
			return true
		}
		s.mu.Unlock()
		select {
		case <-paused:
		case <-s.ending:
			return false
		}
	}
}

func (s *Server) work(peers []peerEvent, events []event) {
	s.now = time.Now()
	s.wake()
	for _, p := range peers {
		if p.broken != 0 {
			s.node.PeerReset(p.broken)
		} else {
			s.node.Step(s.now, p.message)
		}
		s.checkReadOnly()
	}
	for _, e := range events {
		s.handle(e)
	}
	s.tick()
	s.flush()
}

// wake does, after a pause, what a leader's clocks find to be due, before it gets
// to know what happened meanwhile. So sessions are over that it did not hear of
// for too long, whatever their clients have sent, and a leader that was deposed
// does not notice in its first look at its followers, and leads nobody for
// another half or whole tick, as Apache ZooKeeper's does nearly always.
func (s *Server) wake() {
	if s.woken && s.sessions != nil {
		s.tick()
	}
	s.woken = false
}

func (s *Server) handle(e event) {
	switch e.what {
	case requested:
		if e.conn.stage != gone {
			s.request(e.call)
		}
	case ordered:
		s.carryOut(e.order)
	case opened:
		tooMany := s.cfg.MaxConnections > 0 && s.from(e.conn.host) >= s.cfg.MaxConnections
		s.know(e.conn)
		e.conn.counters = s.counters.Connect()
		if tooMany {
			s.counters.Count(fourletter.ConnectionsRejected)
			s.drop(e.conn)
		}
	case idle:
		s.counters.Count(fourletter.SessionlessExpired)
		s.drop(e.conn)
	case writable:
		e.conn.full = false
		s.drain(e.conn)
	case ended:
		s.drop(e.conn)
		e.conn.counters.Close()
		delete(s.conns, e.conn)
	}
}

// tick does what is due.
func (s *Server) tick() {
	if s.sessions != nil {
		s.expireSessions()
		s.sweep()
	}
	s.node.Tick(s.now)
	s.checkReadOnly()
	s.expireReadOnly()
}

// next is when tick is to be called again.
func (s *Server) next() time.Time {
	next := s.node.Next()
	if s.sessions != nil {
		for _, t := range []time.Time{s.sessions.next(), s.sweepAt} {
			if !t.IsZero() && t.Before(next) {
				next = t
			}
		}
	}
	if t := s.readOnlyNext(); !t.IsZero() && t.Before(next) {
		next = t
	}
	return next
}

// mark notes that a connection has something to send.
func (s *Server) mark(c *conn) {
	if !c.dirty {
		c.dirty = true
		s.dirty = append(s.dirty, c)
	}
}

// flush hands what was written to connections to their writers.
func (s *Server) flush() {
	for i, c := range s.dirty {
		s.dirty[i] = nil
		c.dirty = false
		full, ok := c.out.send(c.buf, c.answered, c.closing)
		c.full = full
		const keep = 64 << 10
		if c.buf = c.buf[:0]; cap(c.buf) > keep {
			c.buf = nil
		}
		c.answered = 0
		if !ok {
			s.drop(c)
		}
	}
	s.dirty = s.dirty[:0]
}

// finish closes a connection once everything is sent, for which the client has
// some time.
func (s *Server) finish(c *conn) {
	s.forget(c)
	c.closing = true
	c.nc.SetWriteDeadline(s.now.Add(idleLimit))
	s.mark(c)
}

// drop closes a connection at once.
func (s *Server) drop(c *conn) {
	s.forget(c)
	if c.closing {
		return // its writer does it
	}
	c.out.close()
	c.nc.Close()
}

// forget takes nothing more from a connection. It stays in conns until its
// reader has ended.
func (s *Server) forget(c *conn) {
	if s.attached[c.session] == c {
		delete(s.attached, c.session)
	}
	if c.stage != gone {
		s.watches.RemoveAll(c)
	}
	c.stage = gone
	c.queue = nil
}

// hangUpAll closes all connections, those included that were opened while the
// server ended.
func (s *Server) hangUpAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, events := s.inbox.take(nil, nil)
	for _, e := range events {
		if e.what == opened {
			s.know(e.conn)
		}
	}
	for _, c := range s.inOrder() {
		c.nc.Close()
		s.drop(c)
	}
}

// from is how many connections a host has.
func (s *Server) from(host string) (n int) {
	for c := range s.conns {
		if c.host == host && c.stage != gone {
			n++
		}
	}
	return n
}

// know takes in a connection.
func (s *Server) know(c *conn) {
	s.known++
	c.number = s.known
	s.conns[c] = struct{}{}
}

// inOrder gives all connections as they came: what is done to each is done in the same order
// each time.
func (s *Server) inOrder() []*conn {
	return slices.SortedFunc(maps.Keys(s.conns), func(a, b *conn) int { return cmp.Compare(a.number, b.number) })
}
