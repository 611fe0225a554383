package crosscheck

import (
	"cmp"
	"math"
	"slices"

	"github.com/zklab/zklab/history/models"
)

// sharing says how clients share what they hold: which properties are asked for, and whether
// holds can have been granted in an order, each as early as it can be.
type sharing struct {
	once, order string // names of properties: how many clients hold at one time, and tokens
	fits        func([]hold) bool
	twice       string // the answer if two grants have the same token
}

func (h record) sharing() sharing {
	switch h.model {
	case models.Semaphore.Name:
		return sharing{"bound", "fair", within(h.leases), unknown} // no client overtook one that had the same token
	case models.MultiLock.Name, models.Partitioner.Name:
		return sharing{"exclusion", "tokens", jointly, violation}
	}
	return sharing{"exclusion", "tokens", fits, violation}
}

// inSomeOrder tries all orders. An order whose beginning does not fit is not continued.
func (s sharing) inSomeOrder(holds []hold) bool {
	var from func(n int) bool
	from = func(n int) bool {
		if !s.fits(holds[:n]) {
			return false
		}
		for i := n; i < len(holds); i++ {
			holds[n], holds[i] = holds[i], holds[n]
			if from(n + 1) {
				return true
			}
			holds[n], holds[i] = holds[i], holds[n]
		}
		return n == len(holds)
	}
	return from(0)
}

func (s sharing) inTokenOrder(holds []hold) bool {
	slices.SortStableFunc(holds, func(a, b hold) int { return cmp.Compare(a.token, b.token) })
	return s.fits(holds)
}

// within returns fits for an object that n clients can hold at a time: each hold is granted when
// all but the last n-1 of the holds before it are over.
func within(n int) func([]hold) bool {
	return func(holds []hold) bool {
		last := int64(math.MinInt64)
		var over []int64
		for _, h := range holds {
			granted := max(h.ai, last)
			if len(over) >= n {
				granted = max(granted, over[len(over)-n])
			}
			if granted > h.ao || max(granted, h.x) > h.e {
				return false
			}
			last = granted
			over = append(over, max(granted, h.x))
			slices.Sort(over)
		}
		return true
	}
}

// divides chooses what the next hold of a key covers: one of its leases, or some keys within it.
func (s *parting) divides() {
	switch s.model {
	case models.Semaphore.Name:
		s.parts = []string{string(rune('1' + s.r.IntN(s.leases)))}
	case models.MultiLock.Name, models.Partitioner.Name:
		s.parts = pick(s.r, []string{"a"}, []string{"a", "b"}, []string{"b", "a"}, []string{"b", "c"}, []string{"c", "a", "b"})
	}
}

// from returns when everything that the next hold covers is free.
func (s *parting) from(key string) (at int64) {
	for _, part := range s.partsOf(key) {
		at = max(at, s.over[part])
	}
	return at
}

// until records when the present hold is over.
func (s *parting) until(key string, at int64) {
	for _, part := range s.partsOf(key) {
		s.over[part] = at
	}
}
