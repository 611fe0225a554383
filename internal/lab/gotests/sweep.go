package gotests

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/mix"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// Range is the extent of a sweep; see zklab.SweepOptions.
type Range struct {
	First  int64
	Seeds  int
	Budget time.Duration
}

// Sweep runs an experiment as a test with many seeds; see zklab.Sweep.
func Sweep(t *testing.T, x experiment.Experiment, r Range) {
	t.Helper()
	x, r, err := forSweep(x, r)
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	draw, asked, err := drawing(x)
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	s := begun(t, x, r.Seeds, r.Budget, "SweepOptions.Budget")
	if r.Seeds > 1 || os.Getenv(SeedVariable) == "" { // otherwise the run repeats one of many
		s.asked = asked
	}
	s.each(func(i int) {
		seed := r.First + int64(i)
		t.Run(fmt.Sprint("seed ", seed), func(sub *testing.T) { s.sweep(sub, draw(seed), replayTest(seed, t.Name())) })
	})
	s.tell(t, x)
}

// sweep runs one seed.
func (s *simulations) sweep(t *testing.T, x experiment.Experiment, replay string) {
	x = s.oneOf(x)
	o, err := x.Simulate(t.Context(), t)
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
		t.Logf("zklab: %s violated; alone: %s", strings.Join(names, ", "), replay)
	}
}

// forSweep fills in the defaults. The range has one seed if ZKLAB_SEED is set.
func forSweep(x experiment.Experiment, r Range) (experiment.Experiment, Range, error) {
	if r.First < 0 || r.Seeds < 0 || r.Budget < 0 {
		return x, r, engine.Usage("seeds and times of a sweep must be positive")
	}
	if x.Budget != 0 {
		return x, r, engine.Usage("the budget of a sweep is SweepOptions.Budget: leave out Experiment.Budget")
	}
	named, err := namedSeed()
	if named != 0 {
		r.Seeds = 1
	}
	r.First, r.Seeds = cmp.Or(named, r.First, 1), cmp.Or(r.Seeds, sweptSeeds)
	x.UsualFaults, x.UsualRate = x.Faults == nil, x.Rate == 0
	x.MinLoad = cmp.Or(x.MinLoad, experiment.SweptLoad)
	if x.Faults == nil {
		x.TimeLimit = cmp.Or(x.TimeLimit, mix.Length)
	}
	x.OptionalFaults = true
	return x, r, err
}

// sweptSeeds is the default number of seeds.
const sweptSeeds = 200

// drawing returns the function that makes the experiment of a seed, and the faults that x asks for.
func drawing(x experiment.Experiment) (func(seed int64) experiment.Experiment, *sweep.Asked, error) {
	all, err := plan.Parse("all", mix.Interval)
	if err != nil {
		return nil, nil, err
	}
	whole := x
	if x.Faults == nil {
		whole.Faults = all
	}
	if whole, err = whole.CompleteSimulated(); err != nil {
		return nil, nil, err
	}
	asked := &sweep.Asked{} // no single fault is required: each seed draws its own
	if x.Faults != nil {
		asked = sweep.AskedOf(whole.Faults, whole.TimeLimit, false)
	}
	choices := sweep.UsualChoices()
	choices.Faults = whole.Faults.Kinds()
	return func(seed int64) experiment.Experiment {
		d := sweep.Draw(seed, choices)
		y := with(x, d)
		y.Faults = whole.Faults
		if x.Faults == nil {
			y.Faults = plan.Every(d.FaultInterval, whole.Faults.Faults()...)
		}
		y.Seed, y.Faults = seed, d.Of(y.Faults)
		return y
	}, asked, nil
}

// with returns the experiment with the drawn values for those settings that the experiment leaves open.
func with(x experiment.Experiment, d sweep.Drawn) experiment.Experiment {
	x.Settings = x.Settings.Over(d.Settings)
	if x.Ensemble == nil {
		x.Ensemble = embedded.Config{InMemory: true, Nodes: d.Nodes, Latency: experiment.UsualLatency, Spread: embedded.Spread(d.Latencies)}
	}
	return x
}
