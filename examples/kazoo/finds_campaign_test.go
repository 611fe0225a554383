//go:build real && campaign

package kazoo_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/workloads"
)

// In kazoo before 2.9, a reader and a writer behind another writer wait for each other (kazoo#649).
// This needs no fault.
func TestFindsThatReaderAndWriterWaitForEachOther(t *testing.T) {
	p := python(t)
	if out, err := exec.Command(p, "-c", "from kazoo.version import __version__ as v; print(tuple(map(int, v.split('.')[:2])) < (2, 9))").Output(); err != nil || strings.TrimSpace(string(out)) != "True" {
		t.Skip("this kazoo is mended, or hides its version")
	}
	runtest.Finds(t, zklab.Experiment{
		Workload: workloads.RWLock{}, Command: []string{p, "adapter.py"}, Ensemble: embedded.Config{},
		Clients: 4, Keys: 1, TimeLimit: 5 * time.Second, SessionTimeout: 2 * time.Second, OpTimeout: 2 * time.Second,
	}, "progress", 1, 2, 3, 4)
}

// kazoo's DoubleBarrier counts the znode "ready" of a round in which everybody died as a member: of two
// members, one enters alone.
func TestFindsThatReadyOutlivesItsRound(t *testing.T) {
	everybody, err := plan.Parse("crash:all/4s", 0)
	if err != nil {
		t.Fatal(err)
	}
	runtest.Finds(t, zklab.Experiment{ // a crash may come when not both are inside
		Workload: workloads.DoubleBarrier{}, Command: []string{python(t), "adapter.py"}, Ensemble: embedded.Config{}, Faults: everybody,
		Clients: 2, Keys: 1, Rate: 200, TimeLimit: 30 * time.Second, SessionTimeout: 2 * time.Second, OpTimeout: 2 * time.Second,
	}, "enter", 1, 2, 3, 4, 5, 6)
}
