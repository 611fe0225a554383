package checker

import (
	"context"
	"testing"

	"github.com/zklab/zklab/checker/internal/checktest"
)

// What is made on the way to the verdicts grows with the history, and not with its square: what a
// run of a thousand operations takes is far from what one of an hour does.
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
