package crosscheck

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// This file checks what a group must show in time to clients that are connected.

// spans returns when a client was connected. A client whose connections the record does
// not tell was always connected.
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

// shared returns for how long two clients were connected between two moments: at a stretch that
// lasted until the second moment, and altogether.
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

// crashed returns when a client's process was first killed after a moment.
func (h record) crashed(client int, after int64) int64 {
	for _, f := range h.facts {
		if f.f == history.FExited && f.client == client && f.at >= after {
			return f.at
		}
	}
	return never
}

// missed tells whether a list lacks a member that was certainly there and had to be shown: the list
// was asked for long after the member joined, and both clients were connected until it was
// answered.
func (g group) missed(m joined, l look) string {
	killed := g.crashed(m.join.client, m.join.inv) <= l.ret
	leaves := slices.ContainsFunc(m.leaves, func(o op) bool { return o.inv <= l.ret })
	if m.join.out != ok || leaves || slices.Contains(l.shown, m.name) {
		return valid
	}
	answer := g.overdue(m.join.ret, m.join.client, l, bound)
	if answer == violation && killed {
		return unknown
	}
	return answer
}

// stayed tells whether a list shows a member for long after its client crashed. Nothing is required
// of a member that had left before, or whose join was not answered.
func (g group) stayed(m joined, l look) string {
	killed := g.crashed(m.join.client, m.join.inv)
	if killed > l.ret || !slices.Contains(l.shown, m.name) {
		return valid
	}
	answer := g.overdue(killed, l.client, l, bound)
	left := slices.ContainsFunc(m.leaves, func(o op) bool { return o.out == ok })
	if answer == violation && (left || m.join.out != ok) {
		return unknown
	}
	return answer
}

// overdue tells whether a look was asked for longer than patience after a moment, counting the time in
// which its client and another one were connected.
func (g group) overdue(since int64, peer int, l look, patience int64) string {
	if g.loaded() == never || patience == never {
		return valid
	}
	since = max(since, g.loaded())
	stretch, _ := g.shared(l.client, peer, since, l.inv)
	_, whole := g.shared(l.client, peer, since, l.ret)
	steady, _ := g.shared(l.client, peer, l.inv, l.ret)
	switch {
	case since > l.inv || whole <= patience:
		return valid
	case stretch > patience && steady == l.ret-l.inv:
		return violation
	}
	return unknown
}

// parted is a member that must go, since its join or a leave ended: the join with an error, or the
// leave with any outcome except that it certainly had no effect.
type parted struct {
	join, end op
	left      bool // it has certainly left
}

// parted returns the members that must go, among all that any client asked to join as. Each must go
// from the first such end on: a leave ends the membership even if it fails, and after an error of
// the join there is no membership to begin with.
func (h record) parted(key string) map[string]parted {
	joins, all := map[string]op{}, map[string]parted{}
	goes := func(name string, end op, left bool) {
		one, is := all[name]
		if !is {
			one = parted{join: joins[name], end: end}
		}
		one.left = one.left || left
		all[name] = one
	}
	for _, o := range h.ops {
		if o.key != key || o.arg == "" {
			continue
		}
		name := joiner(o)
		_, asked := joins[name]
		switch isJoin := o.f == models.FJoin || o.f == models.FRegister; {
		case isJoin:
			joins[name] = o
			if o.out == info || o.out == fail {
				goes(name, o, false)
			}
		case o.out == ok || o.out == info:
			if !asked { // that violates real
				joins[name] = op{client: o.client, f: models.FJoin, arg: o.arg, inv: o.inv, ret: o.inv, out: fail}
			}
			goes(name, o, o.out == ok)
		}
	}
	return all
}

// ghosts tells whether lists show members that should have gone more than patience before.
func (g group) ghosts(patience int64) string {
	all := answers{"": valid}
	for name, p := range g.parted(g.key) {
		for _, l := range g.looks {
			if !isList(l.op) || !slices.Contains(l.shown, name) {
				continue
			}
			answer := g.overdue(p.end.ret, p.join.client, l, patience)
			if answer == violation && g.perhaps(p, l) {
				answer = unknown
			}
			if answer == valid && patience == bound && p.left && g.overdue(p.end.ret, l.client, l, bound) != valid {
				answer = unknown // the text requires that both clients were connected, although the one that left has nothing left to do
			}
			all.worse("", answer)
		}
	}
	return all[""]
}

// perhaps reports whether the text does not say if a list may show a member that must go: its
// client crashed at any time, it left again, so that the time may start again, or its join
// certainly had no effect, which violates real.
func (g group) perhaps(p parted, l look) bool {
	again := slices.ContainsFunc(g.members, func(m joined) bool {
		return m.name == joiner(p.join) && slices.ContainsFunc(m.leaves, func(o op) bool { return o != p.end && o.inv >= p.end.inv && o.inv <= l.ret })
	})
	return again || p.join.out == fail || g.crashed(p.join.client, p.join.inv) < never
}

// inTime returns the answers for converge and gone, as far as lists show them, if what is left of a
// member may stay for patience. The waits and picks of clients are not checked here.
func (h record) inTime(patience int64) answers {
	all := answers{"converge": valid}
	died := slices.ContainsFunc(h.facts, func(f fact) bool { return f.f == history.FExited })
	for _, key := range keysOf(h.ops) {
		g := h.group(key)
		all.worse("real", verdict(!g.real()))
		all.worse("converge", g.ghosts(patience))
		for _, l := range g.looks {
			for _, m := range g.members {
				if !isList(l.op) || m.join.inv > l.ret {
					continue
				}
				all.worse("converge", g.missed(m, l))
				if died {
					all.worse("gone", g.stayed(m, l))
				}
			}
		}
	}
	return all
}

// ownLateGroup generates groups in which seconds pass, and lists that may show what they
// should not.
func ownLateGroup(model string) func(r *rand.Rand) record {
	return func(r *rand.Rand) record {
		h := record{model: model, order: r.Uint64(), ops: calls(r, 2+r.IntN(6), 2)}
		if !chance(r, 4) {
			for i := range h.ops {
				h.ops[i].out = pick(r, h.ops[i].out, ok, info) // errors are rare in the other tests
			}
		}
		s := newGathering(&h, r)
		s.keys, s.kinds = []string{"k"}, looksAre[:1]
		s.ask()
		if chance(r, 3) {
			s.part()
		}
		late := int64(5 + r.IntN(16))
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

// part puts a member before all others, which leaves with any outcome.
func (s *gathering) part() {
	c, name := s.r.IntN(2), asJSON(models.Joining{Member: "p"})
	first := []op{
		{client: c, f: s.named(models.FJoin, models.FRegister), arg: name, ret: int64(s.r.IntN(2)), out: ok},
		{client: c, f: s.named(models.FLeave, models.FUnregister), arg: name, inv: 2, ret: 2 + int64(s.r.IntN(3)), out: pick(s.r, ok, info, info, info, fail)},
	}
	for i := range first {
		first[i].key = s.keys[0]
	}
	s.ops = slices.Concat(first, s.ops)
}

// someOf returns some members that have begun to join before an operation, mostly without those
// that have begun to leave, or whose joins ended in an error.
func (s *gathering) someOf(place int) []string {
	in := map[string]bool{}
	for _, o := range s.ops {
		joins := o.f == models.FJoin || o.f == models.FRegister
		if o.arg != "" && o.inv <= s.ops[place].ret && (joins || o.out != fail) {
			in[joiner(o)] = joins && !chance(s.r, 8) || !joins && chance(s.r, 3)
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

// kill ends a client's process after all that it did.
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

// unleft returns the record without leaves of unknown outcome.
func (h record) unleft() record {
	h.ops = slices.DeleteFunc(slices.Clone(h.ops), func(o op) bool {
		return (o.f == models.FLeave || o.f == models.FUnregister) && o.out == info
	})
	return h
}

// haunted reports whether any list shows a member that should have gone.
func (h record) haunted() bool {
	return slices.ContainsFunc(keysOf(h.ops), func(key string) bool { return h.group(key).ghosts(bound) == violation })
}

// goInTime compares groups, and counts the histories in which the time limit for what is left of
// members matters: it may stay until the limit, and no longer.
func goInTime(t *testing.T, name, model string) {
	all, late, inTime, leaves := 0, 0, 0, 0
	own{name: name, generate: ownLateGroup(model), ours: func(h record) answers {
		now := h.inTime(bound)
		all++
		if now["converge"] == violation && h.inTime(never)["converge"] != violation {
			late++
			if !h.unleft().haunted() {
				leaves++
			}
		}
		if now["converge"] != violation && h.inTime(0)["converge"] == violation {
			inTime++
		}
		return now
	}, agree: exact}.compare(t)
	t.Logf("%s: because members went in time, or might not have yet, %d histories are wrong, %d of them by leaves, and %d are not", name, late, leaves, inTime)
	if all >= usual && (leaves < all/200 || late-leaves < all/200 || inTime < all/200) {
		t.Errorf("%s: in too few of %d histories it mattered that members go", name, all)
	}
}

func TestLateGroups(t *testing.T) {
	goInTime(t, "membership in time", models.Membership.Name)
	goInTime(t, "discovery in time", models.Discovery.Name)
}
