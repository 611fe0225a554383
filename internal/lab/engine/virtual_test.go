package engine_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/faults/plan"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// The library's own recipes keep their promises while leaders are paused and sessions end. Sweeps try
// other seeds.
func TestOwnRecipesInVirtualTime(t *testing.T) {
	for _, recipe := range recipes() {
		w := must.Get(specimens.Named(recipe, workloads.Own))(t)
		t.Run(recipe, func(t *testing.T) {
			o := virtually(t, engine.Config{
				Workload: w, Subject: workloads.Own, Settings: settings.Settings{TimeLimit: 16 * time.Second}, Seed: 1,
				Faults: plan.Every(5*time.Second, faults.Pause{}, faults.Expire{}),
			})
			valid(t, o)
			if got := withoutOffers(t, o); got == checker.Violation {
				t.Errorf("%s without what it offers beside its contract", got)
			}
		})
	}
}

// Mutants are also found in virtual time.
func TestBrokenSubjectsInVirtualTime(t *testing.T) {
	for recipe, property := range map[string]string{
		"lock": "exclusion", "queue": "integrity", "barrier": "early", "double-barrier": "leave", "election": "exclusion",
		"register": "linearizable", "session": "durable",
	} {
		t.Run(recipe, func(t *testing.T) {
			w := must.Get(specimens.Named(recipe, specimens.Broken))(t)
			o := virtually(t, engine.Config{Workload: w, Settings: settings.Settings{TimeLimit: 10 * time.Second}, Seed: 1, MinLoad: -1})
			if o.Result.Verdict != checker.Violation || !runtest.Violated(o.Result, property) {
				t.Errorf("verdict %s", o.Result.Verdict)
				runtest.Explain(t, o.Result)
			}
		})
	}
}
