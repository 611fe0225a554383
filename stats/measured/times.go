package measured

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"
)

// Times are durations that were measured in the same way, such as the fail-overs after one kind of
// fault or the latencies of one operation, in one run or in several. Some may be lower bounds; see
// [Bound].
//
// Durations are kept in microseconds with three significant digits, rounded up, so that no time is
// called shorter than it was. Memory is bounded: there are at most 900 different durations for each
// power of ten. The zero value is empty. Times are for one goroutine at a time.
type Times struct {
	exact, atLeast map[int64]int // microseconds to how often they were measured
}

// TimesOf returns the times of some bounds; nil for no bounds.
func TimesOf(bounds []Bound) *Times {
	if len(bounds) == 0 {
		return nil
	}
	t := &Times{}
	for _, b := range bounds {
		t.Add(b, 1)
	}
	return t
}

// Add adds a duration that was measured n times. A negative duration counts as 0.
func (t *Times) Add(b Bound, n int) {
	t.add(b.AtLeast, threeDigits(b.Time), n)
}

func (t *Times) add(atLeast bool, us int64, n int) {
	counts := &t.exact
	if atLeast {
		counts = &t.atLeast
	}
	if *counts == nil {
		*counts = map[int64]int{}
	}
	(*counts)[us] += n
}

// Merge adds all durations of others. others may be nil.
func (t *Times) Merge(others *Times) {
	for b, n := range others.All() {
		t.Add(b, n)
	}
}

// All returns each different duration and how often it was measured, the shortest first. A lower
// bound comes after a measured duration of the same length. t may be nil.
func (t *Times) All() iter.Seq2[Bound, int] {
	return func(yield func(Bound, int) bool) {
		if t == nil {
			return
		}
		all := make([]Bound, 0, len(t.exact)+len(t.atLeast))
		for us := range t.exact {
			all = append(all, Bound{Time: time.Duration(us) * time.Microsecond})
		}
		for us := range t.atLeast {
			all = append(all, Bound{Time: time.Duration(us) * time.Microsecond, AtLeast: true})
		}
		slices.SortFunc(all, Compare)
		for _, b := range all {
			counts := t.exact
			if b.AtLeast {
				counts = t.atLeast
			}
			if !yield(b, counts[b.Time.Microseconds()]) {
				return
			}
		}
	}
}

// Equal reports whether both have the same durations. Either may be nil, which equals empty times.
func (t *Times) Equal(others *Times) bool {
	if t == nil || others == nil {
		a, _ := t.Count()
		b, _ := others.Count()
		return a == b
	}
	return maps.Equal(t.exact, others.exact) && maps.Equal(t.atLeast, others.atLeast)
}

// Compare orders bounds by their times, and a lower bound after a measured time of the same length.
func Compare(a, b Bound) int {
	rank := func(b Bound) int {
		if b.AtLeast {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.Time, b.Time), rank(a)-rank(b))
}

// Count returns how many durations there are, and how many of them are lower bounds. t may be nil.
func (t *Times) Count() (all, censored int) {
	if t == nil {
		return 0, 0
	}
	for _, n := range t.atLeast {
		censored += n
	}
	all = censored
	for _, n := range t.exact {
		all += n
	}
	return all, censored
}

// threeDigits returns a duration in microseconds, rounded up to three significant digits.
func threeDigits(d time.Duration) int64 {
	d = max(d, 0)
	us := int64(d / time.Microsecond)
	if d%time.Microsecond > 0 {
		us++
	}
	unit := int64(1)
	for us/unit >= 1000 {
		unit *= 10
	}
	if rest := us % unit; rest > 0 {
		us += unit - rest
	}
	return us
}

// timesJSON is the form of Times in files: rising microseconds, each with its number of
// measurements. Numbers are left out if all are 1.
type timesJSON struct {
	US       []int64 `json:"us,omitempty"`
	N        []int   `json:"n,omitempty"`
	AtLeast  []int64 `json:"at_least_us,omitempty"`
	AtLeastN []int   `json:"at_least_n,omitempty"`
}

// MarshalJSON writes microseconds, and how often each was measured: {"us":[911000],"at_least_us":
// [2500000,4000000],"at_least_n":[1,3]}.
func (t *Times) MarshalJSON() ([]byte, error) {
	var j timesJSON
	j.US, j.N = columns(t.exact)
	j.AtLeast, j.AtLeastN = columns(t.atLeast)
	return json.Marshal(j)
}

func columns(counts map[int64]int) (us []int64, n []int) {
	us = slices.Sorted(maps.Keys(counts))
	several := false
	for _, t := range us {
		n = append(n, counts[t])
		several = several || counts[t] != 1
	}
	if !several {
		n = nil
	}
	return us, n
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Times) UnmarshalJSON(text []byte) error {
	var j timesJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*t = Times{}
	return errors.Join(t.read(false, j.US, j.N), t.read(true, j.AtLeast, j.AtLeastN))
}

func (t *Times) read(atLeast bool, us []int64, n []int) error {
	if n != nil && len(n) != len(us) {
		return fmt.Errorf("%d times with %d numbers of measurements", len(us), len(n))
	}
	for i, d := range us {
		count := 1
		if n != nil {
			count = n[i]
		}
		if d < 0 || d > never.Microseconds() || count < 1 {
			return fmt.Errorf("%d measurements of %d µs are impossible", count, d)
		}
		t.add(atLeast, d, count)
	}
	return nil
}
