package workloads

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// lock is a fair lock, an election, or a semaphore, of one client on one folder.
type lock struct {
	w      *sim
	c      *conn
	f      string // the folder
	places int    // how many can hold
	defect string
	tries  int

	// Which of the things that a correct recipe may do this one does.
	relines    bool // lines up again in the next session
	sure       bool // says of a call that it gave up that it had no effect
	suspicious bool // gives a hold up when it was cut off for a while

	n       *child // of the present hold
	old     *child // that it has made last, as the defect remembers it
	s       *sess  // its session
	lost    *bool
	lostSig *signal
	tasks   []*signal
}

var errLost = errors.New("lost")

// maybe is an error after a request: sure or not that nothing remains.
func (l *lock) maybe(err error) error {
	if l.sure {
		return noEffect{err}
	}
	return err
}

func (l *lock) acquire(p *Proc, deadline time.Duration) error {
	if l.defect == "ignores-expiry" && l.n != nil {
		if l.s != l.c.sess {
			l.w.Wrong["reentrant"]++
		}
		*l.lost = false
		return nil // re-entrant from memory
	}
	for {
		s := p.ready(l.c, deadline)
		if s == nil {
			return noEffect{errTimeout}
		}
		n, err := l.candidate(p, deadline, s)
		if err == nil {
			err = l.front(p, deadline, s, n)
			if err == nil {
				l.hold(s, n)
				return nil
			}
			if l.defect == "takes-old-znode" && err == errSession {
				continue
			}
			if l.defect != "leaks-contender" || err != errLoss {
				l.withdraw(s, n)
			}
		}
		switch {
		case err == errTimeout || err == errLoss:
			return l.maybe(err)
		case !l.relines:
			return l.maybe(err)
		}
	}
}

// candidate is the znode that stands in line.
func (l *lock) candidate(p *Proc, deadline time.Duration, s *sess) (*child, error) {
	if old := l.old; l.defect == "takes-old-znode" && old != nil {
		of, err := p.children(l.c, l.f, deadline)
		if err == nil && slices.ContainsFunc(of, func(o child) bool { return o.path == old.path }) {
			l.w.Wrong["taken for its own"]++
			return old, nil // though its session may be another one, which ends
		}
	}
	n, err := l.join(p, deadline, s)
	if err == nil {
		l.old = n
	}
	return n, err
}

func (l *lock) background(f func(*Proc)) { l.tasks = append(l.tasks, l.w.spawn(f)) }

func (l *lock) join(p *Proc, deadline time.Duration, s *sess) (*child, error) {
	l.tries++
	id := fmt.Sprintf("%d-%d", l.c.id, l.tries)
	if l.defect == "check-then-create" {
		if err := l.alone(p, deadline, s); err != nil {
			return nil, err
		}
	}
	n, late, err := l.enter(p, deadline, s, id)
	if err != nil {
		l.sweep(id, late)
	}
	return n, err
}

// enter creates a znode; late is a request that may be done after the error.
func (l *lock) enter(p *Proc, deadline time.Duration, s *sess, id string) (n *child, late *request, err error) {
	for l.c.sess == s {
		r := create(l.f, id, "", l.defect != "persistent")
		got, err := p.call(l.c, r, deadline)
		switch {
		case err == nil && r.on == s:
			return &child{path: got.(string), name: id, z: r.zxid}, nil, nil
		case err == nil:
			return nil, nil, errSession
		case err == errTimeout:
			return nil, r, err
		case err == errSession:
			p.news(l.c, deadline) // it will be told
			if p.w.now >= deadline {
				return nil, nil, errTimeout
			}
			continue
		case l.defect == "creates-again":
			continue
		}
		if n, err := l.find(p, deadline, s, id); n != nil || err != nil {
			return n, nil, err
		}
	}
	return nil, nil, errSession
}

// find looks, fenced, for the znode of a create whose reply was lost; nil: it was not
// done.
func (l *lock) find(p *Proc, deadline time.Duration, s *sess, id string) (*child, error) {
	for {
		switch p.ready(l.c, deadline) {
		case nil:
			return nil, errTimeout
		case s:
		default:
			return nil, errSession
		}
		of, err := p.fenced(l.c, l.f, deadline)
		if err == errTimeout {
			return nil, err
		}
		if err != nil || l.c.sess != s {
			p.news(l.c, deadline)
			continue
		}
		if i := slices.IndexFunc(of, func(n child) bool { return n.name == id }); i >= 0 {
			return &of[i], nil
		}
		return nil, nil
	}
}

// alone waits until nobody is in the folder.
func (l *lock) alone(p *Proc, deadline time.Duration, s *sess) error {
	for {
		if p.ready(l.c, deadline) != s {
			return errSession
		}
		of, err := p.children(l.c, l.f, deadline)
		if err == errTimeout {
			return err
		}
		if err == nil && len(of) == 0 {
			return nil
		}
		p.news(l.c, deadline)
		if err == nil {
			p.gone(l.c, deadline, paths(of)...)
		}
	}
}

// front waits until n is among the lowest.
func (l *lock) front(p *Proc, deadline time.Duration, s *sess, n *child) error {
	for {
		c := p.ready(l.c, deadline)
		if c == nil {
			return errTimeout
		}
		if c != s {
			return errSession
		}
		of, err := p.children(l.c, l.f, deadline)
		switch {
		case err == errTimeout:
			return err
		case err != nil && l.defect == "leaks-contender":
			l.w.Wrong["leaked"]++
			return errLoss
		case err != nil:
			p.news(l.c, deadline)
			continue
		case l.c.sess != s:
			return errSession
		}
		i := slices.IndexFunc(of, func(o child) bool { return o.path == n.path })
		if i < 0 {
			// Its session must be dead: that will be told.
			p.news(l.c, deadline)
			if l.c.sess != s {
				return errSession
			}
			continue
		}
		ahead := slices.DeleteFunc(slices.Clone(of), func(o child) bool { return !l.before(o, of[i]) })
		if len(ahead) < l.places || l.defect == "check-then-create" {
			return nil
		}
		slices.SortStableFunc(ahead, func(a, b child) int { // those right ahead come first
			switch {
			case l.before(b, a):
				return -1
			case l.before(a, b):
				return 1
			}
			return 0
		})
		if l.defect == "impatient" && l.w.chance(0.02) { // believes in the end of its patience
			l.w.Wrong["impatient"]++
			return nil
		}
		if l.defect == "deletes-ahead" && l.w.chance(0.02) { // thinks that the one ahead must be dead
			l.w.Wrong["deleted"]++
			_, _ = p.call(l.c, remove(ahead[0].path), deadline)
			continue
		}
		p.gone(l.c, deadline, append(paths(ahead[:l.places]), n.path)...)
		if p.w.now >= deadline {
			return errTimeout
		}
	}
}

func (l *lock) before(a, b child) bool {
	if l.defect == "sorts-by-name" {
		return a.client() < b.client()
	}
	return a.seq < b.seq
}

func (l *lock) hold(s *sess, n *child) {
	lost := new(bool)
	sig := &signal{w: l.w}
	l.n, l.s, l.lost, l.lostSig = n, s, lost, sig
	if l.defect == "never-lost" {
		return
	}
	l.w.spawn(func(p *Proc) {
		for l.n == n {
			if l.c.sess != s {
				if l.defect == "late-lost" {
					p.sleep(p.w.between(1500*time.Millisecond, 4*time.Second))
				}
				if l.w.chance(0.1) {
					p.sleep(p.w.between(0, 900*time.Millisecond))
				}
				break
			}
			if l.suspicious && !l.c.up {
				p.wait(p.w.now+p.w.between(0, 40*time.Millisecond), &l.c.changed)
				if !l.c.up && l.n == n { // it gives the hold up by itself
					l.withdraw(s, n)
					break
				}
				continue
			}
			p.wait(p.w.now+time.Second, &l.c.changed)
		}
		*lost = true
		sig.fire()
	})
}

// withdraw deletes n in the background.
func (l *lock) withdraw(s *sess, n *child) {
	l.background(func(p *Proc) { _ = p.delete(l.c, s, n.path, never) })
}

// sweep removes in the background whatever carries id.
func (l *lock) sweep(id string, r *request) {
	l.background(func(p *Proc) {
		if r != nil {
			for !r.finished {
				p.wait(never, &r.done)
			}
		}
		for {
			p.ready(l.c, never)
			of, err := p.fenced(l.c, l.f, never)
			if err != nil {
				p.news(l.c, never)
				continue
			}
			clean := true
			for _, n := range of {
				if n.name == id {
					_, err := p.call(l.c, remove(n.path), never)
					clean = clean && (err == nil || err == errNoNode)
				}
			}
			if clean {
				return
			}
		}
	})
}

func (l *lock) release(p *Proc, deadline time.Duration) error {
	n, s := l.n, l.s
	if n == nil {
		return noEffect{errLost}
	}
	if l.defect == "ignores-expiry" && s != l.c.sess {
		return errLoss // for ever: it still thinks that it holds
	}
	l.n, l.old = nil, nil
	*l.lost = true // nobody watches any more
	if l.defect == "keeps-node" && l.w.chance(0.05) {
		l.w.Wrong["kept"]++
		return nil
	}
	switch err := p.delete(l.c, s, n.path, deadline); {
	case err == errTimeout:
		l.withdraw(s, n)
		return err
	case err == nil, l.sure: // or gone with its session
		return nil
	}
	return errLost
}

// close waits until nothing is left to clean up.
func (l *lock) close(p *Proc, within time.Duration) {
	p.join(p.w.now+within, l.tasks...)
}

// truth is a hold as the run knows it.
type truth struct {
	key      string
	client   int
	from, to time.Duration
	s        *sess
}

// holds is the workload of locks, elections and semaphores.
type holds struct {
	w       *sim
	o       Options
	locks   map[[2]int]*lock
	highest map[int]history.ID
	order   map[int]int64
	offers  history.Offers
	owners  bool
	truths  []*truth
}

var (
	_ = world(models.Lock.Name, newHolds)
	_ = world(models.Election.Name, newHolds)
	_ = world(models.Semaphore.Name, newHolds)
)

func newHolds(w *sim, o Options) work {
	h := &holds{w: w, o: o, locks: map[[2]int]*lock{}, highest: map[int]history.ID{}, order: map[int]int64{}}
	relines, sure, suspicious := w.chance(0.5), w.chance(0.5), w.chance(0.3)
	h.owners = w.chance(0.7)
	h.offers = history.Offers{Fencing: w.chance(0.8), TellsLost: w.chance(0.8)}
	suspicious = suspicious && h.offers.TellsLost // else nobody would know of it
	if o.Defect != "" {
		h.offers, suspicious = history.Offers{Fencing: true, TellsLost: true}, false
	}
	for _, c := range w.clients {
		for k := range o.Keys {
			h.locks[[2]int{c.id, k}] = &lock{
				w: w, c: c, f: w.folder(fmt.Sprint("k", k)), places: o.places(), defect: o.Defect,
				relines: relines, sure: sure, suspicious: suspicious, lost: new(bool), lostSig: &signal{w: w},
			}
		}
	}
	w.nemesis(history.FOffers, "", h.offers)
	return h
}

func (h *holds) load(p *Proc, until time.Duration) {
	var done []*signal
	often := 0.1
	if h.o.GivesUp { // a znode of a session that was given up is there for seconds
		often = 0.5
	}
	for _, c := range h.w.clients {
		done = append(done, h.w.spawn(func(p *Proc) {
			for {
				p.sleep(h.w.between(0, 30*time.Millisecond))
				if p.w.now >= until {
					return
				}
				k := h.w.rng.IntN(h.o.Keys)
				patience := opTime
				if h.w.chance(0.1) {
					patience = h.w.between(5*time.Millisecond, 50*time.Millisecond)
				}
				if models.Named(h.o.Model).Knows(models.FLeader) && h.w.chance(0.15) {
					h.ask(p, c, k)
					continue
				}
				length := h.w.between(time.Millisecond, 20*time.Millisecond)
				if h.o.Long && h.w.chance(often) {
					length = h.w.between(time.Second, 4*time.Second)
				}
				h.turn(p, c, k, patience, length)
			}
		}))
	}
	p.join(never, done...)
}

// ask is "who leads?": the client of the lowest candidate, by a plain read.
func (h *holds) ask(p *Proc, c *conn, k int) {
	l := h.locks[[2]int{c.id, k}]
	_ = p.do(c, op{f: models.FLeader, key: key(k), within: opTime, run: func(deadline time.Duration) (any, error) {
		of, err := p.children(c, l.f, deadline)
		if err != nil {
			return nil, err
		}
		if l.defect == "forgets-leader" {
			return models.Leader{Client: -1}, nil
		}
		v := models.Leader{Client: -1}
		if len(of) > 0 {
			v.Client = of[0].client()
		}
		return v, nil
	}})
}

func key(k int) string { return fmt.Sprint("k", k) }

func (h *holds) turn(p *Proc, c *conn, k int, patience, length time.Duration) {
	l, w := h.locks[[2]int{c.id, k}], h.w
	var grant models.Grant
	o := op{f: models.FAcquire, key: key(k), within: patience, run: func(deadline time.Duration) (any, error) {
		if err := l.acquire(p, deadline); err != nil {
			return nil, err
		}
		if h.offers.Fencing {
			grant.Token = l.n.z
			if l.defect == "token-of-session" {
				grant.Token = l.s.id
			}
		}
		return grant, nil
	}}
	if h.owners {
		o.owner = func() *sess { return l.s }
	}
	if p.do(c, o) != nil {
		return
	}
	t := &truth{key: key(k), client: c.id, from: w.now, to: never, s: l.s}
	h.truths = append(h.truths, t)
	lost, stop := l.lost, false
	quit := &signal{w: w}
	if h.offers.TellsLost {
		sig := l.lostSig
		w.spawn(func(p *Proc) {
			for !*lost && !stop {
				p.wait(never, sig, quit)
			}
			if *lost && !stop {
				e := history.Event{Process: history.SessionProcess, Client: c.id, Type: history.Info, F: history.FLost, Key: key(k), Value: history.Value(history.LostHold(grant))}
				e.Session = c.session()
				w.record(e)
			}
		})
	}
	held := func() bool { return !h.offers.TellsLost || !*lost }
	h.touch(p, c)
	h.confirm(p, c, k, held, grant)
	h.write(p, c, k, l, grant)
	for ; h.o.GivesUp && length > time.Second; length -= 300 * time.Millisecond {
		p.sleep(300 * time.Millisecond)
		h.confirm(p, c, k, held, grant)
	}
	p.sleep(length)
	h.confirm(p, c, k, held, grant)
	h.touch(p, c)
	stop = true
	quit.fire()
	still := false
	began := w.now
	_ = p.do(c, op{
		f: models.FRelease, key: key(k), within: opTime,
		late: func() any { still = held(); return models.Held{Held: still, Token: grant.Token} },
		run:  func(deadline time.Duration) (any, error) { return nil, l.release(p, deadline) },
	})
	if still {
		t.to = began
	} else {
		t.to = t.from
	}
}

// write is one to the resource that the hold guards, if one can be guarded.
func (h *holds) write(p *Proc, c *conn, k int, l *lock, grant models.Grant) {
	if !models.Named(h.o.Model).Knows(models.FWrite) {
		return
	}
	_ = p.do(c, op{f: models.FWrite, key: key(k), arg: grant, run: func(time.Duration) (any, error) {
		h.order[k]++
		ok := grant.Token >= h.highest[k] || l.defect == "no-fence"
		if ok {
			h.highest[k] = max(h.highest[k], grant.Token)
		}
		return models.Written{Accepted: ok, Token: grant.Token, Order: h.order[k]}, nil
	}})
}

func (h *holds) touch(p *Proc, c *conn) {
	deadline := h.w.now + opTime
	s := c.sess
	for p.touch(c, deadline) != nil && c.sess == s {
		if h.w.now >= deadline {
			return
		}
		p.sleep(5 * time.Millisecond)
	}
}

func (h *holds) confirm(p *Proc, c *conn, k int, held func() bool, g models.Grant) {
	if !h.offers.TellsLost {
		return
	}
	_ = p.do(c, op{f: models.FConfirm, key: key(k), run: func(time.Duration) (any, error) {
		return models.Held{Held: held(), Token: g.Token}, nil
	}})
}

func (h *holds) quiesce(p *Proc) {
	var done []*signal
	for _, c := range h.w.clients {
		done = append(done, h.w.spawn(func(p *Proc) {
			for i := range h.o.Keys {
				h.turn(p, c, (i+c.id)%h.o.Keys, bound+bound/4, time.Millisecond)
			}
			for k := range h.o.Keys {
				h.locks[[2]int{c.id, k}].close(p, bound)
			}
		}))
	}
	p.join(never, done...)
	deadline := h.w.now + bound
	for k := range h.o.Keys {
		f := h.w.folder(key(k))
		for len(children(h.w.lead, f)) > 0 && h.w.now < deadline {
			p.sleep(50 * time.Millisecond)
		}
		left := []models.Contender{}
		for _, n := range children(h.w.lead, f) {
			left = append(left, models.Contender{Name: fmt.Sprintf("%s-%010d", n.name, n.seq), Owner: n.owner})
			h.w.Wrong["orphan"]++
		}
		h.w.nemesis(history.FFinal, key(k), models.Final{Contenders: left})
	}
	h.judge()
}

// judge finds the holds that the run knows to have been too many: granted, not
// released, and of sessions that lived.
func (h *holds) judge() {
	for _, a := range h.truths {
		others := 0
		for _, b := range h.truths {
			if a.key == b.key && a.client != b.client && b.from <= a.from && a.from < min(a.end(), b.end()) {
				others++
			}
		}
		if others >= h.o.places() {
			h.w.Wrong["two holders"]++
		}
	}
}

func (t *truth) end() time.Duration {
	if t.s != nil && t.s.dead {
		return min(t.to, t.s.died)
	}
	return t.to
}
