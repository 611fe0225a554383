package zklab_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/workloads"
)

func TestSweepPlanted(t *testing.T) {
	if os.Getenv(planted) == "" {
		t.Skip("it is to fail: TestSweep runs it")
	}
	zklab.Sweep(t, zklab.Experiment{Workload: workloads.Lock{New: newNaive}, Faults: plan.Every(time.Second, faults.Expire{Who: faults.Holder})}, zklab.SweepOptions{Seeds: 12})
}

// A right recipe passes each seed; of a wrong one the seeds that find it are named, one by
// one, and each fails alone, too.
func TestSweep(t *testing.T) {
	t.Run("own", func(t *testing.T) {
		zklab.Sweep(t, zklab.Experiment{Workload: workloads.Lock{New: newLock}, TimeLimit: 3 * time.Second}, zklab.SweepOptions{First: 5, Seeds: 8})
	})
	output := sweepPlanted(t)
	for _, want := range []string{"of 12 simulations were violated (exclusion in ", "the smallest: exclusion is violated", "report  "} {
		if !bytes.Contains(output, []byte(want)) {
			t.Errorf("no %q in:\n%s", want, output)
		}
	}
	seed := regexp.MustCompile(`alone: (ZKLAB_SEED=[0-9]+) go test -run '\^TestSweepPlanted\$'`).FindSubmatch(output)
	if seed == nil {
		t.Fatalf("no command for a seed in:\n%s", output)
	}
	if again := sweepPlanted(t, string(seed[1])); !bytes.Contains(again, []byte("1 of 1 simulations were violated")) {
		t.Errorf("%s: %s", seed[1], again)
	}
}

// sweepPlanted gives what the test says that is to fail.
func sweepPlanted(t *testing.T, env ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSweepPlanted$")
	cmd.Env = append(append(os.Environ(), planted+"=1", "TMPDIR="+t.TempDir()), env...)
	output, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("it passed")
	}
	return output
}

// The budget ends a sweep, and what makes no sense is told.
func TestSweepBudget(t *testing.T) {
	began := time.Now()
	zklab.Sweep(t, zklab.Experiment{Workload: workloads.Lock{New: newLock}, TimeLimit: time.Second, AllowUnknown: true}, zklab.SweepOptions{Seeds: 1 << 40, Budget: time.Nanosecond})
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}
