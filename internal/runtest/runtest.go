// Package runtest is for tests that run whole experiments and look at what was decided.
package runtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/store"
)

// Explain logs what a run came to, for a test that failed.
func Explain(t testing.TB, r *store.Result) {
	t.Helper()
	for _, v := range r.Verdicts {
		t.Logf("%s %s: %s %s", v.Property, v.Key, v.Result, v.Reason)
	}
	for _, a := range r.Assumptions {
		t.Logf("%s: met %v: %s", a.Name, a.Met, a.Text)
	}
	t.Logf("warnings: %q", r.Warnings)
	t.Logf("faults: %+v", r.Stats.Faults)
}

// Valid wants a run to be decided, as valid, and returns it. Where faults missed what they are
// for a run is undecided, as it should be: another one is made then, of three in all. A
// violation fails at once.
func Valid(t testing.TB, run func() *zklab.Outcome) *zklab.Outcome {
	t.Helper()
	const most = 3
	for n := 1; ; n++ {
		o := run()
		if o.Result.Verdict == checker.Valid {
			return o
		}
		Explain(t, o.Result)
		if o.Result.Verdict == checker.Violation || n == most {
			t.Errorf("run %d: verdict %s", n, o.Result.Verdict)
			return o
		}
	}
}

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

// Violated says whether a property is violated, with a witness for it.
func Violated(r *store.Result, property string) bool {
	for _, v := range r.Verdicts {
		if v.Property == property && v.Result == checker.Violation && len(v.Witness) > 0 && v.Reason != "" {
			return true
		}
	}
	return false
}

// Running starts an ensemble that runs already, and does not end it: many experiments
// of a test binary use it.
type Running struct{ ensemble.Ensemble }

// Start gives the ensemble.
func (r Running) Start(context.Context) (ensemble.Ensemble, error) { return r, nil }

// Close leaves it to its owner.
func (Running) Close() error { return nil }

// Waits says whether clients of a recipe wait for each other, and so watch something.
func Waits(recipe string) bool {
	return slices.ContainsFunc(models.Named(recipe).Operations, func(o models.Operation) bool { return o.Waits })
}
