package linear

import "github.com/zklab/zklab/checker"

// A drain that ended with ok consists of dequeues of one process, one after another in the order of
// its list, followed by one that found nothing, all within its time. As operations they share one
// interval, which does not show their order. They stand next to each other, in their order, among
// the object's operations.

// drained reports whether there is a drain that took something.
func (k *object) drained() bool {
	for i := 1; i < len(k.ops); i++ {
		if k.ops[i].inv == k.ops[i-1].inv && !k.ops[i].unknown() {
			return true
		}
	}
	return false
}

// drains returns the dequeues of each drain that took something, in their order. A drain with an
// unknown outcome has none.
func (k *object) drains() (all [][]int32) {
	for from := 0; from < len(k.ops); {
		to := from + 1
		for to < len(k.ops) && k.ops[to].inv == k.ops[from].inv {
			to++
		}
		if to-from > 1 {
			var is []int32
			for i := from; i < to; i++ {
				if !k.ops[i].unknown() {
					is = append(is, int32(i))
				}
			}
			if len(is) > 1 {
				all = append(all, is)
			}
		}
		from = to
	}
	return all
}

// procedure decides an object. The dequeues of the given drains are in order, those of other drains
// may have any order. A violation may still lack its reason, and a part of its counterexample.
type procedure func(k *object, drains [][]int32) finding

// inOrder runs a procedure first without the order within drains, since its explanations are best
// then, and then with that order.
func (k *object) inOrder(decide procedure) finding {
	f := decide(k, nil)
	if f.result == checker.Violation || !k.drained() {
		return f
	}
	f = decide(k, k.drains())
	if f.result != checker.Violation || f.reason != "" {
		return f
	}
	violates := func(ops []op, _ bool) bool {
		part := *k
		part.ops = ops
		return decide(&part, part.drains()).result == checker.Violation
	}
	until := int32(0)
	for _, i := range f.counterexample {
		if o := &k.ops[i]; !o.unknown() {
			until = max(until, o.ret)
		}
	}
	if !violates(cut(k.ops, 0, until).Ops, false) {
		until = int32(len(k.ranks)) // what a drain took later holds up what it took before
	}
	w := shrinkWindow(k, until, false, violates)
	return violation(f.decider, w, "no order explains %s", k.spans(w))
}

// follow sets the bounds of each item of a drain that follow from the drain's order: an item did not
// come out before the items that the drain took earlier had begun to go in, and if the queue is found
// empty, the item is gone by when an item that the drain took later must be. The answer that ends a
// drain comes after all of its items.
func (q *items) follow(drains [][]int32) {
	if len(drains) == 0 {
		return
	}
	q.from = map[int32]int32{}
	for _, is := range drains {
		from := q.k.ops[is[0]].inv
		for _, i := range is {
			if a := q.k.ops[i].a; a != 0 {
				x := &q.of[q.n.of(a)]
				from = max(from, x.inInv)
				x.outInv = from
			} else {
				q.from[i] = from
			}
		}
		gone := int32(never)
		for at := len(is) - 1; at >= 0; at-- {
			if a := q.k.ops[is[at]].a; a != 0 {
				x := &q.of[q.n.of(a)]
				gone = min(gone, x.inRet)
				x.inRet = gone
			}
		}
	}
}

// begin returns the first rank at which a dequeue that found nothing can have taken
// effect.
func (q *items) begin(e int32) int32 {
	if from, ok := q.from[e]; ok {
		return from
	}
	return q.k.ops[e].inv
}

// swapped looks for two values that a drain took in the wrong order. Any other mistake in the order of
// values shows in two values that were not both taken by one drain.
func (q *items) swapped(drains [][]int32) finding {
	k := q.k
	for _, is := range drains {
		latest := int32(none) // among those before, the one that began last to go in
		for _, i := range is {
			if k.ops[i].a == 0 {
				continue
			}
			v := q.n.of(k.ops[i].a)
			y := &q.of[v]
			if latest != none && y.inRet < q.of[latest].inInv {
				x := &q.of[latest]
				return violation(byPairs, []int32{y.in, y.out, x.in, x.out}, "%s went in before %s, but the drain by %s (%s to %s) took it after that: %s",
					q.name(v), q.name(latest), k.who(i), k.at(k.ops[i].inv), k.at(k.ops[i].ret), k.spans([]int32{y.in, x.in}))
			}
			if latest == none || y.inInv > q.of[latest].inInv {
				latest = v
			}
		}
	}
	return finding{}
}
