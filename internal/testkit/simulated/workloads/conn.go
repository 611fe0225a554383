package workloads

import (
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/simulated"
)

// conn is one client's connection, with the link that carries it.
type conn struct {
	w       *sim
	id      int
	sess    *sess // as the client knows it; nil between two
	seen    history.ID
	server  int
	epoch   int
	up      bool
	lane    *lane
	pending []*request // sent, unanswered
	queued  []*request // not sent
	changed signal
	losing  func(*request) int // 1: lose the request, 2: the reply

	process history.Process
}

// lane is the server's side of one connection: one request at a time.
type lane struct {
	epoch, server int
	sess          *sess
	queue         []*request
	busy          bool
}

// request is a read of a view or a write to the log.
type request struct {
	kind     string
	xid      int32
	read     func(simulated.Tree) any
	write    func(lead simulated.Tree) history.Request
	on       *sess // that it was sent in
	sent     time.Duration
	finished bool
	done     signal
	result   any // of a read that of read, of a create the path
	zxid     history.ID
	err      error
	lose     int
}

// session is what the client library calls its session.
func (c *conn) session() history.ID {
	if c.sess == nil {
		return 0
	}
	return c.sess.id
}

// evidence is what the link knows of a session.
func (s *sess) evidence() (alive time.Duration, seen history.ID) {
	if s == nil {
		return 0, 0
	}
	return s.link, s.seen
}

func (c *conn) finish(r *request, result any, err error) {
	if r.finished {
		return
	}
	r.finished, r.result, r.err = true, result, err
	r.done.fire()
}

// start sends a request, or queues it until there is a connection.
func (c *conn) start(r *request) *request {
	r.done.w = c.w
	if !c.up {
		c.queued = append(c.queued, r)
		return r
	}
	c.send(r)
	return r
}

func (c *conn) send(r *request) {
	w := c.w
	r.sent, r.on = w.now, c.sess
	c.sess.xid++
	r.xid = c.sess.xid
	if c.losing != nil {
		r.lose = c.losing(r)
	}
	c.pending = append(c.pending, r)
	l := c.lane
	w.after(w.hop(), func() {
		if c.epoch != l.epoch && w.chance(0.5) {
			return // it was still on the wire
		}
		if r.lose == 1 {
			if c.epoch == l.epoch {
				c.cut()
			}
			return
		}
		l.queue = append(l.queue, r)
		if !l.busy {
			c.serve(l)
		}
	})
}

// serve does the next request of a lane.
func (c *conn) serve(l *lane) {
	if len(l.queue) == 0 {
		l.busy = false
		return
	}
	l.busy = true
	r := l.queue[0]
	l.queue = l.queue[1:]
	w, sv := c.w, c.w.servers[l.server]
	if r.read != nil {
		z := sv.applied
		if l.sess.dead && l.sess.z <= z {
			return // the server has hung up
		}
		c.reply(l, r, z, r.read(sv.tree), nil)
		c.serve(l)
		return
	}
	w.after(max(w.hop(), sv.frozen-w.now, w.halted-w.now), func() {
		s := l.sess
		if s.epoch != l.epoch {
			return // moved: the connection is closed
		}
		x := history.Txn{Type: "error", Error: simulated.SessionExpired, Session: s.id, Cxid: r.xid}
		if !s.dead {
			asked := r.write(w.lead)
			asked.Xid = r.xid
			x = w.lead.Transaction(asked, s.id)
		}
		z := w.commit(x)
		w.spawn(func(p *Proc) {
			for sv.applied < z {
				p.wait(never, &sv.sig)
			}
			c.reply(l, r, z, x.Path, errorOf(&x))
			c.serve(l)
		})
	})
}

func (c *conn) reply(l *lane, r *request, z history.ID, result any, err error) {
	w := c.w
	w.after(w.hop(), func() {
		if c.epoch != l.epoch {
			return
		}
		if r.write != nil && err != errSession {
			l.sess.link = max(l.sess.link, r.sent)
		}
		l.sess.seen = max(l.sess.seen, z)
		if r.lose == 2 { // behind the link, which has seen it
			c.cut()
			return
		}
		r.zxid = z
		c.seen = max(c.seen, z)
		for i, o := range c.pending {
			if o == r {
				c.pending = append(c.pending[:i:i], c.pending[i+1:]...)
				break
			}
		}
		if w.chance(0.9) {
			c.finish(r, result, err)
		} else {
			w.after(w.between(0, time.Millisecond), func() { c.finish(r, result, err) })
		}
	})
}

// call waits for a request's answer; one that comes too late goes on.
func (p *Proc) call(c *conn, r *request, deadline time.Duration) (any, error) {
	c.start(r)
	for !r.finished {
		if p.w.now >= deadline {
			return nil, errTimeout
		}
		p.wait(deadline, &r.done)
	}
	return r.result, r.err
}

// cut ends the connection.
func (c *conn) cut() {
	if !c.up {
		return
	}
	w := c.w
	c.up = false
	c.epoch++
	if v := c.unanswered(); len(v.Requests) > 0 {
		w.session(c, history.FUnanswered, c.sess, v)
	}
	w.session(c, history.FDisconnected, c.sess, nil)
	pending := c.pending
	c.pending = nil
	for _, r := range pending {
		w.after(w.between(0, time.Millisecond), func() { c.finish(r, nil, errLoss) })
	}
	c.changed.fire()
	away := w.between(time.Millisecond, 30*time.Millisecond)
	switch w.rng.IntN(10) {
	case 0:
		away = w.between(0, 800*time.Millisecond)
	case 1, 2, 3: // soon enough to meet a server that is behind
		away = w.hop()
	}
	epoch := c.epoch
	w.after(away, func() { c.connect(epoch) })
}

// unanswered are the writes that were sent and not lost on their way.
func (c *conn) unanswered() (v history.Unanswered) {
	for _, r := range c.pending {
		if r.write != nil && r.lose != 1 {
			v.Requests = append(v.Requests, history.UnansweredRequest{Xid: r.xid, Op: typeOf(r.kind), Sent: r.sent})
		}
	}
	return v
}

// connect looks for a server, with the session or for a new one.
func (c *conn) connect(epoch int) {
	w := c.w
	again := func() { w.after(w.between(time.Millisecond, 10*time.Millisecond), func() { c.connect(epoch) }) }
	if c.epoch != epoch || c.up {
		return
	}
	if s := c.sess; s != nil && w.givesUp > 0 && w.chance(w.givesUp) {
		w.after(w.between(0, 2500*time.Millisecond), func() { w.close(s) })
		c.sess, c.seen = nil, 0
		c.changed.fire()
		again()
		return
	}
	i := w.rng.IntN(len(w.servers))
	sv := w.servers[i]
	if sv.frozen > w.now || w.halted > w.now || sv.applied < c.seen {
		again()
		return
	}
	w.after(w.hop(), func() { // the leader's word on the session
		if c.epoch != epoch {
			return
		}
		switch s := c.sess; {
		case s == nil:
			w.nextID++
			n := &sess{id: w.nextID, conn: c}
			z := w.commit(history.Txn{Type: "createSession", Session: n.id})
			c.accepted(n, i, z)
		case s.dead || w.chance(w.tooEarly):
			if !s.dead { // told by a deposed leader: it lives on for a while
				w.after(w.between(0, 2500*time.Millisecond), func() { w.close(s) })
			}
			w.after(w.hop(), func() {
				if c.epoch != epoch {
					return
				}
				w.session(c, history.FExpired, s, nil)
				w.after(w.between(0, time.Millisecond), func() {
					c.sess, c.seen = nil, 0
					c.changed.fire()
					again()
				})
			})
		default:
			c.accepted(s, i, 0)
		}
	})
}

func (c *conn) accepted(s *sess, i int, z history.ID) {
	w := c.w
	s.epoch = c.epoch
	epoch := c.epoch
	w.after(w.hop(), func() {
		if c.epoch != epoch {
			return
		}
		if w.servers[i].applied < z { // a new session is known where it was made
			w.apply(w.servers[i], z)
			w.servers[i].sig.fire()
		}
		w.session(c, history.FConnected, s, history.Connected{Seen: c.seen})
		w.after(w.between(0, 500*time.Microsecond), func() {
			if c.epoch != epoch {
				return
			}
			c.sess, c.server, c.up = s, i, true
			c.lane = &lane{epoch: epoch, server: i, sess: s}
			if s.dead {
				w.after(w.between(0, 5*time.Millisecond), func() {
					if c.epoch == epoch {
						c.cut()
					}
				})
			}
			queued := c.queued
			c.queued = nil
			for _, r := range queued {
				c.send(r)
			}
			c.changed.fire()
		})
	})
}

// touch is a quorum write that changes nothing.
func (p *Proc) touch(c *conn, deadline time.Duration) error {
	r := ask(fence())
	r.kind = "touch"
	_, err := p.call(c, r, deadline)
	return err
}

// look reads from the view of the client's server.
func look[T any](p *Proc, c *conn, deadline time.Duration, read func(simulated.Tree) T) (T, error) {
	got, err := p.call(c, &request{kind: "children", read: func(t simulated.Tree) any { return read(t) }}, deadline)
	if err != nil {
		var zero T
		return zero, err
	}
	return got.(T), nil
}

// children reads a folder.
func (p *Proc) children(c *conn, folder string, deadline time.Duration) ([]child, error) {
	return look(p, c, deadline, func(t simulated.Tree) []child { return children(t, folder) })
}

// fenced reads a folder behind a touch in the same session.
func (p *Proc) fenced(c *conn, folder string, deadline time.Duration) ([]child, error) {
	s := c.sess
	if err := p.touch(c, deadline); err != nil {
		return nil, err
	}
	of, err := p.children(c, folder, deadline)
	if err == nil && (c.sess != s || s == nil) {
		return nil, errLoss
	}
	return of, err
}

// delete deletes a znode of a session, for as long as that may live.
func (p *Proc) delete(c *conn, s *sess, path string, deadline time.Duration) error {
	for c.sess == s {
		if _, err := p.call(c, remove(path), deadline); err == nil || err == errNoNode || err == errTimeout {
			return err
		}
		p.news(c, deadline)
		if p.w.now >= deadline {
			return errTimeout
		}
	}
	return errSession
}

// gone waits until the client's server shows that one of the paths is deleted, the
// connection is another one, or the deadline.
func (p *Proc) gone(c *conn, deadline time.Duration, paths ...string) {
	epoch := c.epoch
	for c.epoch == epoch && c.up && p.w.now < deadline {
		sv := p.w.servers[c.server]
		for _, path := range paths {
			if sv.tree[path] == nil {
				p.sleep(p.w.hop())
				return
			}
		}
		p.wait(deadline, &sv.sig, &c.changed)
	}
}

// ready waits for a session with a connection; nil when the deadline came first.
func (p *Proc) ready(c *conn, deadline time.Duration) *sess {
	for !c.up || c.sess == nil {
		if p.w.now >= deadline {
			return nil
		}
		p.wait(deadline, &c.changed)
	}
	return c.sess
}

// news waits a little, or until the connection changes.
func (p *Proc) news(c *conn, deadline time.Duration) {
	p.wait(min(deadline, p.w.now+p.w.between(time.Millisecond, 10*time.Millisecond)), &c.changed)
}
