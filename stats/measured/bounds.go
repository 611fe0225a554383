package measured

import (
	"math"
	"slices"
	"time"
)

// Bound is a measured time. If AtLeast is set, it is a lower bound: the measurement had to end
// before the expected event happened.
type Bound struct {
	Time    time.Duration `json:"time"`
	AtLeast bool          `json:"at_least,omitempty"`
}

// never is later than any time.
const never = time.Duration(math.MaxInt64)

// Spread summarizes bounds. A figure that depends on the true length of a censored one is itself a
// lower bound.
type Spread struct {
	Count    int   `json:"count"`
	Censored int   `json:"censored,omitempty"` // number of lower bounds among them
	Best     Bound `json:"best"`
	Median   Bound `json:"median"`
	Worst    Bound `json:"worst"`
}

// SpreadOf summarizes bounds; it returns nil for no bounds. The median of an even number of bounds is the mean of the
// middle two.
func SpreadOf(bounds []Bound) *Spread {
	if len(bounds) == 0 {
		return nil
	}
	s := &Spread{Count: len(bounds)}
	shortest, longest := make([]time.Duration, 0, len(bounds)), make([]time.Duration, 0, len(bounds))
	for _, b := range bounds {
		shortest = append(shortest, b.Time)
		if b.AtLeast {
			s.Censored++
			b.Time = never
		}
		longest = append(longest, b.Time)
	}
	slices.Sort(shortest)
	slices.Sort(longest)
	pick := func(of func([]time.Duration) time.Duration) Bound {
		d := of(shortest)
		return Bound{Time: d, AtLeast: of(longest) != d}
	}
	s.Best, s.Median, s.Worst = pick(slices.Min), pick(median), pick(slices.Max)
	return s
}

// median returns the median of sorted times.
func median(d []time.Duration) time.Duration {
	low, high := d[(len(d)-1)/2], d[len(d)/2]
	return low + (high-low)/2
}
