package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/engine"
	"github.com/zklab/zklab/internal/runtest"
	"github.com/zklab/zklab/workloads"
)

// The library's own recipes keep their promises when their processes are stopped
// and killed, and no rule of the checker takes that for their fault.
func TestPlayedProcessesInVirtualTime(t *testing.T) {
	seeds := 3
	if testing.Short() {
		seeds = 1
	}
	for _, recipe := range workloads.Recipes() {
		if testing.Short() && recipe != "lock" {
			continue
		}
		w, err := workloads.Named(recipe, workloads.Own)
		if err != nil {
			t.Fatal(err)
		}
		if w.(workloads.Processes).InProcesses() == nil {
			continue
		}
		for seed := 1; seed <= seeds; seed++ {
			t.Run(fmt.Sprint(recipe, "/", seed), func(t *testing.T) {
				t.Parallel()
				o := virtually(t, launching(engine.Config{
					Workload: w, Subject: workloads.Own, TimeLimit: 100 * time.Second, Seed: int64(seed),
					Faults: plan.Every(11*time.Second, faults.Freeze{}, faults.Crash{}, faults.Pause{}, faults.Expire{}),
				}, play))
				if o.Result.Verdict != checker.Valid {
					t.Errorf("verdict %s", o.Result.Verdict)
					runtest.Explain(t, o.Result)
				}
			})
		}
	}
}
