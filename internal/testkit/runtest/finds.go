//go:build campaign

package runtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab"
)

// Finds runs an experiment with the seeds, one after the other, until a run violates the property. A
// run that cannot begin, for example because a session ends too early on a busy machine, counts as a
// run without a violation.
func Finds(t testing.TB, x zklab.Experiment, property string, seeds ...int64) {
	t.Helper()
	x.Out = t.TempDir()
	for _, x.Seed = range seeds {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		o, err := x.Run(ctx)
		cancel()
		if err != nil {
			t.Logf("seed %d: %v", x.Seed, err)
			continue
		}
		t.Logf("seed %d: violated: %v, which is %v", x.Seed, o.Result.Violated(), o.Result.Verdict)
		if slices.Contains(o.Result.Violated(), property) {
			return
		}
	}
	t.Errorf("not found: %s", property)
}
