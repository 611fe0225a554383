package zklab_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// A test fails if a gate is exceeded, and also if a gate is undecided unless that is
// allowed.
func TestGates(t *testing.T) {
	for name, c := range map[string]struct {
		gate         string
		allowUnknown bool
		want         string // the text of the failure
		result       gates.State
	}{
		"kept":      {"acquire.median<20s", false, "", gates.Kept},
		"exceeded":  {"release.median<1us", true, "gate release.median<1us exceeded: release.median is ", gates.Exceeded},
		"undecided": {"failover.p95<1s", false, "gate failover.p95<1s undecided: failover.p95 was never measured, and needs 76 times: take Faults", gates.Undecided},
		"allowed":   {"failover.p95<1s", true, "", gates.Undecided},
	} {
		t.Run(name, func(t *testing.T) {
			f, o := fake(t, zklab.Experiment{
				Workload: workloads.Lock{New: subjects.NewLock}, Seed: 1, TimeLimit: 5 * time.Second, Gates: []string{c.gate}, AllowUnknown: c.allowUnknown,
			})
			text := strings.Join(f.errors, "\n")
			if (c.want == "") != (text == "") || !strings.Contains(text, c.want) {
				t.Errorf("failed with %q, want %q", text, c.want)
			}
			if g := o.Result.Gates; len(g) != 1 || g[0].Result != c.result {
				t.Errorf("%+v", g)
			}
		})
	}
}

// The tests of many runs apply the gates to all runs together, not to each run.
func TestGatesOfManyRuns(t *testing.T) {
	x := zklab.Experiment{Workload: workloads.Lock{New: subjects.NewLock}, TimeLimit: 3 * time.Second, Gates: []string{"release.p99<1us", "release.median<1m"}}
	for name, test := range map[string]func(t *testing.T){
		"sweep":    func(t *testing.T) { zklab.Sweep(t, x, zklab.SweepOptions{Seeds: 8}) },
		"simulate": func(t *testing.T) { zklab.Simulate(t, x) },
	} {
		t.Run(name, func(t *testing.T) {
			if os.Getenv(planted) != "" {
				test(t)
				return
			}
			output := string(failing(t, "^TestGatesOfManyRuns$/^"+name+"$"))
			if !strings.Contains(output, "zklab: gate release.p99<1us exceeded: release.p99 is ") || strings.Contains(output, "release.median") || strings.Contains(output, "--- FAIL: TestGatesOfManyRuns/"+name+"/") {
				t.Error(output)
			}
		})
	}
}

// A wrong gate is wrong usage, whatever runs it.
func TestWrongGate(t *testing.T) {
	x := zklab.Experiment{Workload: workloads.Lock{New: subjects.NewLock}, Gates: []string{"aquire.p99<1s"}}
	if _, err := x.Complete(); !errors.Is(err, zklab.ErrUsage) || !strings.Contains(err.Error(), `there is no metric "aquire"`) {
		t.Error(err)
	}
	x.Gates = []string{"acquire.p99<+10%"}
	if _, err := x.Complete(); !errors.Is(err, zklab.ErrUsage) {
		t.Error(err)
	}
}
