package zklab

import (
	"context"
	"testing"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/explore"
)

// exploredPairs is the number of pairs of faults that [Explore] tries.
const exploredPairs = 300

// Explore runs a small experiment as a test, in simulations, and repeats it with each single fault
// at each of its messages: each request lost; each reply lost; each connection cut before and after
// a message; each session expired; the server of each connection killed, and the leader. If clients
// can be played as processes (see [Experiment.PlayProcesses]), each client is also frozen for
// longer than its session lasts, and crashed. If no single fault breaks a promise, Explore tries
// 300 pairs of them, the most different pairs first. So it reaches windows of less than a
// millisecond, which [Simulate] and [Sweep] hit only by luck.
//
// Every field except Workload is optional. By default, three clients begin three operations each on
// one key. The number of runs grows with the number of messages, so keep the experiment small: a
// few hundred to a few thousand runs of about ten milliseconds each. Faults must be nil. The
// variable ZKLAB_SEED sets the seed.
//
// The test fails when a run violates a property. It shows the events of the first such run with the
// fewest faults, and the number of runs in which each cause was found. That run is stored, together
// with a test that repeats it alone. The test also fails when all runs together leave a property
// undecided, unless AllowUnknown is set. The recipe has to meet the same requirements as for
// Simulate.
func Explore(t *testing.T, x Experiment) {
	t.Helper()
	if x.Faults != nil {
		t.Fatalf("zklab: Explore chooses faults itself: leave out Faults")
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
	var report explore.Report
	err = errLeftOut
	t.Run("explore", func(t *testing.T) {
		err = errEnded
		report, err = x.explore(t.Context(), explore.Config{MostPairs: exploredPairs}, func(x Experiment, ctx context.Context) (*Outcome, error) { return x.simulate(ctx, t) })
	})
	if err != nil {
		t.Fatalf("zklab: the experiment could not be run: %v", err)
	}
	x.tellExplored(t, report)
}

// asScenario fills in the defaults of a scenario.
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

// tellExplored fails the test, or logs what was tried.
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
			t.Errorf("zklab: %s\n\nits first run took a different course when repeated, and broke nothing; with the flag of zklab overlay, runs repeat", r)
			return
		}
		keepFailed(t, x, o)
		t.Errorf("zklab: %s\n\n%s", r, smallestText(t, o))
		return
	}
	if _, why := r.Verdict(); len(why) > 0 && !x.AllowUnknown {
		t.Errorf("zklab: nothing was violated, but not everything could be decided: %s", r)
		return
	}
	t.Logf("zklab: %s", r)
}
