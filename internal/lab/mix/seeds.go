package mix

import (
	"fmt"
	"iter"
	"testing"

	"github.com/zklab/zklab/internal/lab/experiment"
)

// Seed makes the run of a test with one seed, in a subtest. It returns nil if the run could not be made.
func Seed(t *testing.T, x experiment.Experiment, seed int64) (o *experiment.Outcome) {
	t.Helper()
	t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
		var err error
		x.Seed = seed
		if o, err = Simulate(t, x); err != nil {
			t.Fatal(err)
		}
	})
	return o
}

// Seeds makes the runs of a test with the seeds 1 to n.
func Seeds(t *testing.T, x experiment.Experiment, n int64) iter.Seq2[int64, *experiment.Outcome] {
	return func(yield func(int64, *experiment.Outcome) bool) {
		for seed := int64(1); seed <= n; seed++ {
			if !yield(seed, Seed(t, x, seed)) {
				return
			}
		}
	}
}
