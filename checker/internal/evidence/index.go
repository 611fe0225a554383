package evidence

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// Index finds the spans that meet another one, among many that overlap in any way. It is a balanced
// tree, ordered by their beginnings. Each node has the latest end below it. It is safe for
// concurrent use.
type Index[T any] struct {
	of     []Spanned[T]    // by From
	latest []time.Duration // the latest end in the part whose middle this is
}

// Spanned is something that lasts for some time.
type Spanned[T any] struct {
	Span
	Of T
}

// NewIndex returns an index of some spans, which it orders in place.
func NewIndex[T any](of []Spanned[T]) *Index[T] {
	slices.SortStableFunc(of, func(a, b Spanned[T]) int { return cmp.Compare(a.From, b.From) })
	x := &Index[T]{of, make([]time.Duration, len(of))}
	x.measure(0, len(of))
	return x
}

// measure finds the latest end from one place to before another.
func (x *Index[T]) measure(from, to int) time.Duration {
	if from == to {
		return Always
	}
	middle := (from + to) / 2
	x.latest[middle] = max(x.of[middle].To, x.measure(from, middle), x.measure(middle+1, to))
	return x.latest[middle]
}

// Meeting yields the spans that have a moment in common with s, ordered by their beginnings. To
// find n of m spans takes n log m steps.
func (x *Index[T]) Meeting(s Span) iter.Seq[T] {
	return func(yield func(T) bool) { x.visit(0, len(x.of), s, yield) }
}

// Meets reports whether any span has a moment in common with s.
func (x *Index[T]) Meets(s Span) bool {
	for range x.Meeting(s) {
		return true
	}
	return false
}

// visit yields the spans from one place to before another, and reports whether to go
// on.
func (x *Index[T]) visit(from, to int, s Span, yield func(T) bool) bool {
	middle := (from + to) / 2
	if from == to || x.latest[middle] < s.From {
		return true
	}
	if !x.visit(from, middle, s, yield) {
		return false
	}
	at := x.of[middle]
	if at.From > s.To {
		return true
	}
	if at.To >= s.From && !yield(at.Of) {
		return false
	}
	return x.visit(middle+1, to, s, yield)
}
