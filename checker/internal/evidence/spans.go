package evidence

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// Touches reports whether one of some spans, a union, reaches into [from,to].
func Touches(of []Span, from, to time.Duration) bool {
	i := Reaching(of, from)
	return i < len(of) && of[i].From <= to
}

// FirstFrom returns the first of some times that is not before t; never if there is none.
func FirstFrom(of []time.Duration, t time.Duration) time.Duration {
	if i, _ := slices.BinarySearch(of, t); i < len(of) {
		return of[i]
	}
	return Never
}

// The ends of time.
const (
	Never  = history.Never
	Always = history.Always
)

// Span is a closed interval of harness time.
type Span = history.Span

// Longest returns the longest of some spans, the first of several; the zero span if none lasts.
func Longest(of []Span) (longest Span) {
	for _, s := range of {
		if s.Length() > longest.Length() {
			longest = s
		}
	}
	return longest
}

// Reaching returns the place of the first of some spans, in order and apart, that ends at t or
// later.
func Reaching(of []Span, t time.Duration) int {
	i, _ := slices.BinarySearchFunc(of, t, func(s Span, t time.Duration) int { return cmp.Compare(s.To, t) })
	return i
}

// Union sorts spans, and merges those that touch.
func Union(of []Span) []Span { return history.Union(of) }

// Subtract cuts the spans of b, which must be a union, out of those of a.
func Subtract(a, b []Span) []Span {
	var left []Span
	i := 0
	for _, s := range a {
		for i > 0 && b[i-1].To > s.From {
			i--
		}
		for ; i < len(b) && b[i].To <= s.From; i++ {
		}
		for j := i; j < len(b) && b[j].From < s.To; j++ {
			if b[j].From > s.From {
				left = append(left, Span{From: s.From, To: b[j].From})
			}
			s.From = max(s.From, b[j].To)
		}
		if s.From < s.To {
			left = append(left, s)
		}
	}
	return left
}

// Intersect returns the overlaps of two unions of spans.
func Intersect(a, b []Span) []Span {
	var of []Span
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if from, to := max(a[i].From, b[j].From), min(a[i].To, b[j].To); from < to {
			of = append(of, Span{From: from, To: to})
		}
		if a[i].To < b[j].To {
			i++
		} else {
			j++
		}
	}
	return of
}

// SpanCount counts at each moment the spans that it lies in.
type SpanCount struct {
	starts, ends []time.Duration // sorted
}

// CountSpans counts, for each moment, how many of the keys have a span there; overlapping spans of one
// key count once. It turns the spans into unions.
func CountSpans[K comparable](of map[K][]Span) SpanCount {
	var c SpanCount
	for k, spans := range of {
		of[k] = Union(spans)
		for _, s := range of[k] {
			c.starts, c.ends = append(c.starts, s.From), append(c.ends, s.To)
		}
	}
	slices.Sort(c.starts)
	slices.Sort(c.ends)
	return c
}

// At returns how many of the spans contain t, their ends included.
func (c SpanCount) At(t time.Duration) int {
	began, _ := slices.BinarySearch(c.starts, t+1)
	over, _ := slices.BinarySearch(c.ends, t)
	return began - over
}

// Most returns the largest number of spans that contain one moment of s, or enough if that many do.
// The maximum is reached where s begins, or where another span does.
func (c SpanCount) Most(s Span, enough int) int {
	if s.From > s.To {
		return 0
	}
	most := c.At(s.From)
	i, _ := slices.BinarySearch(c.starts, s.From)
	for ; most < enough && i < len(c.starts) && c.starts[i] <= s.To; i++ {
		most = max(most, c.At(c.starts[i]))
	}
	return most
}
