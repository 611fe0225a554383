package checker

import (
	"context"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
)

// The memory and time for what is computed on the way to verdicts grow in proportion to the
// history, not to its square: what is cheap for a run of a thousand operations must stay
// affordable for a run of an hour.
func TestCostGrowsWithTheHistory(t *testing.T) {
	const small, times = 500, 8
	for _, model := range recipeModels() {
		t.Run(model, func(t *testing.T) {
			allocations := func(operations int) float64 {
				h, txns := checktest.WithLog(checktest.Good(model, operations/perRound(model)))
				return testing.AllocsPerRun(1, func() {
					Run(context.Background(), h, Options{NoReference: true, Transactions: txns})
				})
			}
			if few, many := allocations(small), allocations(times*small); many > 1.5*times*few {
				t.Errorf("%g allocations for %d operations, %g for %d", few, small, many, times*small)
			}
		})
	}
}
