package zklab

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/stats"
)

// way returns the function that makes one run of an exploration: simulated, or in real time if
// clients are programs.
func (x Experiment) way() func(Experiment, context.Context) (*Outcome, error) {
	if x.Command != nil {
		return Experiment.passing
	}
	return Experiment.Simulate
}

// explore explores the experiment (see hooks.Explore). way makes one run in this process.
func (x Experiment) explore(ctx context.Context, c explore.Config, way func(Experiment, context.Context) (*Outcome, error)) (explore.Report, error) {
	x, run, err := x.explored(way)
	if err != nil {
		return explore.Report{}, err
	}
	if c.Faults == nil {
		if c.Faults, err = x.exploredFaults(); err != nil {
			return explore.Report{}, err
		}
	}
	if err := knownKinds(c); err != nil {
		return explore.Report{}, err
	}
	if c.Kinds == nil { // faults that break the conditions of the recipes' promises are tried by name only
		c.Faults = slices.DeleteFunc(slices.Clone(c.Faults), func(f explore.Choice) bool {
			k, ok := faults.Named(f.Fault.Kind())
			return ok && k.Harsh
		})
	}
	c.Strict = x.Strict
	if c.Runners == nil {
		c.Runners = []explore.Runner{run}
	}
	return explore.Explore(ctx, c)
}

// explored returns the experiment as the scenario of an exploration, and the runner that runs it in
// this process.
func (x Experiment) explored(run func(Experiment, context.Context) (*Outcome, error)) (Experiment, explore.Runner, error) {
	complete := x.CompleteSimulated
	if x.Command != nil {
		complete = x.Complete
	}
	x, err := complete()
	x.OptionalFaults, x.MinLoad, x.Out = true, -1, ""
	return x, func(ctx context.Context, s plan.Schedule) (explore.Outcome, error) { return x.exploreRun(ctx, s, run) }, err
}

// knownKinds returns an error if c asks for a kind of fault that cannot be explored.
func knownKinds(c explore.Config) error {
	var known []string
	for _, f := range c.Faults {
		if kind := f.Fault.Kind(); !slices.Contains(known, kind) {
			known = append(known, kind)
		}
	}
	for _, kind := range c.Kinds {
		if !slices.Contains(known, kind) {
			return usage("cannot explore messages with the fault %q; here the possible faults are %s", kind, strings.Join(known, ", "))
		}
	}
	return nil
}

// exploredFaults returns the faults that these servers and clients support.
func (x Experiment) exploredFaults() ([]explore.Choice, error) {
	servers, ok := x.Ensemble.(embedded.Config)
	if !ok {
		return nil, usage("only embedded ensembles can be explored: each run needs its own ensemble")
	}
	e, err := servers.Sketch()
	if err != nil {
		return nil, err
	}
	defer e.Close()
	setting := faults.Setting{Ensemble: e, Processes: x.Command != nil || x.PlayProcesses}
	return explore.Usual(setting, x.SessionTimeout), nil
}

// passing runs the experiment in real time and removes its folder.
func (x Experiment) passing(ctx context.Context) (*Outcome, error) {
	out, err := os.MkdirTemp("", "zklab-explore-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	x.Out, x.silent = out, true
	return x.Run(ctx)
}

// exploreRun runs the scenario with the given schedule.
func (x Experiment) exploreRun(ctx context.Context, s plan.Schedule, run func(Experiment, context.Context) (*Outcome, error)) (explore.Outcome, error) {
	var o explore.Outcome
	var mu sync.Mutex
	x.Faults = s
	if len(s) == 0 {
		x.onMessage = func(m link.Message) {
			mu.Lock()
			defer mu.Unlock()
			o.Messages = append(o.Messages, m)
		}
	}
	x.OnPoint = func(p link.Point) {
		mu.Lock()
		defer mu.Unlock()
		o.Points = append(o.Points, p)
	}
	done, err := run(x, ctx)
	if err != nil {
		return o, err
	}
	o.Broken = done.Result.Violated()
	o.Causes = sweep.CausesOf(done.Result, done.History)
	o.Header, o.Verdicts = done.History.Header, done.Result.Verdicts
	o.Missed = slices.ContainsFunc(done.Result.Stats.Faults, func(f stats.Fault) bool { return f.Outcome != history.StepVerified })
	return o, nil
}
