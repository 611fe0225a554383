package declared

import (
	"fmt"
	"maps"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
)

// benched is a kind of state for BenchmarkSpecification: a board with a number of
// entries.
type benched struct {
	name    string
	entries int
	longest int // the longest history that fits into memory
}

// BenchmarkSpecification decides valid histories of one object that five clients use at once, by a specification and by
// porcupine with the same model. "dev spec-table" makes a table of it.
func BenchmarkSpecification(b *testing.B) {
	for _, state := range []benched{{"number", 1, 100_000}, {"map-of-1,000", 1000, 10_000}} {
		for _, calls := range []int{1_000, 10_000, 100_000} {
			if calls > state.longest {
				continue
			}
			h := additions(state.entries, calls)
			name := fmt.Sprintf("state=%s/calls=%d/by=", state.name, calls)
			b.Run(name+"zklab", func(b *testing.B) {
				spec := boardOf(state.entries)
				for b.Loop() {
					a := evidence.Read(b.Context(), h, &boardModel, nil)
					a.Memory = 1 << 34
					if f := spec.decide(b.Context(), a.Keys[0]); f.Result != "" {
						b.Fatal(f.Reason)
					}
				}
			})
			b.Run(name+"porcupine", func(b *testing.B) {
				ops, model := asPorcupine(b, h), asModel(state.entries)
				for b.Loop() {
					if !porcupine.CheckOperations(model, ops) {
						b.Fatal("it is illegal")
					}
				}
			})
		}
	}
}

// additions returns a valid history of additions to entries.
func additions(entries, calls int) *history.History {
	b := historytest.New(boardModel.Name)
	for i := range calls {
		at := float64(10 * i)
		b.Op(i%5, "add", "k", at, at+45, history.OK, i%entries, i%entries+i/entries+1).Session(history.ID(i%5 + 1))
	}
	return b.History()
}

func boardOf(entries int) *Spec {
	s := boards(func(*Call, Caller, bool, map[int]int) {})
	s.Begin = func() any { return firstBoard(entries) }
	return s
}

func firstBoard(entries int) map[int]int {
	first := map[int]int{}
	for i := range entries {
		first[i] = i
	}
	return first
}

func asModel(entries int) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return firstBoard(entries) },
		Step: func(state, input, output any) (bool, any) {
			board := maps.Clone(state.(map[int]int))
			board[input.(int)]++
			return board[input.(int)] == output.(int), board
		},
		Equal: func(a, b any) bool { return maps.Equal(a.(map[int]int), b.(map[int]int)) },
	}
}

func asPorcupine(b *testing.B, h *history.History) (ops []porcupine.Operation) {
	a := evidence.Read(b.Context(), h, &boardModel, nil)
	for _, c := range keyOf(a.Keys[0]).Calls {
		v, _, err := decoded(c)
		if err != nil {
			b.Fatal(err)
		}
		value := v.([2]int)
		ops = append(ops, porcupine.Operation{ClientId: c.Client, Input: value[0], Output: value[1], Call: int64(c.Began), Return: int64(c.Ended)})
	}
	return ops
}
