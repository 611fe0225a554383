package zklab_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/workloads"
)

// A workload without New is refused, unless a program serves the subjects.
func TestWithoutNew(t *testing.T) {
	for _, w := range []workloads.Workload{workloads.Lock{}, workloads.Election{}, workloads.MasterWorker{}} {
		for _, f := range []plan.Schedule{nil, plan.Every(1e9, faults.Crash{})} {
			_, err := zklab.SimulateIn(t, zklab.Experiment{Workload: w, Faults: f, Seed: 1})
			if !errors.Is(err, zklab.ErrUsage) || !strings.Contains(err.Error(), "workload has no New: give workloads.") {
				t.Errorf("%T: %v", w, err)
			}
		}
		if _, err := (zklab.Experiment{Workload: w, Command: []string{"true"}}).Complete(); err != nil {
			t.Errorf("%T, served by a program: %v", w, err)
		}
	}
	if _, err := (zklab.Experiment{Workload: workloads.Session{}}).Complete(); err != nil {
		t.Errorf("a workload that needs no New: %v", err)
	}
}
