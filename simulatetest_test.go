package zklab

import (
	"slices"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects/broken"
	"github.com/zklab/zklab/workloads"
)

// The usual seeds find a lock that is wrong only where sessions of waiting clients end, and that
// offers nothing but its two methods.
func TestUsualSeedsMeetWaiters(t *testing.T) {
	x, _, err := Experiment{Workload: workloads.Lock{New: broken.MissingIsFirst}}.forSimulation()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for range 10 {
		o, err := SimulateIn(t, x.ofSeed(true))
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(o.Result.Violated(), "grant") {
			found++
		}
		x.Seed++
	}
	if t.Logf("found by %d of 10 seeds", found); found == 0 {
		t.Error("not found")
	}
}

// Each property that was violated is told with a seed that shows it, but for those that the
// smallest run of all shows.
func TestEachPropertyHasASeed(t *testing.T) {
	var s simulations
	run := func(seed int64, events int, violated ...string) {
		o := &Outcome{History: &history.History{Events: make([]history.Event, events)}, Result: &store.Result{Seed: seed, Verdict: checker.Violation}}
		for _, p := range violated {
			o.Result.Verdicts = append(o.Result.Verdicts, checker.Verdict{Property: p, Result: checker.Violation})
		}
		s.add(o)
	}
	run(1, 50, "exclusion", "progress")
	run(2, 40, "exclusion", "progress")
	run(3, 10, "progress")
	run(4, 60, "exclusion")
	if got, want := s.often(), "exclusion in 3, smallest with ZKLAB_SEED=2; progress in 3"; got != want || s.smallest.Result.Seed != 3 || s.violated != 4 {
		t.Errorf("%q, want %q; the smallest is %d of %d", got, want, s.smallest.Result.Seed, s.violated)
	}
}
