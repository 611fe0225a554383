package explore

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
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/workloads"
)

// Way makes one run of a scenario.
type Way func(context.Context, experiment.Experiment) (*experiment.Outcome, error)

// WayOf returns the usual way: simulated, or in real time if clients are programs.
func WayOf(x experiment.Experiment) Way {
	if x.Command != nil {
		return passing
	}
	return func(ctx context.Context, x experiment.Experiment) (*experiment.Outcome, error) {
		return x.Simulate(ctx, nil)
	}
}

// Experiment runs an experiment without faults, which is the scenario, then with each single fault at each of
// the scenario's messages, and then with pairs of faults, until all were tried or ctx ends. In real time, a
// point names only approximately the same message. The Runners in c, which RunnerOf makes, must run the same
// experiment; if there are none, way makes the runs in this process.
func Experiment(ctx context.Context, x experiment.Experiment, c Config, way Way) (Report, error) {
	x, c, err := ready(x, c)
	if err != nil {
		return Report{}, err
	}
	if c.Runners == nil {
		c.Runners = []Runner{runner(x, way)}
	}
	return Explore(ctx, c)
}

// Check returns the error with which Experiment would end before the first run.
func Check(x experiment.Experiment, c Config) error {
	_, _, err := ready(x, c)
	return err
}

// ready returns what is explored, and with which faults.
func ready(x experiment.Experiment, c Config) (experiment.Experiment, Config, error) {
	x, err := asScenario(x)
	if err != nil {
		return x, c, err
	}
	if c.Faults == nil {
		if c.Faults, err = usualFaults(x); err != nil {
			return x, c, err
		}
	}
	if c.Kinds == nil { // faults that break the conditions of the recipes' promises are tried by name only
		c.Faults = slices.DeleteFunc(slices.Clone(c.Faults), func(f Choice) bool {
			k, ok := faults.Named(f.Fault.Kind())
			return ok && k.Harsh
		})
	}
	c.Strict = x.Strict
	if own := workloads.DeclaredBy(x.Workload); own != nil {
		c.declared = own
	}
	return x, c, knownKinds(c)
}

// RunnerOf returns a runner that runs the scenario in this process, one of several processes that
// explore it together.
func RunnerOf(x experiment.Experiment) (Runner, error) {
	x, err := asScenario(x)
	return runner(x, WayOf(x)), err
}

// asScenario returns the experiment as the scenario of an exploration.
func asScenario(x experiment.Experiment) (experiment.Experiment, error) {
	complete := x.CompleteSimulated
	if x.Command != nil {
		complete = x.Complete
	}
	x, err := complete()
	x.OptionalFaults, x.MinLoad, x.Out = true, -1, ""
	return x, err
}

// knownKinds returns an error if c asks for a kind of fault that cannot be explored.
func knownKinds(c Config) error {
	var known []string
	for _, f := range c.Faults {
		if kind := f.Fault.Kind(); !slices.Contains(known, kind) {
			known = append(known, kind)
		}
	}
	for _, kind := range c.Kinds {
		if !slices.Contains(known, kind) {
			return engine.Usage("cannot explore messages with the fault %q; here the possible faults are %s", kind, strings.Join(known, ", "))
		}
	}
	return nil
}

// usualFaults returns the faults that these servers and clients support.
func usualFaults(x experiment.Experiment) ([]Choice, error) {
	servers, ok := x.Ensemble.(embedded.Config)
	if !ok {
		return nil, engine.Usage("only embedded ensembles can be explored: each run needs its own ensemble")
	}
	e, err := servers.Sketch()
	if err != nil {
		return nil, err
	}
	defer e.Close()
	setting := faults.Setting{Ensemble: e, Processes: x.Command != nil || x.PlayProcesses}
	return Usual(setting, x.SessionTimeout), nil
}

// passing runs the experiment in real time and removes its folder.
func passing(ctx context.Context, x experiment.Experiment) (*experiment.Outcome, error) {
	out, err := os.MkdirTemp("", "zklab-explore-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	x.Out, x.Silent = out, true
	return x.Run(ctx)
}

// runner returns the function that runs a scenario with a schedule.
func runner(x experiment.Experiment, way Way) Runner {
	return func(ctx context.Context, s plan.Schedule) (Outcome, error) { return once(ctx, x, s, way) }
}

// once runs a scenario with a schedule.
func once(ctx context.Context, x experiment.Experiment, s plan.Schedule, way Way) (Outcome, error) {
	var o Outcome
	x.Faults = s
	listens := stepsIn(s) <= 1
	if listens {
		var mu sync.Mutex
		x.OnMessage = func(m link.Message) {
			mu.Lock()
			defer mu.Unlock()
			o.Messages = append(o.Messages, m)
		}
		x.OnPoint = func(p link.Point) {
			mu.Lock()
			defer mu.Unlock()
			o.Points = append(o.Points, p)
		}
	}
	done, err := way(ctx, x)
	if err != nil {
		return o, err
	}
	if listens {
		o.Done, o.Exact = doneIn(done.History), x.Command == nil
	}
	if len(s) == 0 {
		o.Header = done.History.Header
	}
	o.Broken = done.Result.Violated()
	o.Causes = sweep.CausesOf(done.Result, done.History)
	o.Verdicts = done.Result.Verdicts
	o.Struck, o.Unchecked = sweep.StruckBy(done.Result), sweep.UncheckedIn(done.Result)
	o.Missed = slices.ContainsFunc(done.Result.Stats.Faults, func(f stats.Fault) bool { return f.Outcome != history.StepVerified })
	return o, nil
}

// stepsIn counts the steps of a schedule.
func stepsIn(s plan.Schedule) (n int) {
	for _, part := range s {
		n += len(part.Steps)
	}
	return n
}
