package zklab

import (
	"context"
	"slices"
	"sync"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/explore"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/stats"
)

// Explore simulates the experiment without a fault, which makes a scenario of it, and then
// with each single fault at each of the scenario's messages, and with pairs of them, until
// all were tried or ctx ends. It is a part of "zklab explore", whose types others do not
// have.
func (x Experiment) Explore(ctx context.Context, c explore.Config) (explore.Report, error) {
	x, err := x.simulated()
	if err != nil {
		return explore.Report{}, err
	}
	x.anyFaults, x.MinLoad, x.Out = true, -1, ""
	if c.Faults == nil {
		if c.Faults, err = exploredFaults(x.Ensemble.(embedded.Config)); err != nil {
			return explore.Report{}, err
		}
	}
	c.Run = x.exploreRun
	return explore.Explore(ctx, c)
}

// exploredFaults are those that servers like these have.
func exploredFaults(servers embedded.Config) ([]explore.Choice, error) {
	e, err := servers.Sketch()
	if err != nil {
		return nil, err
	}
	defer e.Close()
	return explore.Usual(faults.Setting{Ensemble: e}), nil
}

// exploreRun simulates the scenario with a schedule.
func (x Experiment) exploreRun(ctx context.Context, s plan.Schedule) (explore.Outcome, error) {
	var o explore.Outcome
	var mu sync.Mutex
	x.Faults = s
	x.OnPoint = func(p link.Point) {
		mu.Lock()
		defer mu.Unlock()
		o.Points = append(o.Points, p)
	}
	run, err := x.Simulate(ctx)
	if err != nil {
		return o, err
	}
	o.Broken = run.Result.Violated()
	o.Undecided = run.Result.Verdict == checker.Unknown
	o.Missed = slices.ContainsFunc(run.Result.Stats.Faults, func(f stats.Fault) bool { return f.Outcome != history.StepVerified })
	return o, nil
}
