package mix

import (
	"fmt"
	"slices"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/styles/wrong"
	"github.com/zklab/zklab/workloads"
)

// seedOf makes one run of the default test of a workload.
func seedOf(t *testing.T, w workloads.Workload, seed int64) (o *experiment.Outcome) {
	t.Helper()
	t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
		x := usual(t, w)
		x.Seed = seed
		var err error
		if o, err = Simulate(t, x); err != nil {
			t.Fatal(err)
		}
	})
	return o
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
				if o := seedOf(t, r.Wrong, 1+seed); o == nil || slices.Contains(o.Result.Violated(), r.Breaks) {
					return
				}
			}
			t.Errorf("%s is not violated with any seed", r.Breaks)
		})
	}
}

// No check accuses the same recipes without their mistakes. In the runs with these seeds, processes crash and
// freeze.
func TestWrongRecipesMadeRight(t *testing.T) {
	for _, r := range wrong.Recipes {
		if r.Right == nil {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			for _, seed := range []int64{1, 6} {
				if o := seedOf(t, r.Right, seed); o != nil && o.Result.Verdict == checker.Violation {
					t.Errorf("seed %d: violated: %v", seed, o.Result.Violated())
				}
			}
		})
	}
}
