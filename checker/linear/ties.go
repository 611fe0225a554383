package linear

import (
	"cmp"
	"slices"

	"github.com/zklab/zklab/checker"
)

// Events at the same time are concurrent, except that those of one process happened in the order of
// the file. Intervals cannot express that: if each of two processes ends one operation and begins
// the next at the same time, the second operation of each comes after its own first one, but may
// come before the other's first. So the ranks put all invocations of a time before all completions
// of that time. That allows too much, so a history that has no order by these ranks has none at
// all. A history that has an order if events stand as in the file is correct. Porcupine decides the
// cases in between, with each process's own order: see sequenced.

// overtakes reports whether some process has an operation that, by rank, begins before
// an operation that the process had already ended.
func (k *object) overtakes() bool {
	if !k.h.tied {
		return false
	}
	last := map[int32]*op{} // by process: the operation that ended last
	for i := range k.ops {
		o := &k.ops[i]
		x := last[o.process]
		if x != nil && x.ret > o.inv && x.inv < o.inv { // operations of a drain begin together
			return true
		}
		if !o.unknown() && (x == nil || x.ret < o.ret) {
			last[o.process] = o
		}
	}
	return false
}

// asWritten returns the object with its events in the order of the file. If the file is not sorted
// by time, the events are in the order of their times, and events at the same time in the order of
// the file.
func (k *object) asWritten() *object {
	order := make([]int32, len(k.ranks))
	for rank := range order {
		order[rank] = int32(rank)
	}
	h := k.h
	slices.SortStableFunc(order, func(x, y int32) int { // an operation that begins and ends in one record begins first
		x, y = k.ranks[x], k.ranks[y]
		if h.sorted && h.times[x] != h.times[y] {
			return cmp.Compare(h.times[x], h.times[y])
		}
		return cmp.Compare(h.indices[x], h.indices[y])
	})
	copied := *k
	out := &copied
	out.ops, out.ranks = slices.Clone(k.ops), make([]int32, len(order))
	place := make([]int32, len(order))
	for at, rank := range order {
		place[rank] = int32(at)
		out.ranks[at] = k.ranks[rank]
	}
	for i := range out.ops {
		o := &out.ops[i]
		if o.inv = place[o.inv]; !o.unknown() {
			o.ret = place[o.ret]
		}
	}
	slices.SortStableFunc(out.ops, func(x, y op) int { return int(x.inv) - int(y.inv) })
	return out
}

// decide calls the procedure that is made for the model.
func (k *object) decide() finding {
	decide := k.h.Model.kind.decide
	f := decide(k)
	if f.result != checker.Valid || f.decider == byBounds || !k.overtakes() { // bounds consider each process's own order
		return f
	}
	if f = decide(k.asWritten()); f.result == checker.Valid || f.result == checker.Unknown {
		return f
	}
	return inapplicable("it depends on the order of events of one time")
}
