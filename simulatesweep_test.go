package zklab_test

import (
	"bytes"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/workloads"
)

// A right recipe passes each seed. Of a wrong recipe, Sweep names the seeds that find the
// defect, one by one, and each of them also fails alone.
func TestSweep(t *testing.T) {
	t.Run("own", func(t *testing.T) {
		zklab.Sweep(t, zklab.Experiment{Workload: workloads.Lock{New: newLock}, TimeLimit: 3 * time.Second}, zklab.SweepOptions{First: 5, Seeds: 8})
	})
	t.Run("planted", func(t *testing.T) {
		if os.Getenv(planted) != "" {
			zklab.Sweep(t, zklab.Experiment{
				Workload: workloads.Lock{New: newNaive}, Faults: plan.Every(time.Second, faults.Expire{Who: faults.Holder}),
			}, zklab.SweepOptions{Seeds: 12})
			return
		}
		const this = "^TestSweep$/^planted$"
		output := failing(t, this)
		for _, want := range []string{"of 12 simulations were violated (exclusion in ", "the smallest, made smaller: exclusion is violated", "report  "} {
			if !bytes.Contains(output, []byte(want)) {
				t.Errorf("no %q in:\n%s", want, output)
			}
		}
		seed := regexp.MustCompile(`replay  (ZKLAB_SEED=[0-9]+) go test -run '\^TestSweep\$/\^planted\$' github.com/zklab/zklab`).FindSubmatch(output)
		if seed == nil {
			t.Fatalf("no command for a seed in:\n%s", output)
		}
		if again := failing(t, this, string(seed[1])); !bytes.Contains(again, []byte("1 of 1 simulation was violated")) {
			t.Errorf("%s: %s", seed[1], again)
		}
	})
}
