package linear

import "github.com/zklab/zklab/checker"

// The checks in this file are Jepsen's, for objects that are not linearizable by
// design: jepsen.checker/set, jepsen.checker/total-queue and jepsen.checker/counter.

const (
	bySetRead = "the last read"
	byTotals  = "counting in and out"
	byBounds  = "bounds of sums"
)

// decideSetRead requires the last read in the file to show everything that was certainly added,
// before the read or after it, and nothing that no process tried to add. Jepsen's tests add first,
// and read when all adds are over. If adds go on during the last read, this may accuse a correct
// set; final-set considers the times.
func decideSetRead(k *object) finding {
	last := k.lastRead()
	switch {
	case last == none:
		return finding{result: checker.Unknown, decider: bySetRead, reason: "the set was never read"}
	case k.shown(last) == nil:
		return finding{result: checker.Unknown, decider: bySetRead, reason: k.span(last) + " shows nil: so the set was never read"}
	}
	n := k.numbers()
	for i := range k.ops {
		if k.ops[i].code == add {
			n.of(k.ops[i].a)
		}
	}
	has := make([]bool, len(n.list))
	for _, id := range k.shown(last) {
		v := n.known(id)
		if v == none {
			return violation(bySetRead, []int32{last}, "%s shows %s, which no process had tried to add", k.span(last), k.value(id))
		}
		has[v] = true
	}
	for i := range k.ops {
		if o, i := &k.ops[i], int32(i); o.code == add && !o.unknown() && !has[n.known(o.a)] {
			return violation(bySetRead, []int32{i, last}, "%s is missing in %s, the last read, though it was added: %s", k.value(o.a), k.span(last), k.span(i))
		}
	}
	return valid(bySetRead)
}

// decideTotal requires everything that certainly went in to come out, at any time and in any
// order, and nothing that no process tried to put in. A value may come out twice, and may come
// out even if its enqueue failed.
func decideTotal(k *object) finding {
	n := k.numbers()
	var tried, in, out []int32 // by value
	crashed := int32(none)     // a drain that may have taken anything
	unheard := ""              // about dequeues that may have taken something
	for i := range k.ops {
		o := &k.ops[i]
		switch {
		case o.code == drain:
			crashed = int32(i)
		case o.code == dequeue && o.unknown():
			unheard = "; " + tookNothing
		}
		if o.code == drain || o.code == dequeue && (o.unknown() || o.a == 0) {
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
	lost := int32(none)
	for i := range k.ops {
		o, i := &k.ops[i], int32(i)
		if o.code == drain || o.code == dequeue && (o.unknown() || o.a == 0) {
			continue
		}
		v := n.of(o.a)
		switch {
		case o.code == dequeue && tried[v] == 0:
			return violation(byTotals, []int32{i}, "%s: no process had tried to enqueue that", k.span(i))
		case o.code == enqueue && !o.unknown() && in[v] > out[v] && crashed != none:
			lost = i
		case o.code == enqueue && !o.unknown() && in[v] > out[v]:
			return violation(byTotals, []int32{i}, "%s went in %s for certain and came out %s; this was %s%s", k.value(o.a), times(in[v]), times(out[v]), k.span(i), unheard)
		}
	}
	if lost != none {
		return finding{result: checker.Unknown, decider: byTotals, reason: k.value(k.ops[lost].a) + " never came out, but it is unknown what " + k.span(crashed) + " took"}
	}
	return valid(byTotals)
}

func times(n int32) string { return plural(int(n), "time") }
