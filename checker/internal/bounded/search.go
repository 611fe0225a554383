// Package bounded ends porcupine's searches that take too much memory or too many steps: porcupine
// itself bounds time alone. It may not know what is searched.
package bounded

import (
	"context"
	"hash/maphash"
	"sync/atomic"

	"github.com/anishathalye/porcupine"
)

// Search is the bounds of one search. [Search.Limit] is called once, before it.
type Search struct {
	Ctx    context.Context // ends it
	Memory int64           // bytes
	// Tries is how many steps and comparisons are tried; 0: as many as there is time for.
	Tries int64
	// Step is what a step that succeeds takes, in bytes (see StepCost).
	Step int64
	// Size is what the state takes, in bytes, that a step leads to; nil: nothing.
	Size func(state any) int
	// Held is what all states take together, in bytes; nil: nothing. It is no part of what Step and
	// Size sum up.
	Held func() int64

	spent atomic.Bool
	used  atomic.Int64 // a search is one goroutine for each part of a model that has some
	tried atomic.Int64
}

// StepCost is roughly how many bytes porcupine keeps for each step of its search among so many
// operations: a bit for each of them, and the entry of its cache.
func StepCost(operations int) int64 { return int64(operations)/8 + 150 }

// Spent says that a bound was reached: the result of the search says nothing.
func (s *Search) Spent() bool { return s.spent.Load() }

// Tried is how many steps and comparisons there were.
func (s *Search) Tried() int64 { return s.tried.Load() }

// Limit makes a model's steps fail once a bound is reached.
func (s *Search) Limit(m *porcupine.Model) {
	s.limitSteps(m)
	if s.Tries > 0 {
		s.limitComparisons(m)
	}
}

var seed = maphash.MakeSeed()

// limitComparisons counts these, too: porcupine compares a state with all others that the same
// operations led to, which is most of its work where these are many.
func (s *Search) limitComparisons(m *porcupine.Model) {
	equal := m.Equal
	if equal == nil {
		equal = func(a, b any) bool { return a == b }
		m.Hash = func(state any) uint64 { return maphash.Comparable(seed, state) }
	}
	m.Equal = func(a, b any) bool {
		if s.tried.Add(1) > s.Tries {
			s.spent.Store(true)
		}
		return s.spent.Load() || equal(a, b)
	}
}

func (s *Search) limitSteps(m *porcupine.Model) {
	inner, plain := m.StepContext, m.Step
	m.StepContext = func(c context.Context, state, input, output any) (bool, any) {
		if s.spent.Load() {
			return false, nil
		}
		if s.over() {
			s.spent.Store(true)
			return false, nil
		}
		var ok bool
		var next any
		if inner != nil {
			ok, next = inner(c, state, input, output)
		} else {
			ok, next = plain(state, input, output)
		}
		if ok {
			s.used.Add(s.Step)
			if s.Size != nil {
				s.used.Add(int64(s.Size(next)))
			}
		}
		return ok, next
	}
}

// over says that a bound is reached, with one more step.
func (s *Search) over() bool {
	used := s.used.Load()
	if s.Held != nil {
		used += s.Held()
	}
	return used > s.Memory || s.tried.Add(1) > s.Tries && s.Tries > 0 || s.Ctx.Err() != nil
}
