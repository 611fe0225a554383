package counters

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// forever is the time at which operations of unknown outcome count as returned.
const forever = time.Duration(math.MaxInt64)

// step is an operation on one counter that took effect somewhere between its call
// and its return, or, if its outcome is unknown, at some time after its call or never.
type step struct {
	op       *history.Operation // nil if it is no operation of a record
	inv, ret time.Duration
	// value is the counter's value after the step: the value that the step read or made. It is not
	// known for an addition of unknown outcome.
	value int64
	kind  kind
	plain bool  // a read whose value may be old
	event []int // events that show the step
	text  string
}

type kind int

const (
	reads  kind = iota
	makes       // added one, so that the counter was value
	might       // a compare-and-set of unknown outcome: if it took effect, it made value
	either      // an addition of unknown outcome: if it took effect, it made any value
)

// contradiction says how steps contradict each other.
type contradiction struct {
	text  string
	steps []*step
}

func (b *contradiction) events() []int {
	var all []int
	for _, s := range b.steps {
		all = append(all, s.event...)
	}
	return all
}

// decide looks for an order of steps in which a counter that begins with 0 and grows by one at a
// time shows every value. It is exact, and takes O(n log n) time.
//
// Each value is made once, so the values give the order: all steps that read or made v come before all
// steps that read or made more. What remains is whether real time allows that order, and whether the
// values that no step is known to have made can have been made by steps of unknown outcome.
func decide(steps []*step) *contradiction {
	known, unknown := certain(steps)
	if b := outOfRange(known, unknown); b != nil {
		return b
	}
	slices.SortStableFunc(known, order)
	if b := madeTwice(known); b != nil {
		return b
	}
	if b := backwards(known); b != nil {
		return b
	}
	return unmade(known, unknown)
}

// order compares two steps by value. A step that made a value comes before the steps that read it.
func order(a, b *step) int {
	return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(b.kind, a.kind))
}

func certain(steps []*step) (known, unknown []*step) {
	for _, s := range steps {
		if s.kind == reads || s.kind == makes {
			known = append(known, s)
		} else {
			unknown = append(unknown, s)
		}
	}
	return known, unknown
}

// outOfRange finds a value that no number of additions explains.
func outOfRange(known, unknown []*step) *contradiction {
	made := int64(len(unknown))
	for _, s := range known {
		if s.kind == makes {
			made++
		}
	}
	for _, s := range known {
		least := int64(0)
		if s.kind == makes {
			least = 1
		}
		if s.value < least || s.value > made {
			return &contradiction{fmt.Sprintf("%s, after at most %s", s.text, prose.Count(int(made), "change")), []*step{s}}
		}
	}
	return nil
}

// madeTwice finds two additions that made the same value: one of them was lost.
func madeTwice(known []*step) *contradiction {
	for i, s := range known {
		if i > 0 && s.kind == makes && known[i-1].kind == makes && known[i-1].value == s.value {
			return &contradiction{fmt.Sprintf("%s, and %s", known[i-1].text, s.text), []*step{known[i-1], s}}
		}
	}
	return nil
}

// backwards finds a step that had returned before another step was called that must
// have come first.
func backwards(known []*step) *contradiction {
	var latest, before *step // the step called last: of those with smaller values, and of those that made this value
	for i, s := range known {
		if i > 0 && known[i-1].value < s.value {
			latest = later(latest, before)
			for j := i - 1; j >= 0 && known[j].value == known[i-1].value; j-- {
				latest = later(latest, known[j])
			}
			before = nil
		}
		for _, first := range []*step{latest, before} {
			if first != nil && s.ret < first.inv {
				return &contradiction{fmt.Sprintf("%s, before %s", s.text, first.text), []*step{s, first}}
			}
		}
		if s.kind == makes {
			before = s
		}
	}
	return nil
}

// later returns the step that was called later.
func later(a, b *step) *step {
	if a == nil || b != nil && b.inv > a.inv {
		return b
	}
	return a
}

// unmade finds a value that was shown, or passed, although no step can have made it in time. known
// is in order.
func unmade(known, unknown []*step) *contradiction {
	slots := gaps(known)
	swaps := map[int64][]*step{}
	var adds []*step
	for _, s := range unknown {
		if s.kind == might {
			swaps[s.value] = append(swaps[s.value], s)
		} else {
			adds = append(adds, s)
		}
	}
	slices.SortFunc(adds, func(a, b *step) int { return cmp.Compare(a.inv, b.inv) })
	for _, slot := range slots {
		// A compare-and-set fits only this value, so it is used here if it fits.
		if slices.ContainsFunc(swaps[slot.value], func(s *step) bool { return s.inv <= slot.by.ret }) {
			continue
		}
		if len(adds) == 0 || adds[0].inv > slot.by.ret {
			return &contradiction{fmt.Sprintf("%s, but no additions can have brought the counter to %d by then", slot.by.text, slot.value), []*step{slot.by}}
		}
		adds = adds[1:]
	}
	return nil
}

// slot is a value that no step is known to have made. by is the step that needs it first, by the
// step's return.
type slot struct {
	value int64
	by    *step
}

// gaps returns, in order, the values up to the highest that have no known maker. Their
// deadlines rise in the same order.
func gaps(known []*step) (slots []slot) {
	var by *step
	next := int64(math.MaxInt64) // the lowest value that is done
	fill := func(down int64) {
		for v := next - 1; by != nil && v > down; v-- {
			slots = append(slots, slot{v, by})
		}
	}
	for i := len(known) - 1; i >= 0; i-- {
		s := known[i]
		if s.value != next && by != nil {
			fill(s.value)
		}
		if by == nil || s.ret < by.ret {
			by = s
		}
		made := s.kind == makes
		if first := i == 0 || known[i-1].value != s.value; first && !made && s.value > 0 {
			slots = append(slots, slot{s.value, by})
		}
		next = s.value
	}
	fill(0)
	slices.Reverse(slots)
	return slots
}
