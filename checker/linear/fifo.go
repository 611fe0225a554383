package linear

import "slices"

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
	gone, f := q.gone()
	if f.result != "" {
		return f
	}
	if f := q.empty(len(q.unknown) > 0); f.result != "" {
		return f
	}
	if len(q.empties) == 0 || len(gone) == 0 {
		return valid(byPairs)
	}
	// One way in which the unknown dequeues can have taken what is gone, to see
	// whether it explains the empty ones, too.
	for i, g := range gone {
		q.out[g.item] = q.unknown[i]
	}
	if q.pairs().result == "" && q.empty(false).result == "" {
		return valid(byPairs)
	}
	return inapplicable("empty dequeues beside unknown ones that took something")
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

// gone are the values that went in for certain, never came out, and cannot be
// there any more, by deadline. Unknown dequeues can have taken them if, both
// sorted, the i-th began before the i-th deadline.
func (q *items) gone() ([]goner, finding) {
	k := q.k
	called := q.called()
	first := make([]int32, len(called)) // of called[i:], the one that came out first
	for i := len(called) - 1; i >= 0; i-- {
		first[i] = called[i]
		if i+1 < len(called) && k.ops[q.out[first[i+1]]].ret < k.ops[q.out[called[i]]].ret {
			first[i] = first[i+1]
		}
	}
	firstEmpty := make([]int32, len(q.empties)) // likewise; empties are by invocation
	for i := len(q.empties) - 1; i >= 0; i-- {
		firstEmpty[i] = q.empties[i]
		if i+1 < len(q.empties) && k.ops[firstEmpty[i+1]].ret < k.ops[q.empties[i]].ret {
			firstEmpty[i] = firstEmpty[i+1]
		}
	}
	var gone []goner
	for v := range q.in {
		if q.in[v] == none || q.out[v] != none {
			continue
		}
		ret := k.ops[q.in[v]].ret
		g := goner{item: int32(v), deadline: never}
		i, _ := slices.BinarySearchFunc(called, ret, func(y, t int32) int { return int(k.ops[q.in[y]].inv) - int(t) })
		if i < len(called) {
			y := first[i]
			g.deadline, g.shown = k.ops[q.out[y]].ret, []int32{q.in[y], q.out[y]}
		}
		i, _ = slices.BinarySearchFunc(q.empties, ret, func(e, t int32) int { return int(k.ops[e].inv) - int(t) })
		if i < len(q.empties) && k.ops[firstEmpty[i]].ret < g.deadline {
			g.deadline, g.shown = k.ops[firstEmpty[i]].ret, []int32{firstEmpty[i]}
		}
		if g.deadline != never {
			gone = append(gone, g)
		}
	}
	slices.SortFunc(gone, func(x, y goner) int { return int(x.deadline) - int(y.deadline) })
	for i, g := range gone {
		if i < len(q.unknown) && k.ops[q.unknown[i]].inv < g.deadline {
			continue
		}
		return nil, q.lost(gone[:i+1])
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
	if len(g.shown) == 1 {
		return "the queue was found empty"
	}
	return q.k.value(q.k.ops[g.shown[0]].a) + ", which went in after it, came out"
}

// empty looks for a dequeue that found nothing though there was something in
// the queue at each moment of it. What never came out may be left out, as taken
// by unknown dequeues.
func (q *items) empty(onlyTaken bool) finding {
	if len(q.empties) == 0 {
		return finding{}
	}
	k := q.k
	present := func(v int32) (from, to int32) {
		if from, to = k.ops[q.in[v]].ret, never; q.out[v] != none {
			to = k.ops[q.out[v]].inv
		}
		return from, to
	}
	entered := q.by(func(v int32) bool {
		from, to := present(v)
		return from < to && (q.taken(v) || !onlyTaken)
	}, func(v int32) int32 { return k.ops[q.in[v]].ret })
	i := 0
	var start, end int32 = 0, -1 // the last stretch in which there was something
	for _, e := range q.empties {
		for ; i < len(entered); i++ {
			from, to := present(entered[i])
			if from > k.ops[e].inv && from > end {
				break
			}
			if from > end {
				start, end = from, to
			} else {
				end = max(end, to)
			}
		}
		if start < k.ops[e].inv && k.ops[e].ret < end {
			return q.notEmpty(e, present, entered)
		}
	}
	return finding{}
}

// notEmpty tells which values were in the queue during an empty dequeue.
func (q *items) notEmpty(e int32, present func(int32) (int32, int32), entered []int32) finding {
	k := q.k
	witness := []int32{e}
	var names string
	for at, i := k.ops[e].inv, 0; at <= k.ops[e].ret; {
		best, reach := int32(none), at
		for ; i < len(entered); i++ {
			from, to := present(entered[i])
			if from > at {
				break
			}
			if to > reach {
				best, reach = entered[i], to
			}
		}
		if best == none {
			break
		}
		witness = append(witness, q.in[best])
		if q.out[best] != none {
			witness = append(witness, q.out[best])
		}
		if names != "" {
			names += ", then "
		}
		names += k.value(q.n.list[best])
		at = reach
	}
	return violation(byPairs, witness, "%s found nothing, though all the time something was there: %s", k.span(e), names)
}
