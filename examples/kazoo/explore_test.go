package kazoo_test

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/explore"
	"github.com/zklab/zklab/internal/runtest"
	"github.com/zklab/zklab/workloads"
)

// kazoo's Counter adds again when the reply to its setData is lost, which exploring a
// scenario of two clients in real processes finds without being told where to look.
func TestExploreFindsTheCounter(t *testing.T) {
	if testing.Short() {
		t.Skip("some runs in real time")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	x := zklab.Experiment{
		Workload: workloads.Counter{}, Command: []string{python(t), "adapter.py"}, Ensemble: embedded.Config{},
		Clients: 2, Ops: 4, Keys: 1, Rate: 300, TimeLimit: 20 * time.Second, SessionTimeout: 2 * time.Second, OpTimeout: 3 * time.Second, Seed: 1,
	}
	r, err := x.Explore(ctx, explore.Config{First: true, Singles: true, Faults: []explore.Choice{{Fault: faults.LoseReply{}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	if len(r.Findings) != 1 || !slices.Contains(r.Findings[0].Broken, "linearizable") || !strings.Contains(r.Findings[0].String(), "/setData#") {
		t.Errorf("found: %v", r.Findings)
	}
}

// A reader and a writer behind a writer of kazoo's before 2.9 wait for each other (kazoo#649),
// which takes no fault.
func TestFindsThatReaderAndWriterWaitForEachOther(t *testing.T) {
	if testing.Short() {
		t.Skip("a run in real time")
	}
	p := python(t)
	if out, err := exec.Command(p, "-c", "from kazoo.version import __version__ as v; print(tuple(map(int, v.split('.')[:2])) < (2, 9))").Output(); err != nil || strings.TrimSpace(string(out)) != "True" {
		t.Skip("this kazoo is mended, or hides its version")
	}
	runtest.Finds(t, zklab.Experiment{
		Workload: workloads.RWLock{}, Command: []string{p, "adapter.py"}, Ensemble: embedded.Config{},
		Clients: 4, Keys: 1, TimeLimit: 5 * time.Second, SessionTimeout: 2 * time.Second, OpTimeout: 2 * time.Second,
	}, "progress", 1, 2, 3, 4)
}

// kazoo's DoubleBarrier takes the "ready" of a round in which everybody died for a member:
// of two, one gets in alone.
func TestFindsThatReadyOutlivesItsRound(t *testing.T) {
	if testing.Short() {
		t.Skip("runs in real time")
	}
	everybody, err := plan.Parse("crash:all/4s", 0)
	if err != nil {
		t.Fatal(err)
	}
	runtest.Finds(t, zklab.Experiment{ // a crash need not find both inside
		Workload: workloads.DoubleBarrier{}, Command: []string{python(t), "adapter.py"}, Ensemble: embedded.Config{}, Faults: everybody,
		Clients: 2, Keys: 1, Rate: 200, TimeLimit: 30 * time.Second, SessionTimeout: 2 * time.Second, OpTimeout: 2 * time.Second,
	}, "enter", 1, 2, 3, 4, 5, 6)
}
