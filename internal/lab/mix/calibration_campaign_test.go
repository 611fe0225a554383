//go:build campaign

package mix

import (
	"fmt"
	"testing"

	"github.com/zklab/zklab/internal/lab/coverage"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/styles/wrong"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// TestCalibration compares how many new behaviours the first fifty seeds of right and wrong recipes predict for the
// next fifty with how many those show. For at least eight of ten recipes, the number lies within the predicted
// interval. It prints the table of docs/testing.md.
func TestCalibration(t *testing.T) {
	const runs = 50
	subjects := map[string]workloads.Workload{}
	var names []string
	add := func(name string, w workloads.Workload) { names, subjects[name] = append(names, name), w }
	for _, recipe := range []string{"lock", "election", "queue", "double-barrier", "membership", "counter"} {
		w := must.Get(specimens.Named(recipe, workloads.Own))(t)
		add(recipe, w)
	}
	for _, name := range []string{"lock deleted by path", "semaphore released by path", "partitioner with its name on items", "queue taken again"} {
		for _, r := range wrong.Recipes {
			if r.Name == name {
				add(name+" (wrong)", r.Workload)
			}
		}
	}
	within := 0
	fmt.Println("| recipe | met in 50 runs | in one only | promised for 50 more | came |\n|---|---|---|---|---|")
	for _, name := range names {
		var first, all coverage.Tally
		for seed, o := range Seeds(t, usual(t, subjects[name]), 2*runs) {
			met := coverage.Hashes(coverage.Of(o.History))
			if all.Add(met); seed <= runs {
				first.Add(met)
			}
		}
		e := first.Estimate(runs)
		came := all.Estimate(runs).Met - e.Met
		if e.Low <= float64(came) && float64(came) <= e.High {
			within++
		}
		fmt.Printf("| %s | %d | %d | %.0f (%.0f to %.0f) | %d |\n", name, e.Met, e.Once, e.New, e.Low, e.High, came)
	}
	if 10*within < 8*len(names) {
		t.Errorf("within the interval in %d of %d", within, len(names))
	}
}
