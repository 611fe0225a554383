package catalog

import (
	"fmt"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/mix"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

func TestMain(m *testing.M) {
	testmain.Main(m, goleak.IgnoreTopFunction("github.com/zklab/zklab/internal/virtual/bubble.serve"))
}

// seedsOfTest is the number of seeds of the default test.
const seedsOfTest = 50

// seedsOfMend is the number of seeds with which a mend is tried.
const seedsOfMend = 200

// run makes one run of the default test.
func run(t *testing.T, w workloads.Workload, seed int64) (result *store.Result) {
	t.Helper()
	t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
		x, err := mix.Usual(experiment.Experiment{Config: engine.Config{Workload: w, Seed: seed}})
		if err != nil {
			t.Fatal(err)
		}
		o, err := mix.Simulate(t, x)
		if err != nil {
			t.Fatal(err)
		}
		result = o.Result
	})
	if result == nil {
		t.FailNow()
	}
	return result
}

// The recipes get the right verdict: wrong ones are convicted by one of the properties that they break, and mended
// and correct ones are not accused. A wrong recipe is tried first with the seed that convicted it when it was
// measured.
func TestVerdicts(t *testing.T) {
	measured := readMeasured(t)
	for _, e := range Entries {
		t.Run(e.Folder, func(t *testing.T) {
			if e.Wrong == nil {
				accuseNot(t, e.AsIs, 1, 6) // processes crash and freeze
				return
			}
			seed := convict(t, e, measured[e.Folder].First)
			if e.Wrong.Mended != nil {
				accuseNot(t, e.Wrong.Mended, seed)
			}
		})
	}
}

// convict returns the seed with which a wrong recipe is convicted.
func convict(t *testing.T, e entry.Entry, first int64) int64 {
	t.Helper()
	seeds := []int64{}
	for seed := int64(1); seed <= seedsOfTest; seed++ {
		seeds = append(seeds, seed)
	}
	if first > 0 {
		seeds = slices.Insert(seeds, 0, first)
	}
	for _, seed := range seeds {
		if slices.ContainsFunc(run(t, e.AsIs, seed).Violated(), func(name string) bool { return slices.Contains(e.Wrong.Breaks, name) }) {
			return seed
		}
	}
	t.Fatalf("no seed violates any of %q", e.Wrong.Breaks)
	return 0
}

func accuseNot(t *testing.T, w workloads.Workload, seeds ...int64) {
	t.Helper()
	for _, seed := range seeds {
		if violated := run(t, w, seed).Violated(); len(violated) > 0 {
			t.Errorf("seed %d violates %q", seed, violated)
		}
	}
}
