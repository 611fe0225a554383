package linear

import (
	"fmt"
	"slices"
	"strings"
)

const byPairs = "pairs and deadlines"

// A queue of values that are all different is decided by what can be wrong with
// it (Henzinger, Sezgin and Vafeiadis 2013; Bouajjani and others 2015): a value
// that came from nowhere or came twice; a pair that came out in the wrong order;
// a value that was overtaken by later ones, and that too few dequeues with an
// unknown outcome can have taken; a dequeue that found nothing though there was
// something all the time.
func decideQueue(k *object) finding {
	q, f := k.readItems()
	if f.result != "" || f.reason != "" {
		return f
	}
	if f := q.pairs(); f.result != "" {
		return f
	}
	if f := q.gone(); f.result != "" {
		return f
	}
	return q.empty(byPairs)
}

// items are what happened to each value of a queue, by the value's number.
type items struct {
	k       *object
	n       *numbers
	in, out []int32 // its enqueue and dequeue, none
	unknown []int32 // dequeues with an unknown outcome, by invocation
	empties []int32
}

// readItems finds the two operations of each value. The finding says that there
// is more than one of a sort.
func (k *object) readItems() (*items, finding) {
	q := &items{k: k, n: k.numbers()}
	for i := range k.ops {
		o, i := &k.ops[i], int32(i)
		switch {
		case o.code == dequeue && o.unknown():
			q.unknown = append(q.unknown, i)
			continue
		case o.code == dequeue && o.a == 0:
			q.empties = append(q.empties, i)
			continue
		}
		v := q.n.of(o.a)
		for int(v) >= len(q.in) {
			q.in, q.out = append(q.in, none), append(q.out, none)
		}
		if o.code == enqueue {
			if q.in[v] != none {
				return nil, inapplicable("the value %s was enqueued more than once", k.value(o.a))
			}
			q.in[v] = i
		}
	}
	for i := range k.ops {
		o, i := &k.ops[i], int32(i)
		if o.code != dequeue || o.unknown() || o.a == 0 {
			continue
		}
		v := q.n.of(o.a)
		switch {
		case q.in[v] == none:
			return nil, violation(byPairs, []int32{i}, "%s: nobody had enqueued that", k.span(i))
		case q.out[v] != none:
			return nil, violation(byPairs, []int32{q.in[v], q.out[v], i}, "%s came out twice: %s, %s", k.value(o.a), k.span(q.out[v]), k.span(i))
		case o.ret < k.ops[q.in[v]].inv:
			return nil, violation(byPairs, []int32{q.in[v], i}, "%s came out before it went in: %s, %s", k.value(o.a), k.span(i), k.span(q.in[v]))
		}
		q.out[v] = i
	}
	for v, in := range q.in {
		if in != none && k.ops[in].unknown() && q.out[v] == none {
			q.in[v] = none // it may never have happened
		}
	}
	return q, finding{}
}

// by sorts values by a rank that no two of them have in common.
func (q *items) by(keep func(v int32) bool, rank func(v int32) int32) []int32 {
	at := make([]int32, len(q.k.ranks)+1)
	for v := range q.in {
		if v := int32(v); q.in[v] != none && keep(v) {
			if r := rank(v); r != never {
				at[r] = v + 1
			}
		}
	}
	out := at[:0]
	for _, v := range at {
		if v != 0 {
			out = append(out, v-1)
		}
	}
	return out
}

func (q *items) taken(v int32) bool { return q.out[v] != none }

// called are the values that came out, by the invocation of their enqueue.
func (q *items) called() []int32 {
	return q.by(q.taken, func(v int32) int32 { return q.k.ops[q.in[v]].inv })
}

// pairs looks for two values that came out in the wrong order.
func (q *items) pairs() finding {
	k := q.k
	called := q.called()
	// By enqueue's return: an unknown enqueue ended by the time its value came out,
	// which is too late to matter here.
	entered := q.by(q.taken, func(v int32) int32 { return k.ops[q.in[v]].ret })
	latest := int32(none) // of those that were in before y, the one whose dequeue began last
	i := 0
	for _, y := range called {
		for ; i < len(entered) && k.ops[q.in[entered[i]]].ret < k.ops[q.in[y]].inv; i++ {
			if x := entered[i]; latest == none || k.ops[q.out[x]].inv > k.ops[q.out[latest]].inv {
				latest = x
			}
		}
		if latest != none && k.ops[q.out[latest]].inv > k.ops[q.out[y]].ret {
			x := latest
			return violation(byPairs, []int32{q.in[x], q.out[x], q.in[y], q.out[y]}, "%s went in before %s, but came out after it: %s",
				k.value(q.n.list[x]), k.value(q.n.list[y]), k.spans([]int32{q.in[x], q.in[y], q.out[y], q.out[x]}))
		}
	}
	return finding{}
}

// goner is a value that must have been taken by an unknown dequeue.
type goner struct {
	item     int32
	deadline int32
	shown    []int32 // the operations that set the deadline
}

// gone looks for values that went in for certain, never came out, and cannot be
// there any more, since a later one came out. Unknown dequeues can have taken
// them if, both sorted, the i-th began before the i-th deadline.
func (q *items) gone() finding {
	k := q.k
	called := q.called()
	first := make([]int32, len(called)) // of called[i:], the one that came out first
	for i := len(called) - 1; i >= 0; i-- {
		first[i] = called[i]
		if i+1 < len(called) && k.ops[q.out[first[i+1]]].ret < k.ops[q.out[called[i]]].ret {
			first[i] = first[i+1]
		}
	}
	var gone []goner
	for v := range q.in {
		if q.in[v] == none || q.out[v] != none {
			continue
		}
		ret := k.ops[q.in[v]].ret
		i, _ := slices.BinarySearchFunc(called, ret, func(y, t int32) int { return int(k.ops[q.in[y]].inv) - int(t) })
		if i < len(called) {
			y := first[i]
			gone = append(gone, goner{int32(v), k.ops[q.out[y]].ret, []int32{q.in[y], q.out[y]}})
		}
	}
	_, f := q.inTime(gone)
	return f
}

// inTime says whether unknown dequeues can have taken what is gone; it gives
// what is gone by deadline. If they cannot, it tells so.
func (q *items) inTime(gone []goner) ([]goner, finding) {
	slices.SortFunc(gone, func(x, y goner) int { return int(x.deadline) - int(y.deadline) })
	for i, g := range gone {
		if i >= len(q.unknown) || q.k.ops[q.unknown[i]].inv >= g.deadline {
			return gone, q.lost(gone[:i+1])
		}
	}
	return gone, finding{}
}

// lost tells of values of which too few can have been taken.
func (q *items) lost(gone []goner) finding {
	k := q.k
	last := gone[len(gone)-1]
	witness := append([]int32{q.in[last.item]}, last.shown...)
	name := k.value(q.n.list[last.item])
	if len(gone) == 1 {
		return violation(byPairs, witness, "%s went in and never came out, though %s: %s; no dequeue with an unknown outcome had begun by then",
			name, q.passed(last), k.spans(witness))
	}
	for _, g := range gone[:len(gone)-1] {
		witness = append(append(witness, q.in[g.item]), g.shown...)
	}
	return violation(byPairs, witness, "%s never came out, %s the last of them, though %s by %s; only %s with an unknown outcome had begun by then",
		plural(len(gone), "value"), name, q.passed(last), k.at(last.deadline), plural(len(gone)-1, "dequeue"))
}

// passed says what a value missed.
func (q *items) passed(g goner) string {
	k := q.k
	if len(g.shown) == 1 {
		return "the queue was found empty"
	}
	relation := "went in after it"
	if k.h.Model.kind.name == "priority-queue" {
		relation = "is worse"
	}
	return k.value(k.ops[g.shown[0]].a) + ", which " + relation + ", came out"
}

// empty looks for a dequeue that found nothing though at each moment of it
// something was there: a value that came out later, or more values that never
// came out than unknown dequeues had begun to take. Both are true of a moment
// whatever is chosen for other moments: unknown dequeues can take what went in
// first, each as soon as it begins.
func (q *items) empty(decider string) finding {
	if len(q.empties) == 0 {
		return valid(decider)
	}
	p := q.presence()
	next := int32(len(p.there)) // of each moment on, the first one with nothing there
	free := make([]int32, len(p.there))
	for g := int32(len(p.there)) - 1; g >= 0; g-- {
		if p.there[g] == none && p.left[g] <= p.begun[g] {
			next = g
		}
		free[g] = next
	}
	for _, e := range q.empties {
		if free[q.k.ops[e].inv] >= q.k.ops[e].ret {
			return q.notEmpty(e, p, decider)
		}
	}
	return valid(decider)
}

// presence is what was in a queue between each rank and the next.
type presence struct {
	there []int32 // of the values that came out, one that is there for longest; none
	left  []int32 // how many values that never came out are in
	begun []int32 // how many unknown dequeues had begun
	never []int32 // the values that never came out, in the order in which they went in
}

func (q *items) presence() presence {
	k := q.k
	n := len(k.ranks) + 1
	p := presence{there: make([]int32, n), left: make([]int32, n), begun: make([]int32, n)}
	for g := range p.there {
		p.there[g] = none
	}
	for v := range q.in {
		switch v, in, out := int32(v), q.in[v], q.out[v]; {
		case in == none:
		case out == none:
			p.left[k.ops[in].ret]++
			p.never = append(p.never, v)
		case k.ops[in].ret < k.ops[out].inv:
			p.there[k.ops[in].ret] = v
		}
	}
	slices.SortFunc(p.never, func(x, y int32) int { return int(k.ops[q.in[x]].ret) - int(k.ops[q.in[y]].ret) })
	for _, u := range q.unknown {
		p.begun[k.ops[u].inv]++
	}
	longest := int32(none)
	for g := range p.there {
		if g > 0 {
			p.left[g] += p.left[g-1]
			p.begun[g] += p.begun[g-1]
		}
		if v := p.there[g]; v != none && (longest == none || q.until(v) > q.until(longest)) {
			longest = v
		}
		if longest != none && q.until(longest) <= int32(g) {
			longest = none
		}
		p.there[g] = longest
	}
	return p
}

// until is when a value may have come out.
func (q *items) until(v int32) int32 { return q.k.ops[q.out[v]].inv }

// notEmpty tells which values were in the queue during an empty dequeue.
func (q *items) notEmpty(e int32, p presence, decider string) finding {
	k := q.k
	witness := []int32{e}
	var names []string
	left := int32(0)
	for g := k.ops[e].inv; g < k.ops[e].ret; {
		v := p.there[g]
		if v == none {
			left = max(left, p.begun[g]+1)
			g++
			continue
		}
		witness = append(witness, q.in[v], q.out[v])
		names = append(names, k.value(q.n.list[v]))
		g = q.until(v)
	}
	const some = 6
	for i, v := range p.never[:left] {
		witness = append(witness, q.in[v])
		if i < some {
			names = append(names, k.value(q.n.list[v]))
		}
	}
	text := strings.Join(names, ", then ")
	switch {
	case left > some:
		text += fmt.Sprintf(" and %d more; the last %s never came out, and only %s with an unknown outcome had begun", left-some, plural(int(left), "value"), plural(int(left)-1, "dequeue"))
	case left > 1:
		text += fmt.Sprintf("; the last %s never came out, and only %s with an unknown outcome had begun", plural(int(left), "value"), plural(int(left)-1, "dequeue"))
	case left == 1:
		text += ", which never came out; no dequeue with an unknown outcome had begun"
	}
	return violation(decider, witness, "%s found nothing, though all the time something was there: %s", k.span(e), text)
}
