package server

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/fourletter"
)

// peerSet is a set of servers, a bit for each id.
type peerSet uint64

// turns is how many turns a goroutine takes before it leaves the rest to the loops, since it may have a
// client to read from.
const turns = 32

// run takes a turn of this server. If few clients send requests, it then takes turns of the servers to
// which it sent messages, and so on until no server has anything to do. So one goroutine takes a lone
// client's request all the way: to the leader, to a quorum, and back.
func (s *Server) run() {
	next := s.turn()
	for n := 0; n < turns && next != 0 && s.crowd.few.Load(); n++ {
		id := next.last()
		next &^= 1 << id
		if p := s.peer(id); p != nil {
			next |= p.turn()
		}
	}
	for ; next != 0; next &^= 1 << next.last() {
		if p := s.peer(next.last()); p != nil {
			p.Wake()
		}
	}
}

// peer returns a server of the ensemble, or nil if it is down.
func (s *Server) peer(id int) *Server {
	if id == s.cfg.Zab.ID {
		return s
	}
	return s.cfg.Peer(id)
}

// last returns the highest id in the set. If the leader is in the set, this is nearly always its id.
func (p peerSet) last() int { return bits.Len64(uint64(p)) - 1 }

// loop takes the turns that no other goroutine takes, until the server ends.
func (s *Server) loop() {
	for range s.inbox.ready {
		if s.ended() {
			return
		}
		s.run()
	}
}

func (s *Server) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// Wake has the loop take a turn if there is something to do.
func (s *Server) Wake() {
	if s.inbox.waits() {
		s.inbox.signal()
	}
}

// turn handles what is in the inbox. It does nothing if the inbox is empty, if the server is paused,
// or if another goroutine takes a turn, which then sees that there is more. It returns the servers
// that need a turn next.
func (s *Server) turn() peerSet {
	if !s.inbox.begin() {
		return 0
	}
	s.mu.Lock()
	if s.timer == nil || s.paused != nil || s.over {
		s.inbox.end() // before mu is free, or the turn that Resume asks for could find this one still there
		s.mu.Unlock()
		return 0
	}
	s.peers, s.events = s.inbox.take(s.peers, s.events)
	s.work(s.peers, s.events)
	s.arm()
	next := s.sent
	s.sent = 0
	s.mu.Unlock()
	if s.inbox.end() {
		next |= 1 << s.cfg.Zab.ID
	}
	return next
}

// arm sets the timer to when tick is to be called again.
func (s *Server) arm() {
	if next := s.next(); !next.Equal(s.armed) || !next.After(s.now) {
		s.timer.Reset(time.Until(next))
		s.armed = next
	}
}

func (s *Server) work(peers []peerEvent, events []event) {
	s.now = time.Now()
	s.crowd.last = nil
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

// wake does, after a pause, what is due by a leader's clocks, before the leader learns what happened
// meanwhile. So sessions that it did not hear of for too long have ended, whatever their clients have
// sent. And a leader that was deposed does not notice it when it first looks at its followers, and
// leads no server for another half or whole tick, as Apache ZooKeeper's does nearly always.
func (s *Server) wake() {
	if s.woken && s.sessions != nil {
		s.tick()
	}
	s.woken = false
}

func (s *Server) handle(e event) {
	switch e.what {
	case requested:
		if e.conn.out.write != nil { // or a turn could not send its reply, as in simulations
			s.crowd.note(e.conn)
		}
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
	case due: // every turn ends with tick
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

// next returns when tick is to be called again.
func (s *Server) next() time.Time {
	next := s.node.Next()
	if s.sessions != nil {
		expiry := s.sessions.next()
		if s.cfg.WallExpiry && !expiry.IsZero() {
			expiry = s.right(expiry)
		}
		for _, t := range []time.Time{expiry, s.right(s.sweepAt)} {
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

// flush sends what was written to connections, or hands it to their writers.
func (s *Server) flush() {
	atOnce := s.crowd.few.Load() && len(s.dirty) <= fewClients
	for i, c := range s.dirty {
		s.dirty[i] = nil
		c.dirty = false
		full, ok := c.out.send(c.buf, c.answered, c.closing, atOnce)
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

// from returns the number of connections of a host.
func (s *Server) from(host string) (n int) {
	for c := range s.conns {
		if c.host == host && c.stage != gone {
			n++
		}
	}
	return n
}

// know adds a connection.
func (s *Server) know(c *conn) {
	s.known++
	c.number = s.known
	s.conns[c] = struct{}{}
}

// inOrder returns all connections in the order in which they came, so that whatever is done to each is
// done in the same order each time.
func (s *Server) inOrder() []*conn {
	return slices.SortedFunc(maps.Keys(s.conns), func(a, b *conn) int { return cmp.Compare(a.number, b.number) })
}
