package linear

import (
	"fmt"
	"slices"
	"strings"
)

const byPairs = "pairs and deadlines"

// decideQueue decides a queue of values that are all different by looking for each possible mistake
// (Henzinger, Sezgin and Vafeiadis 2013; Bouajjani and others 2015): a value that came from nowhere
// or came twice; a pair that came out in the wrong order; values that were overtaken by later ones,
// if there are too few dequeues of unknown outcome that can have taken them; a dequeue that found
// nothing although something was there all the time.
//
// That is exact even with the order within drains. Suppose that x goes before y by their enqueues,
// by their dequeues, or within one drain. If these relations form a cycle, no order of the values
// fits. Two intervals that lie before two others give a third such pair (x before y and z before w:
// x before w or z before y), so a cycle has at most one step of each kind. A drain as a whole lies
// on one side of every operation before or after it, so there is a cycle of two values.
func decideQueue(k *object) finding {
	return k.inOrder(decideFIFO)
}

func decideFIFO(k *object, drains [][]int32) finding {
	q, f := k.readItems()
	if f.result != "" || f.reason != "" {
		return f
	}
	if f := q.pairs(); f.result != "" {
		return f
	}
	if f := q.swapped(drains); f.result != "" {
		return f
	}
	if f := q.gone(); f.result != "" {
		return f
	}
	q.follow(drains)
	return q.empty(byPairs)
}

// items holds what happened to each value of a queue, by the value's number, in the order of
// the invocations of their enqueues.
type items struct {
	k       *object
	n       *numbers
	of      []item
	unknown []int32 // dequeues with an unknown outcome, by invocation
	empties []int32
	drains  [][]int32       // drains whose order counts
	from    map[int32]int32 // for drains whose order counts: when their last dequeue, which found nothing, can begin
}

// item is a value and its operations; none for no operation. Its times are stored here,
// since they are needed again and again.
type item struct {
	in, out        int32 // none: it is not certain that it went in, or it did not come out
	inInv, inRet   int32
	outInv, outRet int32
}

// readItems finds the two operations of each value. The finding reports a value with more than one
// operation of a kind.
func (k *object) readItems() (*items, finding) {
	q := &items{k: k, n: k.numbers()}
	enqueues := 0
	for i := range k.ops {
		if k.ops[i].code == enqueue {
			enqueues++
		}
	}
	q.of = make([]item, 0, enqueues)
	maybe := false // some enqueues may never have happened
	for i := range k.ops {
		o := &k.ops[i]
		if o.code != enqueue {
			continue
		}
		if int(q.n.of(o.a)) < len(q.of) {
			return nil, inapplicable("the value %s was enqueued more than once", k.value(o.a))
		}
		q.of = append(q.of, item{in: int32(i), out: none, inInv: o.inv, inRet: o.ret, outInv: never, outRet: never})
		maybe = maybe || o.unknown()
	}
	for i := range k.ops {
		o, i := &k.ops[i], int32(i)
		switch {
		case o.code != dequeue:
			continue
		case o.unknown():
			q.unknown = append(q.unknown, i)
			continue
		case o.a == 0:
			q.empties = append(q.empties, i)
			continue
		}
		v := q.n.known(o.a)
		if v == none {
			return nil, violation(byPairs, []int32{i}, "%s: no process had enqueued that", k.span(i))
		}
		switch x := &q.of[v]; {
		case x.out != none:
			return nil, violation(byPairs, []int32{x.in, x.out, i}, "%s came out twice: %s, %s", k.value(o.a), k.span(x.out), k.span(i))
		case o.ret < x.inInv:
			return nil, violation(byPairs, []int32{x.in, i}, "%s came out before it went in: %s, %s", k.value(o.a), k.span(i), k.span(x.in))
		}
		q.take(v, i)
	}
	for v := range q.of {
		if x := &q.of[v]; maybe && x.inRet == never && x.out == none {
			x.in = none // it may never have happened
		}
	}
	return q, finding{}
}

// take records that a dequeue took a value; none means that no dequeue did.
func (q *items) take(v, i int32) {
	x := &q.of[v]
	x.out, x.outInv, x.outRet = i, never, never
	if i != none {
		x.outInv, x.outRet = q.k.ops[i].inv, q.k.ops[i].ret
	}
}

// name returns a value for people.
func (q *items) name(v int32) string { return q.k.value(q.n.list[v]) }

// pairs looks for two values that came out in the wrong order.
func (q *items) pairs() finding {
	k := q.k
	// By rank: the value that was in by then, + 1. An unknown enqueue counts as ended
	// when its value came out, which is too late to matter here.
	entered := make([]int32, len(k.ranks))
	for v := range q.of {
		if x := &q.of[v]; x.out != none && x.inRet != never {
			entered[x.inRet] = int32(v) + 1
		}
	}
	latest := int32(none) // of the values that went in before y, the one whose dequeue began last
	rank := int32(0)
	for y := range q.of {
		yes := &q.of[y]
		if yes.out == none {
			continue
		}
		for ; rank < yes.inInv; rank++ {
			if x := entered[rank] - 1; x != none && (latest == none || q.of[x].outInv > q.of[latest].outInv) {
				latest = x
			}
		}
		if latest != none && q.of[latest].outInv > yes.outRet {
			x := &q.of[latest]
			return violation(byPairs, []int32{x.in, x.out, yes.in, yes.out}, "%s went in before %s, but came out after it: %s",
				q.name(latest), q.name(int32(y)), k.spans([]int32{x.in, yes.in, yes.out, x.out}))
		}
	}
	return finding{}
}

// forcedDequeue is a value that must have been taken by an unknown dequeue.
type forcedDequeue struct {
	item     int32
	deadline int32
	shown    []int32 // the operations that set the deadline
}

// gone looks for values that certainly went in, never came out, and cannot be there any more,
// since a later value came out. Unknown dequeues can have taken them if, with both sorted, the
// i-th dequeue began before the i-th deadline.
func (q *items) gone() finding {
	left := q.left()
	first := int32(none) // of the values that went in later, the one that came out first
	var gone []forcedDequeue
	y := int32(len(q.of)) - 1
	for _, v := range slices.Backward(left) {
		for ; y >= 0 && q.of[y].inInv > q.of[v].inRet; y-- {
			if q.of[y].out != none && (first == none || q.of[y].outRet < q.of[first].outRet) {
				first = y
			}
		}
		if first != none {
			x := &q.of[first]
			gone = append(gone, forcedDequeue{v, x.outRet, []int32{x.in, x.out}})
		}
	}
	_, f := q.inTime(gone)
	return f
}

// left returns the values that certainly went in and never came out, in the order in
// which they went in.
func (q *items) left() []int32 {
	var left []int32
	for v := range q.of {
		if x := &q.of[v]; x.in != none && x.out == none {
			left = append(left, int32(v))
		}
	}
	slices.SortFunc(left, func(x, y int32) int { return int(q.of[x].inRet) - int(q.of[y].inRet) })
	return left
}

// inTime checks whether unknown dequeues can have taken the values that are gone. It returns those
// values sorted by deadline, or, if the dequeues cannot have taken them, a finding.
func (q *items) inTime(gone []forcedDequeue) ([]forcedDequeue, finding) {
	slices.SortFunc(gone, func(x, y forcedDequeue) int { return int(x.deadline) - int(y.deadline) })
	for i, g := range gone {
		if i >= len(q.unknown) || q.k.ops[q.unknown[i]].inv >= g.deadline {
			return gone, q.lost(gone[:i+1])
		}
	}
	return gone, finding{}
}

// lost reports values that too few dequeues can have taken.
func (q *items) lost(gone []forcedDequeue) finding {
	k := q.k
	last := gone[len(gone)-1]
	counterexample := append([]int32{q.of[last.item].in}, last.shown...)
	name := q.name(last.item)
	if len(gone) == 1 {
		return violation(byPairs, counterexample, "%s went in and never came out, though %s: %s; no dequeue with an unknown outcome had begun by then",
			name, q.passed(last), k.spans(counterexample))
	}
	for _, g := range gone[:len(gone)-1] {
		counterexample = append(append(counterexample, q.of[g.item].in), g.shown...)
	}
	return violation(byPairs, counterexample, "%s never came out, %s the last of them, though %s by %s; only %s with an unknown outcome had begun by then",
		plural(len(gone), "value"), name, q.passed(last), k.at(last.deadline), plural(len(gone)-1, "dequeue"))
}

// passed describes the evidence that a value should have come out before.
func (q *items) passed(g forcedDequeue) string {
	k := q.k
	if len(g.shown) == 1 {
		return "the queue was found empty"
	}
	relation := "went in after it"
	if k.h.Model.kind.least {
		relation = "is worse"
	}
	return k.value(k.ops[g.shown[0]].a) + ", which " + relation + ", came out"
}

// empty looks for a dequeue that found nothing although at each moment of it something was there: a
// value that came out later, or more values that never came out than unknown dequeues had begun to
// take. Whether one of these holds at a moment does not depend on the choice for other moments: unknown
// dequeues can take what went in first, each as soon as it begins.
func (q *items) empty(decider string) finding {
	if len(q.empties) == 0 {
		return valid(decider)
	}
	free := q.free()
	for _, e := range q.empties {
		if free[q.k.ops[e].ret-1] < q.begin(e) {
			if q.from != nil {
				return violation(decider, []int32{e}, "")
			}
			return q.notEmpty(e, decider)
		}
	}
	return valid(decider)
}

// free returns, for each rank, the last rank up to it after which the queue can have been empty.
func (q *items) free() []int32 {
	type content struct {
		later int32 // values that came out later
		left  int32 // values that never came out, less the unknown dequeues that had begun
	}
	change := make([]content, len(q.k.ranks)+1) // at each rank
	for v := range q.of {
		switch x := &q.of[v]; {
		case x.in == none:
		case x.out == none:
			change[x.inRet].left++
		case x.inRet < x.outInv:
			change[x.inRet].later++
			change[x.outInv].later--
		}
	}
	for _, u := range q.unknown {
		change[q.k.ops[u].inv].left--
	}
	free := make([]int32, len(change))
	last, now := int32(none), content{}
	for rank, c := range change {
		now.later += c.later
		now.left += c.left
		if now.later == 0 && now.left <= 0 {
			last = int32(rank)
		}
		free[rank] = last
	}
	return free
}

// notEmpty reports which values were in the queue during a dequeue that found nothing: one after
// another, those that stayed longest, or enough values that never came out to be too many for the
// unknown dequeues.
func (q *items) notEmpty(e int32, decider string) finding {
	k := q.k
	counterexample := []int32{e}
	var names []string
	left, longest := q.left(), q.longest()
	begun, most := 0, 0 // unknown dequeues by then; how many of the remaining values prove it
	for rank := k.ops[e].inv; rank < k.ops[e].ret; {
		v := longest[rank]
		if v != none && q.of[v].outInv > rank {
			counterexample = append(counterexample, q.of[v].in, q.of[v].out)
			names = append(names, q.name(v))
			rank = q.of[v].outInv
			continue
		}
		for begun < len(q.unknown) && k.ops[q.unknown[begun]].inv <= rank {
			begun++
		}
		most = max(most, begun+1)
		rank++
	}
	const some = 6
	for i, v := range left[:most] {
		counterexample = append(counterexample, q.of[v].in)
		if i < some {
			names = append(names, q.name(v))
		}
	}
	text := strings.Join(names, ", then ")
	switch {
	case most > some:
		text += fmt.Sprintf(" and %d more; the last %s never came out, and only %s with an unknown outcome had begun", most-some, plural(most, "value"), plural(most-1, "dequeue"))
	case most > 1:
		text += fmt.Sprintf("; the last %s never came out, and only %s with an unknown outcome had begun", plural(most, "value"), plural(most-1, "dequeue"))
	case most == 1:
		text += ", which never came out; no dequeue with an unknown outcome had begun"
	}
	return violation(decider, counterexample, "%s found nothing, though all the time something was there: %s", k.span(e), text)
}

// longest returns, for each rank, the last value to come out among those that were in by then and
// came out later, or none.
func (q *items) longest() []int32 {
	longest := make([]int32, len(q.k.ranks))
	for rank := range longest {
		longest[rank] = none
	}
	for v := range q.of {
		if x := &q.of[v]; x.out != none && x.inRet < x.outInv {
			longest[x.inRet] = int32(v)
		}
	}
	last := int32(none)
	for rank, v := range longest {
		if v != none && (last == none || q.of[v].outInv > q.of[last].outInv) {
			last = v
		}
		longest[rank] = last
	}
	return longest
}
