//go:build campaign

package runtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab"
)

// Finds runs an experiment with those seeds, until one breaks that property. A run that cannot
// begin, as where a session ends before it on a busy machine, counts as one that found nothing.
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
