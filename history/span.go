package history

import (
	"cmp"
	"slices"
	"time"
)

// Span is a closed interval of harness time.
type Span struct{ From, To time.Duration }

// Length returns how long it lasts.
func (s Span) Length() time.Duration { return s.To - s.From }

// Contains reports whether t lies in the span, ends included.
func (s Span) Contains(t time.Duration) bool { return s.From <= t && t <= s.To }

// Union sorts spans, and merges those that touch.
func Union(of []Span) []Span {
	slices.SortFunc(of, func(x, y Span) int { return cmp.Compare(x.From, y.From) })
	var merged []Span
	for _, s := range of {
		if n := len(merged); n > 0 && s.From <= merged[n-1].To {
			merged[n-1].To = max(merged[n-1].To, s.To)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}
