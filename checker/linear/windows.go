package linear

import (
	"time"

	"github.com/zklab/zklab/internal/base/linearize"
	"github.com/zklab/zklab/internal/base/prose"
)

// Interval implements [linearize.Timed], with ranks for times.
func (o *op) Interval() (began, ended int64) {
	if o.unknown() {
		return int64(o.inv), linearize.Never
	}
	return int64(o.inv), int64(o.ret)
}

// Relax implements [linearize.Timed].
func (o *op) Relax() { o.ret = never }

// cut returns the operations between two ranks.
func cut(ops []op, from, until int32) *linearize.Window[op, *op] {
	return linearize.Cut(ops, int64(from), int64(until))
}

// mostShrinking is the maximum time for making a counterexample smaller.
const mostShrinking = 2 * time.Second

// shrinkWindow finds a small set of operations, among those that end by until, that still violate.
// It finds the latest moment from which the operations still do, whatever the state of the object
// before, and then leaves out operations one by one if possible.
//
// violates decides operations in order of invocation. anyStart means that the object may begin in
// any state; if windows is false, violates cannot answer that.
func shrinkWindow(k *object, until int32, windows bool, violates func(ops []op, anyStart bool) bool) []int32 {
	var from int32
	if windows {
		from = latestStart(k, until, mostBack, violates)
	}
	return shrinkFrom(k, from, until, violates)
}

// shrinkFrom is shrinkWindow for a known moment.
func shrinkFrom(k *object, from, until int32, violates func(ops []op, anyStart bool) bool) []int32 {
	deadline := time.Now().Add(mostShrinking)
	w := cut(k.ops, from, until)
	places := w.Places
	if len(w.Required) <= mostShrunk && !k.asFound {
		places = w.Shrink(func(ops []op) bool { return violates(ops, from > 0) }, func() bool { return !time.Now().Before(deadline) })
	}
	is := make([]int32, len(places))
	for i, at := range places {
		is[i] = int32(at)
	}
	return is
}

// mostShrunk is the maximum number of operations that are tried one by one.
const mostShrunk = 20000

// mostBack is the maximum number of events to go back for a beginning.
const mostBack = 1 << 15

// latestStart finds the last rank from which the operations violate whatever was before. It
// goes back by at most the given number of events; 0 if there is no such rank.
func latestStart(k *object, until, most int32, violates func([]op, bool) bool) int32 {
	return int32(linearize.LatestStart(k.ops, int64(until), int64(most), func(ops []op, _ int64) bool { return violates(ops, true) }))
}

func plural(n int, what string) string { return prose.Count(n, what) }
