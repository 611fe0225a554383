package crosscheck

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// What a group has to show after some time, to those who are connected.

// spans are when a client was connected; one of which the record does not tell always was.
func (h record) spans(client int) []span {
	var all []span
	if !h.tellsOf(client) {
		return []span{{0, never}}
	}
	up := false
	for _, f := range h.facts {
		switch {
		case f.client != client:
		case f.f == history.FConnected && !up:
			all, up = append(all, span{f.at, never}), true
		case f.f != history.FConnected && f.f != history.FStarted && up:
			all[len(all)-1].to, up = f.at, false
		}
	}
	return all
}

// shared is for how long two clients were connected between two moments: at a stretch that lasted
// until the second one, and altogether.
func (h record) shared(a, b int, from, to int64) (stretch, whole int64) {
	for _, x := range h.spans(a) {
		for _, y := range h.spans(b) {
			lasted := min(x.to, y.to, to) - max(x.from, y.from, from)
			if lasted <= 0 {
				continue
			}
			whole += lasted
			if min(x.to, y.to) >= to {
				stretch = lasted
			}
		}
	}
	return stretch, whole
}

// crashed is when a client's process was first killed after a moment.
func (h record) crashed(client int, after int64) int64 {
	for _, f := range h.facts {
		if f.f == history.FExited && f.client == client && f.at >= after {
			return f.at
		}
	}
	return never
}

// overdue compares what a list shows of a member with what it should by then, if it was asked for
// long after that became certain, and both clients were connected until it had been answered.
// What is due is certain: that it joined, left, or was its client's who was killed.
func (g group) overdue(m joined, l look, gone bool) string {
	j := m.join
	from, due, peer := j.ret, true, j.client
	killed := g.crashed(j.client, j.inv)
	for _, o := range m.leaves {
		if o.out == ok && o.ret < l.inv {
			from, due = o.ret, false
		} else if o.inv <= l.ret {
			return undecidedAs(gone) // nobody knows, or not yet
		}
	}
	if gone != (killed <= l.ret) {
		return undecidedAs(gone)
	}
	if gone {
		if !due {
			return unknown
		}
		from, due, peer = killed, false, l.client
	}
	if slices.Contains(l.shown, m.name) == due || j.out != ok && due {
		return valid
	}
	from = max(from, g.loaded())
	if g.loaded() == never || from > l.inv {
		return valid
	}
	stretch, _ := g.shared(l.client, peer, from, l.inv)
	_, whole := g.shared(l.client, peer, from, l.ret)
	steady, _ := g.shared(l.client, peer, l.inv, l.ret)
	switch {
	case whole <= bound:
		return valid
	case stretch > bound && j.out == ok && (steady == l.ret-l.inv):
		return violation
	}
	return unknown
}

// undecidedAs is the answer where a property has nothing to say, unless another one has.
func undecidedAs(gone bool) string {
	if gone {
		return valid
	}
	return unknown
}

// lateAnswers are converge and gone, of lists. What somebody waits for, and picks, is not asked here.
func lateAnswers(h record) answers {
	all := answers{"converge": valid}
	died := slices.ContainsFunc(h.facts, func(f fact) bool { return f.f == history.FExited })
	for _, key := range keysOf(h.ops) {
		g := h.group(key)
		for _, l := range g.looks {
			for _, m := range g.members {
				if !isList(l.op) || m.join.inv > l.ret {
					continue
				}
				all.worse("converge", g.overdue(m, l, false))
				if died {
					all.worse("gone", g.overdue(m, l, true))
				}
			}
		}
	}
	return all
}

// ownLateGroup generates groups in which seconds pass, and lists show what they should or not.
func ownLateGroup(model string) func(r *rand.Rand) record {
	return func(r *rand.Rand) record {
		h := record{model: model, order: r.Uint64(), ops: calls(r, 2+r.IntN(6), 2)}
		s := newGathering(&h, r)
		s.keys, s.kinds = []string{"k"}, looksAre[:1]
		s.ask()
		late := int64(5 + r.IntN(12))
		for i := range h.ops {
			if o := &h.ops[i]; isList(*o) || chance(r, 4) {
				o.inv, o.ret = o.inv+late, o.ret+late
			}
		}
		h.inOrder()
		for i := range h.ops {
			o := &h.ops[i]
			o.with.session, o.with.owner = int64(0x10+o.client), int64(0x10+o.client)
			if isList(*o) && o.out == ok {
				o.res = asJSON(models.Members{Members: s.someOf(i)})
			}
		}
		h.facts = append(h.facts, fact{at: int64(r.IntN(3)), of: history.Nemesis, client: -1, f: history.FPhase, value: history.Phase{Name: history.PhaseLoad}})
		v := &voting{record: &h, r: r, unit: 1e9}
		for c := range 2 {
			v.connect(c, int64(0x10+c))
		}
		if c := r.IntN(2); chance(r, 3) {
			s.kill(c)
		}
		slices.SortStableFunc(h.facts, func(a, b fact) int { return int(a.at - b.at) })
		h.place(v.unit, pick[int64](r, 0, 1, 1<<53))
		return h
	}
}

// someOf are those who have begun to join before an operation: mostly without those who began to leave.
func (s *gathering) someOf(place int) []string {
	in := map[string]bool{}
	for _, o := range s.ops {
		if o.arg != "" && o.inv <= s.ops[place].ret {
			in[joiner(o)] = !chance(s.r, 8) && (o.f == models.FJoin || o.f == models.FRegister)
		}
	}
	all := []string{}
	for name, is := range in {
		if is {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// kill ends a client's process behind all that it did.
func (s *gathering) kill(c int) {
	at := int64(0)
	for i, o := range s.ops {
		if o.client == c && (i < len(s.ops)/2 || !isList(o)) {
			at = max(at, o.ret+1)
		}
	}
	s.ops = slices.DeleteFunc(s.ops, func(o op) bool { return o.client == c && o.ret >= at })
	s.facts = slices.DeleteFunc(s.facts, func(f fact) bool { return f.client == c && f.at >= at })
	s.facts = append(s.facts, fact{at: at, of: history.SessionProcess, client: c, session: int64(0x10 + c), f: history.FExited, value: history.Exited{By: history.ByCrash}})
}

func TestLateGroups(t *testing.T) {
	own{name: "membership in time", generate: ownLateGroup(models.Membership.Name), ours: lateAnswers, agree: exact}.compare(t)
	own{name: "discovery in time", generate: ownLateGroup(models.Discovery.Name), ours: lateAnswers, agree: exact}.compare(t)
}
