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

// SweepOptions say how far [Sweep] goes. The zero value is 200 seeds from 1.
type SweepOptions struct {
	First int64 // seed: 1
	Seeds int   // how many: 200
	// Budget is how long seeds are begun; 0: until all have run. What is left out is told,
	// and does not fail the test.
	Budget time.Duration
}

// Sweep runs an experiment as a test with many seeds, in simulations as [Simulate] does, each
// a subtest: "seed 17". Each seed also draws what its run is like, as "zklab sweep" does:
// which faults there are, how often they come, how many clients, keys and servers, how fast
// they work, time-outs and latencies; what the experiment says itself is not drawn. So runs
// differ in kind, and some find what a mix of everything hides. Where clients crash, or freeze, they
// are processes that are played (see [Experiment.PlayProcesses]).
//
// A subtest fails when a property is violated in its run, and names the command that runs
// this seed alone; the test shows the smallest of these runs. It also fails when a third of the
// runs decided nothing, or if the recipe stops virtual time as [Simulate] says. Of faults that
// the experiment names each seed has a subset.
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
	began := time.Now()
	var s simulations
	for i := range seeds {
		if s.giveUp() {
			s.left = seeds - i
			break
		}
		if i > 0 && options.Budget > 0 && time.Since(began) > options.Budget {
			t.Logf("zklab: the time for %d of %d seeds was over", seeds-i, seeds)
			break
		}
		seed := options.First + int64(i)
		t.Run(fmt.Sprint("seed ", seed), func(sub *testing.T) { s.sweep(sub, draw(seed), replayTest(seed, t.Name())) })
	}
	s.tell(t, x)
}

// sweep runs one of them.
func (s *simulations) sweep(t *testing.T, x Experiment, replay string) {
	o, err := SimulateIn(t, x)
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

// forSweep completes options, and gives how many seeds are to be tried: one where the
// variable names it.
func (x Experiment) forSweep(o *SweepOptions) (Experiment, int, error) {
	if o.First < 0 || o.Seeds < 0 || o.Budget < 0 {
		return x, 0, usage("seeds and times of a sweep must be positive")
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

// sweptSeeds is how many are run if nothing else is said.
const sweptSeeds = 200

// drawing is what makes of a seed the experiment that it draws.
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

// with is the experiment with what was drawn where it says nothing itself.
func (x Experiment) with(d sweep.Drawn) Experiment {
	settings.Of(x).Over(d.Settings).Into(&x)
	if x.Ensemble == nil {
		x.Ensemble = embedded.Config{InMemory: true, Nodes: d.Nodes, Latency: usualLatency, Spread: embedded.Spread(d.Latencies)}
	}
	return x
}
