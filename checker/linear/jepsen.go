package linear

// The checks of this file are Jepsen's, for objects that are not linearizable by
// design: jepsen.checker/total-queue and jepsen.checker/counter.

const (
	byTotals = "counting in and out"
	byBounds = "bounds of sums"
)

// decideTotal wants all to come out that went in for certain, at any time and in
// any order, and nothing that nobody tried to put in. What comes out twice is
// allowed, and so is what came out though its enqueue failed.
func decideTotal(k *object) finding {
	n := k.numbers()
	var tried, in, out []int32 // by value
	for i := range k.ops {
		o := &k.ops[i]
		if o.code == dequeue && (o.unknown() || o.a == 0) {
			continue
		}
		v := n.of(o.a)
		for int(v) >= len(tried) {
			tried, in, out = append(tried, 0), append(in, 0), append(out, 0)
		}
		switch {
		case o.code == dequeue:
			out[v]++
		case o.unknown():
			tried[v]++
		default:
			tried[v]++
			in[v]++
		}
	}
	for i := range k.ops {
		o, i := &k.ops[i], int32(i)
		if o.code == dequeue && (o.unknown() || o.a == 0) {
			continue
		}
		v := n.of(o.a)
		switch {
		case o.code == dequeue && tried[v] == 0:
			return violation(byTotals, []int32{i}, "%s: nobody had tried to enqueue that", k.span(i))
		case o.code == enqueue && !o.unknown() && in[v] > out[v]:
			return violation(byTotals, []int32{i}, "%s went in %s for certain and came out %s; this was %s", k.value(o.a), times(in[v]), times(out[v]), k.span(i))
		}
	}
	return valid(byTotals)
}

func times(n int32) string { return plural(int(n), "time") }

// decideBounds wants each read to show a sum that is possible by itself: no less
// than what had been added when it began, no more than what was being added when
// it ended. Reads are not compared with one another.
func decideBounds(k *object) finding {
	c := counting{k: k}
	if f := c.bounds(); f.result != "" {
		return f
	}
	return valid(byBounds)
}
