package world

import (
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// barriers is the workload of a barrier, and the recipe.
type barriers struct {
	w *World
	o Options
}

func (b *barriers) load(p *Proc, until time.Duration) {
	for n := 1; p.w.now < until; n++ {
		b.round(p, n)
	}
}

func (b *barriers) quiesce(*Proc) {}

func (b *barriers) round(p *Proc, n int) {
	key := fmt.Sprint("b", n)
	f := b.w.folder(key)
	host := b.w.clients[n%len(b.w.clients)]
	var up *node
	_ = p.do(host, op{f: history.FRaise, key: key, within: opTime, run: func(deadline time.Duration) (any, error) {
		_, err := p.call(host, &request{kind: "create", write: func(z int64, s *sess) (any, error) {
			if len(f.in(b.w, z)) > 0 {
				return nil, errExists
			}
			up = f.create(z, s, &node{name: "up"}, false)
			return nil, nil
		}}, deadline)
		return nil, err
	}})
	var done []*signal
	lifted, lifting := false, false
	hasty := b.w.chance(0.5) // waiters ask again and again, so that there is something to see
	for _, c := range b.w.clients {
		if c == host {
			continue
		}
		late := b.w.between(0, 10*time.Millisecond)
		done = append(done, b.w.spawn(func(p *Proc) {
			p.sleep(late)
			for {
				after := lifted
				err := p.touch(c, b.w.now+opTime)
				if b.o.Defect == "no-fence" {
					err = nil
				}
				within := bound + opTime
				if hasty && !after {
					within = b.w.between(5*time.Millisecond, 30*time.Millisecond)
				}
				if err == nil && p.do(c, op{f: history.FAwait, key: key, within: within, run: func(deadline time.Duration) (any, error) {
					return nil, b.await(p, c, f, deadline, &lifting)
				}}) == nil || after {
					return
				}
				p.sleep(20 * time.Millisecond)
			}
		}))
	}
	p.sleep(b.w.between(20*time.Millisecond, 40*time.Millisecond))
	for range 20 {
		if p.do(host, op{f: history.FLift, key: key, within: opTime, run: func(deadline time.Duration) (any, error) {
			lifting = true
			_, err := p.call(host, &request{kind: "delete", write: func(z int64, _ *sess) (any, error) {
				of := f.in(b.w, z)
				if len(of) == 0 {
					return nil, nil // lifted already
				}
				return nil, of[0].delete(z)
			}}, deadline)
			return nil, err
		}}) == nil {
			break
		}
		p.sleep(50 * time.Millisecond)
	}
	_ = up
	lifted = true
	p.join(done...)
}

// await waits until a read shows the barrier down.
func (b *barriers) await(p *Proc, c *conn, f *folder, deadline time.Duration, lifting *bool) error {
	patience := b.w.now + 15*time.Millisecond
	missed := b.o.Defect == "misses-lift" && b.w.chance(0.1)
	for {
		if p.ready(c, deadline) == nil {
			return errTimeout
		}
		of, err := p.children(c, f, deadline)
		switch {
		case err == errTimeout:
			return err
		case len(of) > 0 && *lifting && b.o.Defect == "hears-of-lift":
			b.w.Wrong["heard of it"]++
			return nil
		case err != nil && b.o.Defect == "error-as-down":
			b.w.Wrong["error as down"]++
			return nil
		case err != nil:
			p.news(c, deadline)
			continue
		case len(of) == 0:
			return nil
		}
		if missed {
			b.w.Wrong["missed"]++
			p.wait(deadline)
			return errTimeout
		}
		if b.o.Defect == "times-out-as-ok" {
			p.gone(c, min(deadline, patience), of...)
			if p.w.now >= patience {
				return nil
			}
		}
		p.gone(c, deadline, of...)
		if p.w.now >= deadline {
			return errTimeout
		}
	}
}

// gates is the workload of a double barrier, and the recipe: a round is formed
// by one multi that checks each member's znode and writes their names.
type gates struct {
	w *World
	o Options
}

// gate is one member's double barrier of one round.
type gate struct {
	w      *World
	c      *conn
	f      *folder
	n      int // parties
	defect string
	sure   bool
	tries  int
	in     *node
	round  []string
	tasks  []*signal
	last   int // its last call among the stays
	stay   *stay
}

func (g *gates) load(p *Proc, until time.Duration) {
	for n := 1; p.w.now < until; n++ {
		g.play(p, n)
	}
}

func (g *gates) quiesce(*Proc) {}

func (g *gates) play(p *Proc, n int) {
	key := fmt.Sprint("d", n)
	w := g.w
	f := w.folder(key)
	passed, straggler := 0, -1
	if w.chance(0.2) {
		straggler = w.rng.IntN(len(w.clients))
	}
	sure := w.chance(0.5)
	var done []*signal
	var stays []*stay
	for i, c := range w.clients {
		late := w.between(0, 5*time.Millisecond)
		if i == straggler {
			late = w.between(50*time.Millisecond, 300*time.Millisecond)
		}
		gt := &gate{w: w, c: c, f: f, n: len(w.clients), defect: g.o.Defect, sure: sure}
		done = append(done, w.spawn(func(p *Proc) {
			p.sleep(late)
			if g.enter(p, gt, key, &passed, &stays) {
				p.sleep(w.between(time.Millisecond, 20*time.Millisecond))
				_ = p.touch(c, w.now+opTime)
				_ = p.do(c, op{f: history.FLeave, key: key, within: bound + opTime, run: func(deadline time.Duration) (any, error) {
					return nil, gt.leave(p, deadline)
				}})
				stays[gt.last].to = w.now
			}
			over := w.now + bound
			for _, t := range gt.tasks {
				for !t.fired && w.now < over {
					p.wait(over, t)
				}
			}
		}))
	}
	p.join(done...)
	for _, st := range stays {
		if st.passed && st.most(stays) < len(w.clients) {
			w.Wrong["entered short"]++
		}
	}
}

// stay is one call to enter, and what came of it.
type stay struct {
	from, ret, to time.Duration
	s             *sess
	passed        bool
}

// most is how many members truly can have been in at one moment of the call. A
// client that tries again in one session is one.
func (st *stay) most(all []*stay) int {
	most := 0
	for _, a := range append([]*stay{st}, all...) {
		if t := max(a.from, st.from); t <= st.ret {
			in := map[*sess]bool{}
			for _, o := range all {
				if o.from <= t && t <= o.to && (!o.s.dead || t <= o.s.died) {
					in[o.s] = true
				}
			}
			most = max(most, len(in))
		}
	}
	return most
}

func (g *gates) enter(p *Proc, gt *gate, key string, passed *int, stays *[]*stay) bool {
	w, c := g.w, gt.c
	patience := opTime
	if w.chance(0.05) {
		patience = w.between(time.Millisecond, 10*time.Millisecond)
	}
	away := w.between(50*time.Millisecond, 300*time.Millisecond)
	for range 10 {
		s := c.sess
		st := &stay{from: w.now, ret: never, to: never, s: s}
		if st.s == nil {
			st.s = &sess{}
		}
		gt.last, gt.stay = len(*stays), st
		*stays = append(*stays, st)
		if p.do(c, op{
			f: history.FEnter, key: key, within: patience,
			run: func(deadline time.Duration) (any, error) { return nil, gt.enter(p, deadline) },
			owner: func() *sess {
				if gt.in == nil {
					return nil
				}
				return gt.in.mine
			},
		}) == nil {
			*passed++
			st.s, st.passed, st.ret = gt.in.mine, true, w.now
			return true
		}
		if c.sess != st.s {
			st.s = &sess{} // what it made may belong to either session
		}
		p.sleep(away)
		if c.sess != s {
			p.sleep(w.between(500*time.Millisecond, time.Second))
		}
		if *passed > 0 {
			return false
		}
		patience = opTime
	}
	return false
}

func (g *gate) enter(p *Proc, deadline time.Duration) error {
	for _, t := range g.tasks { // it must not be counted twice
		for !t.fired && g.defect != "counted-twice" {
			if p.w.now >= deadline {
				return noEffect{errTimeout}
			}
			p.wait(deadline, t)
		}
	}
	s := p.ready(g.c, deadline)
	if s == nil {
		return noEffect{errTimeout}
	}
	g.stay.s = s
	l := &lock{w: g.w, c: g.c, f: g.f, tries: g.tries + 1000}
	if g.defect == "counts-the-dead" {
		l.defect = "persistent"
	}
	g.tries++
	n, err := l.join(p, deadline, s)
	if err == nil {
		err = g.gather(p, deadline, s, n)
	}
	g.tasks = append(g.tasks, l.tasks...)
	if err == nil {
		g.in = n
		return nil
	}
	if n == nil || l.c.sess != s || g.defect == "timed-out-still-counted" {
		if g.defect == "timed-out-still-counted" {
			g.w.Wrong["left a member"]++
		}
		return err
	}
	// Withdraw, in one step with a look whether it was counted.
	within := p.w.now + 200*time.Millisecond
	for g.c.sess == s && p.w.now < within {
		got, err2 := p.call(g.c, &request{kind: "multi", write: func(z int64, _ *sess) (any, error) {
			if r := g.f.at(z); slices.Contains(r, n.name) {
				return r, nil
			}
			return nil, n.delete(z)
		}}, within)
		if err2 == errTimeout {
			break
		}
		if err2 == nil || err2 == errNoNode {
			if r, ok := got.([]string); ok && r != nil {
				g.in, g.round = n, r
				return nil
			}
			if g.sure && len(l.tasks) == 0 {
				return noEffect{err}
			}
			return err
		}
		p.news(g.c, within)
	}
	g.tasks = append(g.tasks, g.w.spawn(func(p *Proc) { _ = l.remove(p, s, n) }))
	return err
}

func (g *gate) gather(p *Proc, deadline time.Duration, s *sess, n *node) error {
	passed := g.w.now + 8*time.Millisecond
	for {
		c := p.ready(g.c, deadline)
		if c == nil {
			return errTimeout
		}
		if c != s {
			return errSession
		}
		type look struct {
			of    []*node
			ready []string
		}
		got, err := p.call(g.c, &request{kind: "children", read: func(z int64) any { return look{g.f.in(g.w, z), g.f.at(z)} }}, deadline)
		if err == errTimeout {
			return err
		}
		if err != nil || g.c.sess != s {
			p.news(g.c, deadline)
			continue
		}
		v := got.(look)
		if slices.Contains(v.ready, n.name) {
			g.round = v.ready
			return nil
		}
		if g.defect == "impatient" && g.w.now > passed && g.w.chance(0.1) {
			g.w.Wrong["impatient"]++
			return nil
		}
		if g.defect == "ready-outlives" && len(v.ready) > 0 {
			g.round = v.ready
			return nil
		}
		if len(v.of) >= g.n {
			round := v.of[:g.n]
			_, err := p.call(g.c, &request{kind: "multi", write: func(z int64, _ *sess) (any, error) {
				var names []string
				for _, n := range round {
					if n.d != alive && g.defect != "unchecked" {
						return nil, errNoNode
					}
					names = append(names, n.name)
				}
				last := g.f.at(z)
				if slices.ContainsFunc(g.f.in(g.w, z), func(n *node) bool { return slices.Contains(last, n.name) }) {
					return nil, errVersion // somebody of the last round is still in
				}
				g.f.data = append(g.f.data, data{z, names})
				return nil, nil
			}}, deadline)
			if err == errTimeout {
				return err
			}
			p.news(g.c, deadline)
			continue
		}
		p.news(g.c, deadline)
		if p.w.now >= deadline {
			return errTimeout
		}
	}
}

func (g *gate) leave(p *Proc, deadline time.Duration) error {
	n := g.in
	s := n.mine
	for g.c.sess == s || g.defect == "counts-the-dead" {
		_, err := p.call(g.c, &request{kind: "delete", write: func(z int64, _ *sess) (any, error) { return nil, n.delete(z) }}, deadline)
		if err == nil || err == errNoNode {
			break
		}
		if err == errTimeout {
			g.tasks = append(g.tasks, g.w.spawn(func(p *Proc) {
				l := &lock{w: g.w, c: g.c, f: g.f}
				_ = l.remove(p, s, n)
			}))
			return err
		}
		p.news(g.c, deadline)
	}
	if g.defect == "leaves-at-once" {
		return nil
	}
	for {
		if p.ready(g.c, deadline) == nil {
			return errTimeout
		}
		of, err := p.fenced(g.c, g.f, deadline)
		if err == errTimeout {
			return err
		}
		if err != nil {
			p.news(g.c, deadline)
			continue
		}
		others := slices.ContainsFunc(of, func(o *node) bool { return o != n && slices.Contains(g.round, o.name) })
		if g.defect == "waits-for-one" {
			others = len(of) == len(g.round)
		}
		if !others {
			return nil
		}
		p.news(g.c, deadline)
		if p.w.now >= deadline {
			return errTimeout
		}
	}
}
