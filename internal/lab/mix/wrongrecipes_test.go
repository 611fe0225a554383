package mix

import (
	"slices"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/styles/wrong"
	"github.com/zklab/zklab/workloads"
)

// seedOf makes one run of the default test of a workload.
func seedOf(t *testing.T, w workloads.Workload, seed int64) *experiment.Outcome {
	t.Helper()
	return Seed(t, usual(t, w), seed)
}

// missed are wrong recipes that the default test does not convict yet.
var missed = []string{
	// Its mistake needs a create whose reply is lost, a lagging server, and a client that gives up at that
	// moment.
	"discovery given up after a look",
}

// The default test convicts wrong recipes, each by the property that it breaks.
func TestWrongRecipes(t *testing.T) {
	for _, r := range wrong.Recipes {
		if slices.Contains(missed, r.Name) {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			for seed := range int64(50) {
				if o := seedOf(t, r.Workload, 1+seed); o == nil || slices.Contains(o.Result.Violated(), r.Property) {
					return
				}
			}
			t.Errorf("%s is not violated with any seed", r.Property)
		})
	}
}

// No check accuses the same recipes without their mistakes. In the runs with these seeds, processes crash and
// freeze.
func TestWrongRecipesMadeRight(t *testing.T) {
	for _, r := range wrong.Recipes {
		if r.Mended == nil {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			for _, seed := range []int64{1, 6} {
				if o := seedOf(t, r.Mended, seed); o != nil && o.Result.Verdict == checker.Violation {
					t.Errorf("seed %d: violated: %v", seed, o.Result.Violated())
				}
			}
		})
	}
}
