package bounded_test

import (
	"hash/maphash"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/bounded"
)

var seed = maphash.MakeSeed()

func TestCountsItsMemory(t *testing.T) {
	m := porcupine.Model{Init: func() any { return nil }, Step: func(any, any, any) (bool, any) { return true, nil }}
	s := bounded.Search{Ctx: t.Context(), Memory: 100, Tries: 100, Step: 60}
	s.Limit(&m)
	for i, want := range []bool{true, true, false, false} {
		if ok, _ := m.StepContext(t.Context(), m.Init(), nil, nil); ok != want || s.Spent() == want {
			t.Errorf("step %d: %v, spent %v", i, ok, s.Spent())
		}
	}
}

// TestCountsComparisons has seven operations at once, each order of which leads to
// another state, and no order to the last one: some 14,000 tries of a step. Of the states
// that all seven lead to there are 5,040, so comparing each with each is 12,000,000 more.
func TestCountsComparisons(t *testing.T) {
	same := func(a, b any) bool { return a == b }
	for name, tt := range map[string]struct {
		model   porcupine.Model
		decided bool
	}{
		"by hash":  {porcupine.Model{}, true},
		"each":     {porcupine.Model{Equal: same, Hash: func(any) uint64 { return 0 }}, false},
		"unhashed": {porcupine.Model{Equal: same}, false},
		"own hash": {porcupine.Model{Equal: same, Hash: func(state any) uint64 { return maphash.String(seed, state.(string)) }}, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := tt.model
			m.Init = func() any { return "" }
			m.Step = func(state, input, _ any) (bool, any) { return input != "z", state.(string) + input.(string) }
			s := bounded.Search{Ctx: t.Context(), Memory: 1 << 30, Tries: 1e5}
			s.Limit(&m)
			var ops []porcupine.Operation
			for i, input := range strings.Split("abcdefgz", "") {
				ops = append(ops, porcupine.Operation{ClientId: i, Input: input, Return: 1})
			}
			if got := porcupine.CheckOperationsTimeout(m, ops, 0); got != porcupine.Illegal || s.Spent() == tt.decided {
				t.Errorf("%s, given up: %v, after %d tries", got, s.Spent(), s.Tried())
			}
			if tried := s.Tried(); tried > 2e5 {
				t.Errorf("%d tries", tried)
			}
		})
	}
}

// What all states take together counts, too.
func TestCountsWhatIsHeld(t *testing.T) {
	held := int64(0)
	m := porcupine.Model{Init: func() any { return nil }, Step: func(any, any, any) (bool, any) { held += 60; return true, nil }}
	s := bounded.Search{Ctx: t.Context(), Memory: 100, Held: func() int64 { return held }}
	s.Limit(&m)
	for i, want := range []bool{true, true, false} {
		if ok, _ := m.StepContext(t.Context(), nil, nil, nil); ok != want || s.Spent() == want {
			t.Errorf("step %d: %v, spent %v", i, ok, s.Spent())
		}
	}
}
