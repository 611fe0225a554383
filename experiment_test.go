package zklab

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/progress"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// The fields that users set reach the packages that run the experiment, and what
// Complete finds comes back.
func TestFieldsAreCarried(t *testing.T) {
	told := Progress{}
	x := Experiment{
		Workload: workloads.Lock{New: subjects.NewLock}, Subject: "mine", PlayProcesses: true,
		Clients: 7, Hold: time.Second, Label: "before", Gates: []string{"errors<1%"}, Seed: 3,
		Faults: plan.Every(time.Second, faults.Crash{}), Progress: func(p Progress) { told = p },
	}
	y := x.lab()
	if y.Workload == nil || y.Subject != "mine" || y.Clients != 7 || y.Hold != time.Second || y.Label != "before" || len(y.Gates) != 1 || !y.PlayProcesses {
		t.Errorf("%+v", y)
	}
	want := progress.State{Phase: "load", Elapsed: 1, Limit: 2, OK: 3, Failed: 4, Unknown: 5, Fault: "cut", Faults: 6, Planned: 7, Notice: "slow"}
	y.Progress(want)
	if diff := cmp.Diff(want, progress.State(told)); diff != "" {
		t.Error(diff)
	}

	once := must.Get(x.CompleteSimulated())(t)
	if once.Clients != 7 || once.Keys != 3 || once.Ensemble == nil || once.MinLoad == 0 || once.Progress == nil {
		t.Errorf("not complete: %+v", once)
	}
	// The workload is now the one whose subjects are in the processes: only what Complete keeps beside the
	// exported fields still makes them.
	twice := must.Get(once.CompleteSimulated())(t)
	if _, err := SimulateIn(t, twice); err != nil {
		t.Errorf("an experiment that was completed cannot be run: %v", err)
	}
}

// Each field that users set has a field of its name and type in the packages that run it. (TestExperimentHasEachSetting
// of package settings asks for a field of each setting.)
func TestFieldsHaveOneName(t *testing.T) {
	public, lab := reflect.TypeFor[Experiment](), reflect.TypeFor[experiment.Experiment]()
	for _, f := range reflect.VisibleFields(public) {
		of, ok := lab.FieldByName(f.Name)
		if f.IsExported() && f.Name != "Progress" && (!ok || of.Type != f.Type) {
			t.Errorf("Experiment.%s has no field of that name and type in internal/lab/experiment or its Config", f.Name)
		}
	}
}
