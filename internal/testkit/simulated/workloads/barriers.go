package workloads

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/simulated"
)

var (
	_ = world(models.Barrier.Name, func(w *sim, o Options) work { return &barriers{w: w, o: o} })
	_ = world(models.DoubleBarrier.Name, func(w *sim, o Options) work { return &doubleBarriers{w: w, o: o} })
)

// barriers is the workload of a barrier, and the recipe.
type barriers struct {
	w *sim
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
	f := "/" + key
	host := b.w.clients[n%len(b.w.clients)]
	_ = p.do(host, op{f: models.FRaise, key: key, within: opTime, run: func(deadline time.Duration) (any, error) {
		_, err := p.call(host, ask(history.Request{Op: "create", Path: f}), deadline)
		return nil, err
	}})
	var done []*signal
	lifted, lifting := false, false
	polling := b.w.chance(0.5) // waiters ask again and again, so that there is something to see
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
				if b.o.Defect == "no-fence" || b.w.chance(0.5) { // not everybody minds what came of it
					err = nil
				}
				within := bound + opTime
				if polling && !after {
					within = b.w.between(5*time.Millisecond, 30*time.Millisecond)
				}
				if err == nil && p.do(c, op{f: models.FAwait, key: key, within: within, run: func(deadline time.Duration) (any, error) {
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
		if p.do(host, op{f: models.FLift, key: key, within: opTime, run: func(deadline time.Duration) (any, error) {
			lifting = true
			_, err := p.call(host, remove(f), deadline)
			if err == errNoNode {
				err = nil // lifted already
			}
			return nil, err
		}}) == nil {
			break
		}
		p.sleep(50 * time.Millisecond)
	}
	lifted = true
	p.join(never, done...)
}

// await waits until a read shows the barrier down.
func (b *barriers) await(p *Proc, c *conn, f string, deadline time.Duration, lifting *bool) error {
	patience := b.w.now + 15*time.Millisecond
	missed := b.o.Defect == "misses-lift" && b.w.chance(0.1)
	for {
		if p.ready(c, deadline) == nil {
			return errTimeout
		}
		up, err := look(p, c, deadline, func(t simulated.Tree) bool { return t[f] != nil })
		switch {
		case err == errTimeout:
			return err
		case up && *lifting && b.o.Defect == "hears-of-lift":
			b.w.Wrong["heard of it"]++
			return nil
		case err != nil && b.o.Defect == "error-as-down":
			b.w.Wrong["error as down"]++
			return nil
		case err != nil:
			p.news(c, deadline)
			continue
		case !up:
			return nil
		}
		if missed {
			b.w.Wrong["missed"]++
			p.wait(deadline)
			return errTimeout
		}
		if b.o.Defect == "times-out-as-ok" {
			p.gone(c, min(deadline, patience), f)
			if p.w.now >= patience {
				return nil
			}
		}
		p.gone(c, deadline, f)
		if p.w.now >= deadline {
			return errTimeout
		}
	}
}

// doubleBarriers is the workload of a double barrier, and the recipe: a round is formed
// by one multi that checks each member's znode and writes their names.
type doubleBarriers struct {
	w *sim
	o Options
}

// member is one client's double barrier of one round.
type member struct {
	w      *sim
	c      *conn
	f      string // the folder
	n      int    // parties
	defect string
	sure   bool
	tries  int
	in     *child
	mine   *sess // in which it is in
	round  []string
	tasks  []*signal
	last   int // its last call among the stays
	stay   *stay
}

func (g *doubleBarriers) load(p *Proc, until time.Duration) {
	for n := 1; p.w.now < until; n++ {
		g.play(p, n)
	}
}

func (g *doubleBarriers) quiesce(*Proc) {}

func (g *doubleBarriers) play(p *Proc, n int) {
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
	var died []*member // inside
	for i, c := range w.clients {
		late := w.between(0, 5*time.Millisecond)
		if i == straggler {
			late = w.between(50*time.Millisecond, 300*time.Millisecond)
		}
		gt := &member{w: w, c: c, f: f, n: len(w.clients), defect: g.o.Defect, sure: sure}
		done = append(done, w.spawn(func(p *Proc) {
			p.sleep(late)
			if g.enter(p, gt, key, &passed, &stays) {
				p.sleep(w.between(time.Millisecond, 20*time.Millisecond))
				g.leave(p, gt, key, stays)
				if gt.mine.dead {
					died = append(died, gt)
				}
			}
			p.join(w.now+bound, gt.tasks...)
		}))
	}
	p.join(never, done...)
	g.comeAgain(p, died, key, &stays)
	for _, st := range stays {
		if st.passed && st.most(stays) < len(w.clients) {
			w.Wrong["entered short"]++
		}
	}
}

func (g *doubleBarriers) leave(p *Proc, gt *member, key string, stays []*stay) {
	_ = p.touch(gt.c, g.w.now+opTime)
	_ = p.do(gt.c, op{f: models.FLeave, key: key, within: bound + opTime, run: func(deadline time.Duration) (any, error) {
		return nil, gt.leave(p, deadline)
	}})
	stays[gt.last].to = g.w.now
}

// comeAgain has members that died inside come when the round is over, fewer than it takes.
func (g *doubleBarriers) comeAgain(p *Proc, died []*member, key string, stays *[]*stay) {
	if len(died) == len(g.w.clients) {
		died = died[1:]
	}
	var done []*signal
	for _, gt := range died {
		done = append(done, g.w.spawn(func(p *Proc) {
			_ = p.touch(gt.c, g.w.now+opTime)
			if g.attempt(p, gt, key, 300*time.Millisecond, stays) == nil {
				g.leave(p, gt, key, *stays)
			}
			p.join(g.w.now+bound, gt.tasks...)
		}))
	}
	p.join(never, done...)
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

// attempt is one call.
func (g *doubleBarriers) attempt(p *Proc, gt *member, key string, patience time.Duration, stays *[]*stay) error {
	st := &stay{from: g.w.now, ret: never, to: never, s: gt.c.sess}
	if st.s == nil {
		st.s = &sess{}
	}
	gt.last, gt.stay, gt.in = len(*stays), st, nil
	*stays = append(*stays, st)
	err := p.do(gt.c, op{
		f: models.FEnter, key: key, within: patience,
		run: func(deadline time.Duration) (any, error) { return nil, gt.enter(p, deadline) },
		owner: func() *sess {
			if gt.in == nil {
				return nil
			}
			return gt.mine
		},
	})
	switch {
	case err == nil:
		st.s, st.passed, st.ret = gt.mine, true, g.w.now
	case gt.c.sess != st.s:
		st.s = &sess{} // what it made may belong to either session
	}
	return err
}

func (g *doubleBarriers) enter(p *Proc, gt *member, key string, passed *int, stays *[]*stay) bool {
	w, c := g.w, gt.c
	patience := opTime
	if w.chance(0.05) {
		patience = w.between(time.Millisecond, 10*time.Millisecond)
	}
	away := w.between(50*time.Millisecond, 300*time.Millisecond)
	for range 10 {
		s := c.sess
		if g.attempt(p, gt, key, patience, stays) == nil {
			*passed++
			return true
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

func (g *member) enter(p *Proc, deadline time.Duration) error {
	if g.defect != "counted-twice" && !p.join(deadline, g.tasks...) {
		return noEffect{errTimeout}
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
		g.in, g.mine = n, s
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
		var in []string
		_, err2 := p.call(g.c, &request{kind: "multi", write: func(lead simulated.Tree) history.Request {
			if in = g.roster(lead); slices.Contains(in, n.name) {
				return fence()
			}
			in = nil
			return history.Request{Op: "multi", Parts: []history.Request{{Op: "delete", Path: n.path}}}
		}}, within)
		if err2 == errTimeout {
			break
		}
		if err2 == nil || err2 == errNoNode {
			if in != nil {
				g.in, g.mine, g.round = n, s, in
				return nil
			}
			if g.sure && len(l.tasks) == 0 {
				return noEffect{err}
			}
			return err
		}
		p.news(g.c, within)
	}
	g.withdraw(s, n)
	return err
}

// roster is who is in the present round.
func (g *member) roster(t simulated.Tree) []string { return strings.Fields(string(t[g.f].Data)) }

func (g *member) gather(p *Proc, deadline time.Duration, s *sess, n *child) error {
	passed := g.w.now + 8*time.Millisecond
	for {
		c := p.ready(g.c, deadline)
		if c == nil {
			return errTimeout
		}
		if c != s {
			return errSession
		}
		type view struct {
			of    []child
			ready []string
		}
		v, err := look(p, g.c, deadline, func(t simulated.Tree) view { return view{children(t, g.f), g.roster(t)} })
		if err == errTimeout {
			return err
		}
		if err != nil || g.c.sess != s {
			p.news(g.c, deadline)
			continue
		}
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
			_, err := p.call(g.c, &request{kind: "multi", write: func(lead simulated.Tree) history.Request {
				return g.form(lead, round)
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

// form is the request that makes a round of members who are all there, when nobody
// of the last one is.
func (g *member) form(lead simulated.Tree, round []child) history.Request {
	r := history.Request{Op: "multi"}
	var names []string
	for _, n := range round {
		names = append(names, n.name)
		if g.defect != "unchecked" {
			r.Parts = append(r.Parts, history.Request{Op: "check", Path: n.path})
		}
	}
	version := lead[g.f].Version
	if last := g.roster(lead); slices.ContainsFunc(children(lead, g.f), func(n child) bool { return slices.Contains(last, n.name) }) {
		version++ // which it cannot be
	}
	r.Parts = append(r.Parts, history.Request{Op: "setData", Path: g.f, Data: []byte(strings.Join(names, " ")), Version: &version})
	return r
}

// withdraw deletes n in the background.
func (g *member) withdraw(s *sess, n *child) {
	g.tasks = append(g.tasks, g.w.spawn(func(p *Proc) { _ = p.delete(g.c, s, n.path, never) }))
}

func (g *member) leave(p *Proc, deadline time.Duration) error {
	n := g.in
	err := p.delete(g.c, g.mine, n.path, deadline)
	for err == errSession && g.defect == "counts-the-dead" {
		if err = errTimeout; p.ready(g.c, deadline) != nil {
			err = p.delete(g.c, g.c.sess, n.path, deadline)
		}
	}
	if err == errTimeout {
		g.withdraw(g.mine, n)
		return err
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
		others := slices.ContainsFunc(of, func(o child) bool { return o.path != n.path && slices.Contains(g.round, o.name) })
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
