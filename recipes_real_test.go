//go:build real

package zklab_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
)

// A run on Apache's servers comes to its end with everything that a run leaves, its faults take
// effect on real processes, and no right recipe is accused because of what such servers do. The
// machine decides how much happens in the time, so the run may be undecided.
func TestRealRun(t *testing.T) {
	x := ownUnderFaults(t, models.Lock.Name)
	x.Ensemble, x.Out, x.MinLoad = runtest.Shared(t), t.TempDir(), -1
	o := run(t, x)
	if o.Result.Verdict == checker.Violation {
		t.Errorf("verdict %s", o.Result.Verdict)
	}
	faultsHappened(t, o)
}

// Apache's servers are upgraded from 3.8 to 3.9 while clients lock: each has its turn, keeps its data, and tells its
// versions in the record. The lock keeps its promises.
func TestRealUpgrade(t *testing.T) {
	dockertest.Require(t)
	x := ownUnderFaults(t, models.Lock.Name)
	x.Ensemble = container.Config{Image: "zklab/zookeeper:3.8", UpgradeTo: "zklab/zookeeper:3.9"}
	x.Faults, x.TimeLimit = plan.At(5*time.Second, 10*time.Second, faults.Upgrade{}), 20*time.Second
	x.Out, x.MinLoad = t.TempDir(), -1
	o := run(t, x)
	if o.Result.Verdict != checker.Valid {
		t.Errorf("verdict %s", o.Result.Verdict)
		runtest.Explain(t, o.Result)
	}
	if v := o.Result.Ensemble.Version; !strings.HasPrefix(v, "3.8.") {
		t.Errorf("the run began on %s", v)
	}
	steps := stepsOf(t, o, faults.Upgrade{})
	last := steps[len(steps)-1]
	if last.Step != history.StepHealed || !slices.Equal(last.Servers, []int{1, 2, 3}) ||
		!strings.Contains(last.Detail, "came back as 3.9.") || !strings.Contains(last.Detail, "in turn; they were 3.8.") {
		t.Errorf("the last step of the upgrade: %+v", last)
	}
	t.Log(last.Detail)
}

// The wall clock of an Apache leader jumps while clients lock, ahead and then back: a znode has its time, and the record
// tells so. Sessions do not feel it, so the lock keeps its promises. In the end the clock is right.
func TestRealWallClock(t *testing.T) {
	dockertest.Require(t)
	x := ownUnderFaults(t, models.Lock.Name)
	x.Ensemble = container.Config{}
	x.Faults = slices.Concat(
		plan.At(4*time.Second, 3*time.Second, faults.WallClock{By: 2 * time.Hour}),
		plan.At(10*time.Second, 3*time.Second, faults.WallClock{By: -2 * time.Hour}))
	x.TimeLimit, x.Out, x.MinLoad = 16*time.Second, t.TempDir(), -1
	o := run(t, x)
	if o.Result.Verdict != checker.Valid {
		t.Errorf("verdict %s", o.Result.Verdict)
		runtest.Explain(t, o.Result)
	}
	var seen []string
	for _, step := range stepsOf(t, o, faults.WallClock{}) {
		switch step.Step {
		case history.StepVerified:
			seen = append(seen, step.Detail)
		case history.StepHealed:
			seen = append(seen, step.Step)
		}
	}
	want := []string{
		"the clocks are 2h0m0s ahead, and so was the ctime of a znode", history.StepHealed,
		"the clocks are 2h0m0s behind, and so was the ctime of a znode", history.StepHealed,
	}
	if !slices.Equal(seen, want) {
		t.Errorf("%q", seen)
	}
}

// Apache's servers that acknowledge before they force to disk (forceSync=no) keep what they acknowledged when all of them
// are killed, and lose some of it when all of them lose their power.
func TestRealHastyServersAreConvicted(t *testing.T) {
	dockertest.Require(t)
	for _, tt := range []struct {
		fault    faults.Fault
		convicts bool
	}{
		{faults.Kill{Nodes: faults.All}, false},
		{faults.Unsynced{Nodes: faults.All}, true},
	} {
		t.Run(tt.fault.Spec(), func(t *testing.T) {
			x := ownUnderFaults(t, models.Register.Name)
			x.Ensemble = container.Config{JVMFlags: []string{"-Dzookeeper.forceSync=no"}}
			x.Faults, x.TimeLimit = plan.At(3*time.Second, 2*time.Second, tt.fault), 9*time.Second
			x.Out, x.MinLoad = t.TempDir(), -1
			o := run(t, x)
			for _, step := range stepsOf(t, o, tt.fault) {
				t.Log(step.Step, step.Detail)
			}
			violated := o.Result.Violated()
			if slices.Contains(violated, "durable") != tt.convicts || !tt.convicts && len(violated) > 0 {
				t.Errorf("%s, violated are %q", o.Result.Verdict, violated)
			}
		})
	}
}

// stepsOf returns the recorded steps of faults of one kind.
func stepsOf(t *testing.T, o *zklab.Outcome, f faults.Fault) (steps []history.FaultStep) {
	t.Helper()
	h := must.Get(o.Run.ReadHistory())(t)
	for _, e := range h.Events {
		if e.Process != history.Nemesis || e.F != f.Kind() {
			continue
		}
		var step history.FaultStep
		must.Do(t, e.Decode(&step))
		steps = append(steps, step)
	}
	return steps
}
