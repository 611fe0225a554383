package styles_test

import (
	"strconv"
	"testing"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/internal/testkit/styles"
)

// seeds draw runs of three kinds: clients that crash and freeze; all faults, with one key; a server that
// lags. The campaign tries more.
var seeds = []int{1, 4, 9}

// No check accuses a right recipe, whatever its style.
func TestNoRightRecipeIsAccused(t *testing.T) {
	for _, r := range styles.Recipes {
		t.Run(r.Name, func(t *testing.T) {
			for _, seed := range seeds {
				t.Setenv(zklab.SeedVariable, strconv.Itoa(seed))
				zklab.Simulate(t, zklab.Experiment{Workload: r.Workload, AllowUnknown: true})
			}
		})
	}
}
