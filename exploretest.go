package zklab

import (
	"context"
	"testing"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/explore"
)

// exploredPairs is how many pairs of faults [Explore] tries.
const exploredPairs = 300

// Explore runs a small experiment as a test, in simulations, and then again with each single fault
// at each of its messages: each request lost, each reply lost, each connection cut before and after
// a message, each session expired, the server of each connection killed, and the leader; where
// clients can be played as processes (see [Experiment.PlayProcesses]), each frozen for longer than
// its session lasts, and crashed. If none breaks a promise, it tries 300 pairs of these, those first that differ most.
// So it meets the windows of less than a millisecond that [Simulate] and [Sweep] meet by luck.
//
// Every field but Workload may be left out. Then three clients begin three operations each on one key.
// The number of runs grows with the messages, so keep it small: some hundred to a few thousand runs
// of about ten milliseconds. Faults must be nil. The variable ZKLAB_SEED sets the seed.
//
// The test fails when a property is violated in a run, with the events that show it in the first
// such run of the fewest faults, and with how many runs each cause was met in. That run is stored,
// with a test that runs it alone. It also fails when all runs together leave a property undecided,
// unless AllowUnknown is set. What it asks of a recipe is what Simulate asks.
func Explore(t *testing.T, x Experiment) {
	t.Helper()
	if x.Faults != nil {
		t.Fatalf("zklab: Explore tries faults of its own: leave Faults out")
	}
	seed, err := namedSeed()
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	if seed != 0 {
		x.Seed = seed
	}
	defaultTo(&x.Seed, 1)
	x = x.asScenario()
	report, err := x.explore(t.Context(), explore.Config{MostPairs: exploredPairs}, func(x Experiment, _ context.Context) (*Outcome, error) { return SimulateIn(t, x) })
	if err != nil {
		t.Fatalf("zklab: the experiment could not be run: %v", err)
	}
	x.tellExplored(t, report)
}

// asScenario fills in what is left out of a scenario.
func (x Experiment) asScenario() Experiment {
	defaultTo(&x.Clients, explore.UsualClients)
	defaultTo(&x.Ops, explore.UsualOps)
	defaultTo(&x.Keys, explore.UsualKeys)
	defaultTo(&x.Rate, explore.UsualRate)
	defaultTo(&x.TimeLimit, explore.UsualLength)
	x.PlayProcesses = x.PlayProcesses || x.playable()
	x.OptionalFaults, x.MinLoad = true, -1
	return x
}

// tellExplored fails the test, or says what was tried.
func (x Experiment) tellExplored(t *testing.T, r explore.Report) {
	t.Helper()
	steps, violated := r.First()
	if violated {
		x.Faults = plan.Steps(steps...)
		o, err := SimulateIn(t, x)
		if err != nil {
			t.Fatalf("zklab: %s\nits first run once more: %v", r, err)
		}
		if len(o.Result.Violated()) == 0 {
			t.Errorf("zklab: %s\n\nits first run took another course when it was run once more, and broke nothing; with the flag of zklab overlay runs repeat", r)
			return
		}
		keepFailed(t, x, o)
		t.Errorf("zklab: %s\n\n%s", r, smallestText(t, o))
		return
	}
	if _, why := r.Verdict(); len(why) > 0 && !x.AllowUnknown {
		t.Errorf("zklab: nothing is violated, but not all is decided: %s", r)
		return
	}
	t.Logf("zklab: %s", r)
}
