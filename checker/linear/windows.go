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

// mostShrinking is for how long a counterexample is made smaller.
const mostShrinking = 2 * time.Second

// shrinkWindow finds few operations, of all those that end by until, that still violate: it finds the
// latest moment from which they still do, with any state of the object before, and leaves out the
// others one by one if possible.
//
// violates decides operations in order of invocation. anyStart means that the object may begin in any
// state; if windows is false, that cannot be asked.
func shrinkWindow(k *object, until int32, windows bool, violates func(ops []op, anyStart bool) bool) []int32 {
	var from int32
	if windows {
		from = latestStart(k, until, mostBack, violates)
	}
	return shrinkFrom(k, from, until, violates)
}

// shrinkFrom does so from a moment that is known.
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

// mostShrunk is how many operations can be tried one by one.
const mostShrunk = 20000

// mostBack is how many events back a beginning is looked for.
const mostBack = 1 << 15

// latestStart finds the last rank from which the operations violate whatever was before, some
// events back at most; 0 if there is none.
func latestStart(k *object, until, most int32, violates func([]op, bool) bool) int32 {
	return int32(linearize.LatestStart(k.ops, int64(until), int64(most), func(ops []op, _ int64) bool { return violates(ops, true) }))
}

func plural(n int, what string) string { return prose.Count(n, what) }
