package linearize_test

import (
	"math"
	"runtime"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/internal/base/linearize"
)

// sums adds numbers. A read answers the sum.
var sums = porcupine.Model{
	Init: func() any { return int64(0) },
	Step: func(state, input, output any) (bool, any) {
		if n, ok := input.(int64); ok {
			return true, state.(int64) + n
		}
		return state == output, state
	},
}

// TestCountsWhatIsHeld compares the bytes that a search counts with the heap. Concurrent adds lead to one
// state in many ways, and the search keeps such a state once.
func TestCountsWhatIsHeld(t *testing.T) {
	const memory = 8 << 20
	for name, c := range map[string]struct {
		n        int // operations at one time
		optional bool
	}{"few": {24, false}, "many": {1000, false}, "optional": {24, true}} {
		t.Run(name, func(t *testing.T) {
			p := linearize.Problem{Model: sums}
			for i := range c.n {
				p.Operations = append(p.Operations, porcupine.Operation{ClientId: i, Input: int64(1), Return: 1})
			}
			p.Operations = append(p.Operations, porcupine.Operation{ClientId: c.n, Call: 2, Return: 3, Output: int64(-1)})
			if c.optional {
				p.Optional = func(i int) bool { return i < c.n }
			}
			before, steps, most := heap(), 0, uint64(0)
			got := linearize.Decide(t.Context(), p, linearize.Budget{Memory: memory, Held: func() int64 {
				if steps++; steps%20_000 == 0 {
					most = heap() - before
				}
				return 0
			}})
			if got.Bound != linearize.Memory {
				t.Fatalf("%+v: expected that memory ends it", got)
			}
			if ratio := float64(memory) / float64(most); math.Abs(math.Log2(ratio)) > 1 {
				t.Errorf("the heap grew by %d bytes when %d were counted", most, memory)
			} else {
				t.Logf("counted/real %.2f after %d steps", ratio, steps)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
