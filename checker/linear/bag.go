package linear

import "slices"

const byCounting = "counting of values"

// A queue that gives its items in any order is decided value by value: the i-th
// of a value to come out must come after the i-th of it began to go in. Dequeues
// that found nothing need a moment at which nothing was there for certain.
func decideBag(k *object) finding {
	q, f := k.readItems()
	empties := len(k.empties())
	switch {
	case f.result != "":
		if q == nil && k.repeats() {
			return k.bagCounts(empties)
		}
		f.decider = byCounting
		return f
	case q == nil:
		return k.bagCounts(empties)
	}
	if f := q.empty(len(q.unknown) > 0); f.result != "" {
		f.decider = byCounting
		return f
	}
	if empties == 0 || len(q.unknown) == 0 {
		return valid(byCounting)
	}
	gone, f := q.leftBehind()
	if f.result != "" {
		return f
	}
	for i, g := range gone {
		q.out[g.item] = q.unknown[i]
	}
	if q.empty(false).result == "" {
		return valid(byCounting)
	}
	return inapplicable("empty dequeues beside unknown ones that took something")
}

func (k *object) empties() []int32 {
	var is []int32
	for i := range k.ops {
		if o := &k.ops[i]; o.code == dequeue && !o.unknown() && o.a == 0 {
			is = append(is, int32(i))
		}
	}
	return is
}

// repeats says whether a value went in more than once.
func (k *object) repeats() bool {
	n := k.numbers()
	seen := 0
	for i := range k.ops {
		if o := &k.ops[i]; o.code == enqueue {
			if seen++; int(n.of(o.a)) != seen-1 {
				return true
			}
		}
	}
	return false
}

// leftBehind are the values that went in and never came out, though the queue
// was found empty after.
func (q *items) leftBehind() ([]goner, finding) {
	saved := q.out
	q.out = make([]int32, len(saved)) // no order between values, so none that overtake
	for i := range q.out {
		q.out[i] = none
	}
	in := slices.Clone(q.in)
	for v, out := range saved {
		if out != none {
			q.in[v] = none
		}
	}
	gone, f := q.gone()
	q.in, q.out = in, saved
	if f.result != "" {
		f.decider = byCounting
	}
	return gone, f
}

// bagCounts decides values that repeat.
func (k *object) bagCounts(empties int) finding {
	n := k.numbers()
	var in, out [][]int32 // by value
	for i := range k.ops {
		o := &k.ops[i]
		if o.code == dequeue && (o.unknown() || o.a == 0) {
			continue
		}
		v := n.of(o.a)
		for int(v) >= len(in) {
			in, out = append(in, nil), append(out, nil)
		}
		if o.code == enqueue {
			in[v] = append(in[v], int32(i))
		} else {
			out[v] = append(out[v], int32(i))
		}
	}
	for v := range out {
		slices.SortFunc(out[v], func(x, y int32) int { return int(k.ops[x].ret) - int(k.ops[y].ret) })
		for i, d := range out[v] {
			if i < len(in[v]) && k.ops[in[v][i]].inv < k.ops[d].ret {
				continue
			}
			began := min(i, len(in[v]))
			witness := append(slices.Clone(out[v][:i+1]), in[v][:began]...)
			return violation(byCounting, witness, "%s came out %d times by %s, but only %s of it had begun by then",
				k.value(n.list[v]), i+1, k.at(k.ops[d].ret), plural(began, "enqueue"))
		}
	}
	if empties > 0 {
		return inapplicable("a value was enqueued more than once, beside empty dequeues")
	}
	return valid(byCounting)
}
