package experiment

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// The calls of a process that crashes may go on after the client has given them up. The race detector notices
// if both touch the same memory.
func TestCallsOfProcessesThatCrash(t *testing.T) {
	w := must.Get(specimens.Named("membership", workloads.Own))(t)
	crashes := must.Get(plan.Parse("crash/2s", time.Second))(t)
	for seed := range int64(2) {
		x := Experiment{Config: engine.Config{
			Workload: w, Faults: crashes, Seed: seed + 1, Ensemble: embedded.Config{InMemory: true},
			Settings: settings.Settings{TimeLimit: 8 * time.Second, FaultInterval: 2 * time.Second},
		}}
		x.PlayProcesses = true
		o := must.Get(x.Simulate(t.Context(), t))(t)
		if o.Result.Verdict == checker.Violation {
			t.Errorf("seed %d: %v", seed+1, o.Result.Violated())
		}
	}
}
