package linear

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
)

// decideNested decides a lock that its holder may acquire again like a simple lock, without the
// acquires and releases inside each hold. If a process goes on after an operation with an unknown
// outcome, it is unknown which these are, and porcupine decides.
func decideNested(k *object) finding {
	n, f, ok := k.unnest()
	switch {
	case f.result != "":
		return f
	case !ok:
		return inapplicable("a process goes on after an operation with an unknown outcome")
	}
	f = decideHolds(n.outer)
	f.counterexample = n.whole(k, f.counterexample)
	return f
}

// nesting is a lock without the operations inside holds.
type nesting struct {
	outer *object
	from  []int32 // by operation of outer: its place in the complete lock
	holds []int32 // by operation of the lock: the acquire that begins its hold
}

// nest is the present hold of a process.
type nest struct {
	depth   int   // acquires that are not released yet
	acquire int32 // the outermost acquire; none
	outer   int32 // its place in outer
	over    bool  // the last operation of the process had an unknown outcome
}

// unnest leaves out the operations inside holds. ok is false if it is not certain which
// these are.
func (k *object) unnest() (n *nesting, f finding, ok bool) {
	copied := *k
	n = &nesting{outer: &copied, holds: make([]int32, len(k.ops))}
	n.outer.ops = nil
	processes := k.processes()
	nests := make([]nest, len(processes.list))
	for i := range nests {
		nests[i] = nest{acquire: none}
	}
	for i := range k.ops {
		i, o := int32(i), &k.ops[i]
		p := &nests[processes.of(o.process)]
		if p.over {
			return nil, finding{}, false
		}
		p.over = o.unknown()
		inner := p.depth > 1 || p.depth == 1 && o.code == acquire
		if o.code == acquire && p.depth == 0 {
			p.acquire, p.outer = i, int32(len(n.from))
		}
		n.holds[i] = p.acquire
		if !inner {
			n.from, n.outer.ops = append(n.from, i), append(n.outer.ops, *o)
		}
		switch {
		case o.unknown():
		case o.code == release && p.depth == 0:
			return nil, k.oneTooMany(i), true
		case o.code == release:
			p.depth--
		case inner && o.b != 0 && !n.tell(p.outer, o.b):
			return nil, n.otherToken(k, i), true
		default:
			p.depth++
		}
	}
	return n, finding{}, true
}

// oneTooMany reports a release by a process that held nothing. The counterexample needs all its
// releases: without one of them, it might have acquired more often than it released.
func (k *object) oneTooMany(i int32) finding {
	var releases []int32
	for at := range k.ops[:i+1] {
		if o := &k.ops[at]; o.code == release && o.process == k.ops[i].process {
			releases = append(releases, int32(at))
		}
	}
	return violation(byHolds, releases, "%s released what it did not hold: %s", k.who(i), k.span(i))
}

// tell records the token of a hold. It returns false if the hold has another token, since it may
// have only one.
func (n *nesting) tell(outer, token int32) bool {
	o := &n.outer.ops[outer]
	if o.b == 0 {
		o.b = token
	}
	return o.b == token
}

// otherToken reports an acquire inside a hold that shows another token.
func (n *nesting) otherToken(k *object, i int32) finding {
	var counterexample []int32
	token := int32(0)
	for at := range k.ops[:i+1] {
		if n.holds[at] == n.holds[i] {
			counterexample = append(counterexample, int32(at))
			if token == 0 {
				token = k.ops[at].b
			}
		}
	}
	return violation(byHolds, counterexample, "%s, which held the lock with the token %s, acquired it again by %s with the token %s",
		k.who(i), k.value(token), k.at(k.ops[i].ret), k.value(k.ops[i].b))
}

// whole returns the operations of a counterexample, with all operations inside their holds. If
// two of the holds are of one process, all releases before the second show that they are
// different holds.
func (n *nesting) whole(k *object, counterexample []int32) (is []int32) {
	begun := map[int32]int32{} // by process: the acquire that begins its hold
	for _, w := range counterexample {
		at := n.from[w]
		begin, process := n.holds[at], k.ops[at].process
		before, has := begun[process]
		begun[process] = begin
		is = append(is, at)
		for i, hold := range n.holds {
			o := &k.ops[i]
			if hold == begin && begin != none || has && before != begin && o.process == process && o.code == release && int32(i) < at {
				is = append(is, int32(i))
			}
		}
	}
	slices.Sort(is)
	return slices.Compact(is)
}

// tokens finds two holds of a fenced lock such that the later one does not have the
// greater token.
func (k *object) tokens(holds []hold) finding {
	var last *hold
	for i := range holds {
		h := &holds[i]
		token := k.ops[h.acquire].b
		if token == 0 {
			continue
		}
		if last != nil && k.number(token) <= k.number(k.ops[last.acquire].b) {
			return violation(byHolds, []int32{last.acquire, last.release, h.acquire}, "%s was granted the lock with the token %s by %s, and after that %s by %s with the token %s, which is not greater",
				k.who(last.acquire), k.value(k.ops[last.acquire].b), k.at(last.from), k.who(h.acquire), k.at(h.from), k.value(token))
		}
		last = h
	}
	return finding{}
}

func (k *object) number(v int32) int64 { return k.h.values.list[v].number }

// nestedLock is a lock whose holder may acquire it again, or that has tokens, or both.
type nestedLock struct {
	k   *object
	ids map[nested]int64
	all []nested
}

// nested is the state of a lock that its holder may acquire again.
type nested struct {
	owner   int32 // the number of a process; none
	depth   int32
	token   int32 // of the present hold: a value, or 0
	highest int32 // of all holds: a value, or 0
}

func newNested(k *object) machine {
	m := &nestedLock{k: k, ids: map[nested]int64{}}
	m.id(nested{owner: none})
	return m
}

func (m *nestedLock) initial() int64      { return 0 }
func (m *nestedLock) size() int64         { return 60 * int64(len(m.all)) }
func (m *nestedLock) starts([]op) []int64 { return nil }

func (m *nestedLock) id(s nested) int64 {
	id, ok := m.ids[s]
	if !ok {
		id = int64(len(m.all))
		m.ids[s] = id
		m.all = append(m.all, s)
	}
	return id
}

func (m *nestedLock) step(state int64, o *op) (int64, bool) {
	s := m.all[state]
	switch {
	case o.code == release:
		if s.owner != o.process {
			return state, false
		}
		if s.depth--; s.depth == 0 {
			s.owner, s.token = none, 0
		}
		return m.id(s), true
	case s.owner != none && (s.owner != o.process || !m.k.h.Model.kind.nests):
		return state, false
	case o.b != 0 && s.token != 0 && o.b != s.token:
		return state, false
	case o.b != 0 && s.token == 0:
		if s.highest != 0 && m.k.number(o.b) <= m.k.number(s.highest) {
			return state, false
		}
		s.token, s.highest = o.b, o.b
	}
	s.owner = o.process
	s.depth++
	return m.id(s), true
}

// loadFenced is like loadPermits, and also reads the token that an acquire returned.
func loadFenced(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	if e.Type != history.OK || e.F != "acquire" {
		return loadPermits(l, o, e, v)
	}
	token, err := l.argument(v, "token", "fence")
	switch {
	case err != nil:
		return err
	case token.Kind == foreign.Map: // a map that contains other things
		return l.passOver(token)
	case token.Kind != foreign.Nil && token.Kind != foreign.Int:
		return fmt.Errorf("the token is %s: expected a whole number, or nil if there is none%s", token, orLoose(token))
	}
	o.b = l.h.values.of(token)
	return nil
}
