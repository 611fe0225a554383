package evidence

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// An index finds the same as a look at all spans.
func TestIndexFindsWhatMeets(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	span := func() Span {
		from := time.Duration(rng.IntN(30))
		return Span{From: from, To: from + time.Duration(rng.IntN(1+rng.IntN(20)))}
	}
	for range 2000 {
		all := make([]Spanned[int], rng.IntN(12))
		for i := range all {
			all[i] = Spanned[int]{span(), i}
		}
		x, s := NewIndex(slices.Clone(all)), span()
		var want []int
		for _, of := range all {
			if of.From <= s.To && of.To >= s.From {
				want = append(want, of.Of)
			}
		}
		if got := slices.Sorted(x.Meeting(s)); !slices.Equal(got, want) {
			t.Fatalf("of %v meet %v: %v, not %v", all, s, got, want)
		}
		if x.Meets(s) != (len(want) > 0) {
			t.Fatalf("of %v any meets %v: %v", all, s, x.Meets(s))
		}
		for first := range x.Meeting(s) { // the loop can be left early
			if all[first].From > s.To {
				t.Fatalf("the first of %v that meets %v is %d", all, s, first)
			}
			break
		}
	}
}
