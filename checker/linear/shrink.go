package linear

import (
	"slices"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
)

// mostShrinking is how long a counterexample is made smaller, for all that it matters.
const mostShrinking = 2 * time.Second

// shrinkWindow makes few operations of all those that end by until, which
// violate: first it finds the latest moment from which they still do, whatever
// the object was then, then it makes one after another optional. An optional
// operation may happen at any time from its invocation on, or never; so what
// remains violates whatever the others did.
//
// violates decides operations in order of invocation. anyStart says that the
// object may begin as anything; if windows is false, that cannot be asked.
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
	w := newWindow(k).cut(from, until)
	if len(w.required) > mostShrunk || k.asFound {
		return w.from
	}
	for chunk := len(w.required) / 2; chunk >= 1; chunk /= 2 {
		for at := 0; at < len(w.required) && time.Now().Before(deadline); {
			n := min(chunk, len(w.required)-at)
			if violates(w.without(at, n), from > 0) {
				w.relax(at, n)
			} else {
				at += n
			}
		}
	}
	var is []int32
	for _, at := range w.required {
		is = append(is, w.from[at])
	}
	return is
}

// mostShrunk is how many operations can be tried one by one.
const mostShrunk = 20000

// window is the part of a history that matters.
type window struct {
	ops      []op
	from     []int32 // their places in the object's operations; nil: the same
	required []int   // places in ops of those that are not optional
}

// newWindow is all of a history.
func newWindow(k *object) *window { return &window{ops: k.ops} }

// cut takes the operations between two ranks. What began before may have
// happened before, and is optional; so is what ends later.
func (all *window) cut(from, until int32) *window {
	w := &window{}
	for i, o := range all.ops {
		if o.inv > until {
			break
		}
		if o.ret < from {
			continue
		}
		if o.inv < from || o.ret > until {
			o.ret = never
		}
		if o.ret != never {
			w.required = append(w.required, len(w.ops))
		}
		w.ops = append(w.ops, o)
		w.from = append(w.from, all.place(i))
	}
	return w
}

// place is an operation's place in the object's operations.
func (w *window) place(i int) int32 {
	if w.from == nil {
		return int32(i)
	}
	return w.from[i]
}

// without are the operations when some required ones are optional.
func (w *window) without(at, n int) []op {
	ops := slices.Clone(w.ops)
	for _, i := range w.required[at : at+n] {
		ops[i].ret = never
	}
	return ops
}

func (w *window) relax(at, n int) {
	w.ops = w.without(at, n)
	w.required = slices.Delete(w.required, at, at+n)
}

// mostBack is how many events back a beginning is looked for.
const mostBack = 1 << 15

// latestStart finds the last rank from which the operations violate whatever
// was before, some events back at most; 0 if there is none.
func latestStart(k *object, until, most int32, violates func([]op, bool) bool) int32 {
	most = min(most, until-1)
	if most < 1 {
		return 0
	}
	near := newWindow(k).cut(until-most, until)
	from, to := int32(0), until // violates from "from" on, not from "to" on
	for back := min(64, most); from == 0; back = min(4*back, most) {
		switch {
		case violates(near.cut(until-back, until).ops, true):
			from = until - back
		case back == most:
			return 0
		default:
			to = until - back
		}
	}
	for to-from > 1 {
		middle := from + (to-from)/2
		if violates(near.cut(middle, until).ops, true) {
			from = middle
		} else {
			to = middle
		}
	}
	return from
}

func plural(n int, what string) string { return prose.Count(n, what) }
