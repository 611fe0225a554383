//go:build real

package zklab_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/dockertest"
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
	h, err := o.Run.ReadHistory()
	if err != nil {
		t.Fatal(err)
	}
	last := history.FaultStep{}
	for _, e := range h.Events {
		if e.Process == history.Nemesis && e.F == "upgrade" {
			if err := e.Decode(&last); err != nil {
				t.Fatal(err)
			}
		}
	}
	if last.Step != history.StepHealed || !slices.Equal(last.Servers, []int{1, 2, 3}) ||
		!strings.Contains(last.Detail, "came back as 3.9.") || !strings.Contains(last.Detail, "in turn; they were 3.8.") {
		t.Errorf("the last step of the upgrade: %+v", last)
	}
	t.Log(last.Detail)
}
