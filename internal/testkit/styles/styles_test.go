package styles_test

import (
	"strconv"
	"testing"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/internal/testkit/styles"
)

// seeds draw runs of three kinds: with clients that crash and freeze; with all faults and one key; with a
// lagging server. The campaign tries more.
var seeds = []int{1, 4, 9}

// No check accuses a correct recipe, whatever its style.
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
