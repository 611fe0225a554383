package engine_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/played"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// The processes of a subject that does not report the loss of its hold can also be simulated.
func TestPlayedWithoutWordOfLosses(t *testing.T) {
	w := must.Get(specimens.Named("lock", specimens.GoZookeeper))(t)
	valid(t, virtually(t, launching(engine.Config{
		Workload: w, Settings: settings.Settings{Clients: 3, Keys: 1, TimeLimit: 5 * time.Second}, Seed: 1,
	}, played.Launch(map[string]subjects.Maker{"lock": w.(workloads.Served).Maker()}))))
}

// The library's own recipes keep their promises when their processes are stopped and killed, and no
// check blames the recipes for the consequences.
func TestPlayedProcessesInVirtualTime(t *testing.T) {
	for _, recipe := range recipes() {
		w := must.Get(specimens.Named(recipe, workloads.Own))(t)
		if !workloads.InProcesses(w) {
			continue
		}
		t.Run(recipe, func(t *testing.T) {
			valid(t, virtually(t, launching(engine.Config{
				Workload: w, Subject: workloads.Own, Settings: settings.Settings{TimeLimit: 35 * time.Second}, Seed: 1,
				Faults: plan.Every(6*time.Second, faults.Freeze{}, faults.Crash{}, faults.Pause{}, faults.Expire{}),
			}, played.Launch(ownRecipes()))))
		})
	}
}
