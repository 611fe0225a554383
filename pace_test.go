package zklab_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// ticking returns a clock that moves each time it is read, so that a test of many runs ends after
// some of them, however long they take.
func ticking(step time.Duration) func() time.Time {
	var reads atomic.Int64
	began := time.Now()
	return func() time.Time { return began.Add(time.Duration(reads.Add(1)) * step) }
}

// few is an experiment of short runs.
func few() zklab.Experiment {
	return zklab.Experiment{
		Workload: workloads.Lock{New: newLock}, TimeLimit: time.Second, MinLoad: -1, AllowUnknown: true,
		Faults: plan.Every(300*time.Millisecond, faults.Expire{}),
	}
}

// A test of many seeds says at its beginning what is to come, and then how far it has come. When
// its budget is over it passes, and says how many seeds were not begun, even if the test's log was
// not asked for.
func TestSimulateBudget(t *testing.T) {
	if os.Getenv(planted) != "" {
		zklab.Simulate(t, few().WithClock(ticking(4*time.Second)))
		return
	}
	const left = `4[0-9] seeds were not begun, since the budget of 1m0s is over \(Experiment.Budget sets another\)`
	far := `after 1[0-9]s, for 1m0s at most: [0-9] of 50 simulations, 0 violated`
	quiet, loud := passing(t, "^TestSimulateBudget$"), passing(t, "^TestSimulateBudget$", "-test.v")
	for _, c := range []struct {
		output []byte
		want   string
	}{
		{quiet, `(?m)^zklab: TestSimulateBudget: ` + far + `$`},
		{quiet, `(?m)^zklab: TestSimulateBudget: ` + left + `$`},
		{loud, `(?m)^    zklab: 50 simulations, for 1m0s at most$`},
		{loud, `(?m)^    zklab: ` + far + `$`},
		{loud, `: zklab: ` + left + `\n`},
		{loud, `(?m)simulations, .*operations, and 4[0-9] of 50 seeds were not begun$`},
	} {
		if !regexp.MustCompile(c.want).Match(c.output) {
			t.Errorf("no %q in:\n%s", c.want, c.output)
		}
	}
	if n := strings.Count(string(loud), "RUN   TestSimulateBudget/seed_1\n"); n != 1 || strings.Contains(string(loud), "seed_1/") {
		t.Errorf("seed 1 is not named once:\n%s", loud)
	}
}

// The option of a sweep sets its budget, and no other field does.
func TestSweepBudget(t *testing.T) {
	switch os.Getenv(planted) {
	case "":
	case allowed:
		zklab.Sweep(t, few().WithClock(ticking(time.Second)), zklab.SweepOptions{Seeds: 1 << 40, Budget: 10 * time.Second})
		return
	default:
		x := few()
		x.Budget = time.Minute
		zklab.Sweep(t, x, zklab.SweepOptions{Seeds: 1})
		return
	}
	const want = "1099511627[0-9]+ seeds were not begun, since the budget of 10s is over \\(SweepOptions.Budget sets another\\)"
	if output := passing(t, "^TestSweepBudget$"); !regexp.MustCompile(want).Match(output) {
		t.Errorf("no %q in:\n%s", want, output)
	}
	if output := failing(t, "^TestSweepBudget$"); !strings.Contains(string(output), "the budget of a sweep is SweepOptions.Budget: leave out Experiment.Budget") {
		t.Errorf("%s", output)
	}
}

// open is a lock that grants itself to every client at once.
type open struct{}

func (open) Lock(context.Context) error   { return nil }
func (open) Unlock(context.Context) error { return nil }

// When all seeds fail alike, no more than ten are tried.
func TestSeedsThatFailAlike(t *testing.T) {
	if os.Getenv(planted) != "" {
		zklab.Simulate(t, zklab.Experiment{Budget: -1, Workload: workloads.Lock{New: func(*subjects.Client, string) (subjects.Lock, error) { return open{}, nil }}})
		return
	}
	output := string(failing(t, "^TestSeedsThatFailAlike$"))
	for _, want := range []string{"10 of 10 simulations were violated", "zklab: 40 seeds were not begun, since the first 10 failed alike (exclusion: ", ", and 40 of 50 seeds were not begun; the smallest, made smaller: "} {
		if !strings.Contains(output, want) {
			t.Errorf("no %q in:\n%s", want, output)
		}
	}
}
