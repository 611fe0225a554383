package zklab_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// shortHolds is a check that a user wrote: no client of a lock acquires it more than a number of
// times.
type shortHolds struct{ most int }

func (shortHolds) Name() string { return "greedy" }

func (s shortHolds) Check(_ context.Context, h *history.History) []checker.Verdict {
	v := checker.Verdict{Result: checker.Valid, Meaning: "no client acquired often"}
	count := map[int]int{}
	for _, op := range h.Operations() {
		if op.F != models.FAcquire || op.Outcome() != history.OK {
			continue
		}
		if count[op.Client]++; count[op.Client] > s.most {
			v.Result, v.Key, v.Reason, v.Counterexample = checker.Violation, op.Key, "a client acquired again", []int{op.Invoke.Index, op.Return.Index}
			break
		}
	}
	return []checker.Verdict{v}
}

// Checks that a user wrote count like zklab's, and only the program that has them can decide them
// again.
func TestChecksOfOnesOwn(t *testing.T) {
	x := zklab.Experiment{Workload: workloads.Lock{New: subjects.NewLock}, TimeLimit: 5 * time.Second, Seed: 1}
	for most, want := range map[int]checker.Result{1_000_000: checker.Valid, 1: checker.Violation} {
		x.Checks = []checker.Check{shortHolds{most}}
		o := must.Get(zklab.SimulateIn(t, x))(t)
		if o.Result.Verdict != want {
			t.Errorf("at most %d: %s", most, o.Result.Verdict)
		}
		must.Do(t, o.Keep(t.TempDir()))
		report, err := os.ReadFile(o.Run.Report())
		if err != nil || strings.Contains(string(report), "lock.md#greedy") {
			t.Errorf("the page names a place in the documentation for the check, or: %v", err)
		}
		again, err := zklab.Judge(t.Context(), &store.Run{Dir: o.Run.Dir}, checker.Options{})
		if err != nil {
			t.Fatal(err)
		}
		last := again.Verdicts[len(again.Verdicts)-1]
		if again.Verdict != checker.Unknown || last.Property != "greedy" || !strings.Contains(last.Reason, "only the program that ran the experiment") {
			t.Errorf("judged without the check: %s, %+v", again.Verdict, last)
		}
		if again, err = zklab.Judge(t.Context(), &store.Run{Dir: o.Run.Dir}, checker.Options{Extra: x.Checks}); err != nil || again.Verdict != want {
			t.Errorf("judged with the check: %s, %v", again.Verdict, err)
		}
	}
	x.Checks = []checker.Check{shortHolds{1}, shortHolds{2}}
	if _, err := x.Complete(); err == nil || !strings.Contains(err.Error(), `two checks are called "greedy"`) {
		t.Errorf("two of one name: %v", err)
	}
}
