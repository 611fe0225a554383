// Package runtest is for tests that run whole experiments and check their verdicts.
package runtest

import (
	"context"
	"slices"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/store"
)

// Explain logs the verdicts of a run, for a test that failed.
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

// Violated reports whether a property is violated, with a counterexample for it.
func Violated(r *store.Result, property string) bool {
	return slices.ContainsFunc(r.Verdicts, func(v checker.Verdict) bool {
		return v.Property == property && v.Result == checker.Violation && len(v.Counterexample) > 0 && v.Reason != ""
	})
}

// Running is the configuration of an ensemble that already runs. Experiments do not end it, so many of
// them can share it.
type Running struct{ ensemble.Ensemble }

// Start returns the ensemble.
func (r Running) Start(context.Context) (ensemble.Ensemble, error) { return r, nil }

// Close leaves it to its owner.
func (Running) Close() error { return nil }

// Waits reports whether clients of a recipe wait for each other, and so watch something.
func Waits(recipe string) bool {
	return slices.ContainsFunc(models.Named(recipe).Operations, func(o models.Operation) bool { return o.Waits })
}
