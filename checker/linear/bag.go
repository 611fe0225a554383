package linear

import "slices"

const byCounting = "counting of values"

// decideBag decides a queue that returns its items in any order, value by value: the i-th dequeue
// of a value must come after the i-th enqueue of it began. A dequeue that found nothing needs a
// moment at which no item was certainly there.
func decideBag(k *object) finding {
	return k.inOrder(decideCounts)
}

func decideCounts(k *object, drains [][]int32) finding {
	q, f := k.readItems()
	switch {
	case q == nil && (f.result == "" || k.repeats()):
		return k.bagCounts()
	case f.result != "":
		f.decider = byCounting
		return f
	}
	q.follow(drains)
	return q.empty(byCounting)
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

// repeats reports whether a value went in more than once.
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

// bagCounts decides a bag whose values repeat.
func (k *object) bagCounts() finding {
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
			counterexample := append(slices.Clone(out[v][:i+1]), in[v][:began]...)
			return violation(byCounting, counterexample, "%s came out %d times by %s, but only %s of it had begun by then",
				k.value(n.list[v]), i+1, k.at(k.ops[d].ret), plural(began, "enqueue"))
		}
	}
	if len(k.empties()) > 0 {
		return inapplicable("a value was enqueued more than once, beside empty dequeues")
	}
	return valid(byCounting)
}
