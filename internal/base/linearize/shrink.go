package linearize

import (
	"slices"
)

// Timed is an operation with its interval. Operations are given in order of their beginnings.
type Timed[O any] interface {
	*O
	// Interval returns when the operation began and ended: [Never] if it may end at any time.
	Interval() (began, ended int64)
	// Relax makes the operation optional: it ends at any time from its beginning on, or has no effect.
	Relax()
}

// Window is the part of a history in which a counterexample is searched.
type Window[O any, P Timed[O]] struct {
	Ops      []O
	Places   []int // of Ops in the history
	Required []int // places in Ops of the operations that are not optional
}

// Cut returns the operations between two times. An operation that began before may have happened
// before, so it is optional; so is one that ends later. Cut does not change all.
func Cut[O any, P Timed[O]](all []O, from, until int64) *Window[O, P] {
	w := &Window[O, P]{}
	return w.cut(all, nil, from, until)
}

// Cut returns a part of the window.
func (w *Window[O, P]) Cut(from, until int64) *Window[O, P] {
	part := &Window[O, P]{}
	return part.cut(w.Ops, w.Places, from, until)
}

func (w *Window[O, P]) cut(all []O, places []int, from, until int64) *Window[O, P] {
	for i := range all {
		began, ended := P(&all[i]).Interval()
		if began > until {
			break
		}
		if ended < from {
			continue
		}
		o := all[i]
		if began < from || ended > until {
			P(&o).Relax()
		} else if ended != Never {
			w.Required = append(w.Required, len(w.Ops))
		}
		w.Ops = append(w.Ops, o)
		if places != nil {
			i = places[i]
		}
		w.Places = append(w.Places, i)
	}
	return w
}

// without returns the operations with n required ones made optional, beginning with the at-th.
func (w *Window[O, P]) without(at, n int) []O {
	ops := slices.Clone(w.Ops)
	for _, i := range w.Required[at : at+n] {
		P(&ops[i]).Relax()
	}
	return ops
}

func (w *Window[O, P]) relax(at, n int) {
	w.Ops = w.without(at, n)
	w.Required = slices.Delete(w.Required, at, at+n)
}

// Shrink makes one required operation after another optional, as long as the operations of the window
// still violate, until stop returns true. It returns the places in the history of those that remain
// required. These violate whatever the others did. If stop never returned true, the result is minimal:
// none of them can be left out.
func (w *Window[O, P]) Shrink(violates func(ops []O) bool, stop func() bool) []int {
	for chunk := max(1, len(w.Required)/2); chunk >= 1; chunk /= 2 {
		for at := 0; at < len(w.Required) && !stop(); {
			n := min(chunk, len(w.Required)-at)
			if violates(w.without(at, n)) {
				w.relax(at, n)
			} else {
				at += n
			}
		}
	}
	places := make([]int, len(w.Required))
	for i, at := range w.Required {
		places[i] = w.Places[at]
	}
	return places
}

// LatestStart finds the latest time from which the operations up to until violate whatever the state of
// the object was at that time; violates also gets that time. It goes back by at most most, and returns
// 0 if there is no such time.
func LatestStart[O any, P Timed[O]](all []O, until, most int64, violates func(ops []O, from int64) bool) int64 {
	most = min(most, until-1)
	if most < 1 {
		return 0
	}
	near := Cut[O, P](all, until-most, until)
	from, to := int64(0), until // violates from "from" on, not from "to" on
	for back := min(64, most); from == 0; back = min(4*back, most) {
		switch {
		case violates(near.Cut(until-back, until).Ops, until-back):
			from = until - back
		case back == most:
			return 0
		default:
			to = until - back
		}
	}
	for to-from > 1 {
		middle := from + (to-from)/2
		if violates(near.Cut(middle, until).Ops, middle) {
			from = middle
		} else {
			to = middle
		}
	}
	return from
}
