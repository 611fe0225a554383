package experiment

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// least returns an experiment with only the required fields.
func least() Experiment {
	return Experiment{Config: engine.Config{Workload: workloads.Lock{New: subjects.NewLock}, Ensemble: noStarter{}}}
}

type noStarter struct{ ensemble.Starter }

func TestDefaults(t *testing.T) {
	x := must.Get(least().Complete())(t)
	got := []any{x.Clients, x.Rate, x.Keys, x.TimeLimit, x.SessionTimeout, x.OpTimeout, x.MinLoad, x.Out}
	want := []any{5, 100.0, 3, 10 * time.Second, 4 * time.Second, 5 * time.Second, 200, "store"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	y, err := least().Complete()
	if err != nil || x.Seed <= 0 || x.Seed == y.Seed {
		t.Errorf("seeds %d and %d, %v", x.Seed, y.Seed, err)
	}
}

// A short test has no time for the usual load.
func TestUsualLoad(t *testing.T) {
	x := least()
	x.Faults = plan.Every(2*time.Second, faults.Pause{})
	if got, _ := x.Complete(); got.MinLoad != 50 {
		t.Errorf("%d until the first fault", got.MinLoad)
	}
	x = least()
	x.TimeLimit = 3 * time.Second
	if got, _ := x.Complete(); got.MinLoad != 75 {
		t.Errorf("%d without faults", got.MinLoad)
	}
	for _, tt := range []struct {
		limit, interval time.Duration
		ops, want       int
	}{
		{time.Nanosecond, 0, 0, 10},
		{50 * time.Millisecond, 0, 0, 10},
		{time.Second, 0, 1, 10},
		{50 * time.Millisecond, 20 * time.Millisecond, 0, 10},
		{time.Second, 20 * time.Millisecond, 0, 1},
	} {
		x = least()
		if x.TimeLimit, x.Ops = tt.limit, tt.ops; tt.interval > 0 {
			x.Faults = plan.Every(tt.interval, faults.Pause{})
		}
		if got, _ := x.Complete(); got.MinLoad != tt.want {
			t.Errorf("%+v: %d", tt, got.MinLoad)
		}
	}
}

func TestGivenValuesStay(t *testing.T) {
	x := least()
	x.Clients, x.Rate, x.Keys, x.TimeLimit = 1, 0.001, 50, 100*time.Millisecond
	x.SessionTimeout, x.OpTimeout, x.MinLoad, x.Seed, x.Out = 10*time.Minute, time.Millisecond, 7, -3, "elsewhere"
	got := must.Get(x.Complete())(t)
	if got.Clients != 1 || got.Rate != 0.001 || got.Keys != 50 || got.TimeLimit != x.TimeLimit || got.SessionTimeout != x.SessionTimeout ||
		got.OpTimeout != x.OpTimeout || got.MinLoad != 7 || got.Seed != -3 || got.Out != "elsewhere" {
		t.Errorf("%+v", got)
	}
	x.MinLoad = -1
	if got, _ := x.Complete(); got.config().MinLoad != 0 {
		t.Errorf("none wanted, %d asked for", got.config().MinLoad)
	}
}

// An experiment that was stored with shorter intervals than flags allow can be run again.
func TestFaultsAtAnyInterval(t *testing.T) {
	x := least()
	x.Faults, x.FaultInterval = plan.Every(10*time.Millisecond, faults.Pause{}), 10*time.Millisecond
	if _, err := x.Complete(); err != nil {
		t.Error(err)
	}
}

func TestNonsense(t *testing.T) {
	for name, spoil := range map[string]func(*Experiment){
		"clients":         func(x *Experiment) { x.Clients = -1 },
		"rate":            func(x *Experiment) { x.Rate = -1 },
		"rate NaN":        func(x *Experiment) { x.Rate = math.NaN() },
		"rate infinite":   func(x *Experiment) { x.Rate = math.Inf(1) },
		"keys":            func(x *Experiment) { x.Keys = -1 },
		"time limit":      func(x *Experiment) { x.TimeLimit = -1 },
		"session timeout": func(x *Experiment) { x.SessionTimeout = -1 },
		"op timeout":      func(x *Experiment) { x.OpTimeout = -1 },
		"workload":        func(x *Experiment) { x.Workload = nil },
	} {
		x := least()
		spoil(&x)
		if _, err := x.Complete(); !errors.Is(err, engine.ErrUsage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The plan follows from the seed, and does not depend on the number of clients.
func TestPlan(t *testing.T) {
	x := least()
	x.TimeLimit, x.Seed = time.Minute, 1
	if plan := x.Plan(); plan != nil {
		t.Errorf("without faults: %v", plan)
	}
	x.Faults = plan.Every(5*time.Second, faults.Pause{}, faults.Expire{})
	specs := func(x Experiment) (all []string) {
		for _, s := range x.Plan() {
			all = append(all, s.At.String()+" "+s.Fault.Spec())
		}
		return all
	}
	first := specs(x)
	if len(first) != 11 {
		t.Errorf("%v", first)
	}
	x.Clients = 50
	if diff := cmp.Diff(first, specs(x)); diff != "" {
		t.Error(diff)
	}
	x.Seed = 2
	if cmp.Equal(first, specs(x)) {
		t.Error("another seed, the same plan")
	}
}

// A kind of fault that was asked for counts as expected even if the time limit has no room for it:
// otherwise a run without any fault could be valid.
func TestKindsThatWereAskedFor(t *testing.T) {
	x := least()
	x.Seed = 1
	x.Faults = plan.Every(10*time.Second, faults.Pause{}, faults.Expire{}, faults.Pause{Nodes: faults.One})
	for limit, steps := range map[time.Duration]int{10 * time.Second: 0, 11 * time.Second: 1, time.Minute: 5} {
		x.TimeLimit = limit
		plan := x.Plan()
		kinds := x.config().Expected(plan)
		if len(plan) != steps || len(kinds) != 2 || kinds[0] == kinds[1] {
			t.Errorf("%s: %d steps of %v", limit, len(plan), kinds)
		}
		done := &engine.Finished{Config: x.config(), Schedule: plan, Interrupted: true}
		if advice := x.advice(done, &store.Result{}); (len(advice) > 0) != (len(plan) < 2) {
			t.Errorf("%s: advice %q", limit, advice)
		}
	}
	if kinds := least().config().Expected(nil); len(kinds) > 0 {
		t.Errorf("without faults: %v", kinds)
	}
}

// A test is not warned about settings that it did not choose itself.
func TestAdvice(t *testing.T) {
	const short = "a pause is too short for an election; set --fault-interval to 5s or more"
	for name, c := range map[string]struct {
		x    Experiment
		want int
	}{
		"its own faults and rate":   {Experiment{}, 2},
		"the usual faults and rate": {Experiment{UsualFaults: true, UsualRate: true}, 0},
	} {
		r := &store.Result{Warnings: []string{short}, JudgedWarnings: []string{short}, Stats: stats.Stats{Rate: 1, Faults: []stats.Fault{{Warnings: []string{short}}}}}
		done := &engine.Finished{}
		done.Rate = 50
		if advice := c.x.advice(done, r); len(advice)+len(r.Warnings) != c.want {
			t.Errorf("%s: %q, %q", name, advice, r.Warnings)
		}
	}
}
