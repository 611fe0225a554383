package zklab

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/settings"
)

// SweepOptions set the extent of [Sweep]. The zero value means 200 seeds from 1.
type SweepOptions struct {
	First int64 // first seed; default 1
	Seeds int   // number of seeds; default 200
	// Budget limits the real time in which seeds begin; 0 means no limit but the deadline of the
	// test. The test says how many seeds were not begun, and does not fail because of them.
	Budget time.Duration
}

// Sweep runs an experiment as a test with many seeds, in simulations as [Simulate] does, each in a
// subtest "seed 17". Each seed also draws the kind of run, as "zklab sweep" does: the faults and
// their interval; the numbers of clients, keys and servers; the rate, timeouts and latencies.
// Settings of the experiment are not drawn, except that each seed uses a subset of the faults that
// the experiment names. So runs differ in kind, and some find defects that a mix of everything
// hides. Clients that crash or freeze are played as processes (see [Experiment.PlayProcesses]).
//
// A subtest fails when its run violates a property, and names the command that repeats this seed
// alone. The test shows the smallest of these runs. As for [Simulate], no other seed begins when the
// first ten failed alike. It also fails when a third of the runs decided
// nothing, or when the recipe stops virtual time, as for [Simulate].
func Sweep(t *testing.T, x Experiment, options SweepOptions) {
	t.Helper()
	x, seeds, err := x.forSweep(&options)
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	draw, err := x.drawing()
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	s := begun(t, x, seeds, options.Budget, "SweepOptions.Budget")
	s.each(func(i int) {
		seed := options.First + int64(i)
		t.Run(fmt.Sprint("seed ", seed), func(sub *testing.T) { s.sweep(sub, draw(seed), replayTest(seed, t.Name())) })
	})
	s.tell(t, x)
}

// sweep runs one seed.
func (s *simulations) sweep(t *testing.T, x Experiment, replay string) {
	x.onLook, x.Gates = s.pace.look, nil // all runs together are judged by them
	o, err := x.simulate(t.Context(), t)
	if err := s.take(x.Seed, o, err); err != nil {
		t.Fatalf("zklab: the experiment could not be run: %v", err)
	}
	if o == nil {
		if !x.AllowUnknown {
			t.Errorf("zklab: %v", err)
		}
		return
	}
	if names := o.Result.Violated(); len(names) > 0 {
		t.Errorf("zklab: %s violated; alone: %s", strings.Join(names, ", "), replay)
	}
}

// forSweep fills in the defaults of the options and returns the number of seeds to try: one if
// ZKLAB_SEED is set.
func (x Experiment) forSweep(o *SweepOptions) (Experiment, int, error) {
	if o.First < 0 || o.Seeds < 0 || o.Budget < 0 {
		return x, 0, usage("seeds and times of a sweep must be positive")
	}
	if x.Budget != 0 {
		return x, 0, usage("the budget of a sweep is SweepOptions.Budget: leave out Experiment.Budget")
	}
	seeds := cmp.Or(o.Seeds, sweptSeeds)
	named, err := namedSeed()
	if named != 0 {
		o.First, seeds = named, 1
	}
	x.usualFaults, x.usualRate = x.Faults == nil, x.Rate == 0
	defaultTo(&o.First, 1)
	defaultTo(&x.MinLoad, sweptLoad)
	defaultTo(&x.TimeLimit, simulatedLength)
	x.OptionalFaults = true
	return x, seeds, err
}

// sweptSeeds is the default number of seeds.
const sweptSeeds = 200

// drawing returns the function that makes the experiment of a seed.
func (x Experiment) drawing() (func(seed int64) Experiment, error) {
	all, err := plan.Parse("all", simulatedInterval)
	if err != nil {
		return nil, err
	}
	whole := x
	if x.Faults == nil {
		whole.Faults = all
	}
	if whole, err = whole.CompleteSimulated(); err != nil {
		return nil, err
	}
	choices := sweep.UsualChoices()
	choices.Faults = whole.Faults.Kinds()
	return func(seed int64) Experiment {
		d := sweep.Draw(seed, choices)
		y := x.with(d)
		y.Faults = whole.Faults
		if x.Faults == nil {
			y.Faults = plan.Every(d.FaultInterval, whole.Faults.Faults()...)
		}
		y.Seed, y.Faults = seed, y.Faults.Only(d.Faults)
		return y
	}, nil
}

// with returns the experiment with the drawn values for the settings that it leaves open.
func (x Experiment) with(d sweep.Drawn) Experiment {
	settings.Of(x).Over(d.Settings).Into(&x)
	if x.Ensemble == nil {
		x.Ensemble = embedded.Config{InMemory: true, Nodes: d.Nodes, Latency: usualLatency, Spread: embedded.Spread(d.Latencies)}
	}
	return x
}
