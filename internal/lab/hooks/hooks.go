// Package hooks gives zklab's commands and tests access to functions of package zklab that it does not
// export, because their parameters are internal types. Package zklab sets the hooks when it is
// initialised. They are safe for concurrent use.
package hooks

import (
	"context"

	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/shrink"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// Experiment is always a zklab.Experiment. This package cannot import zklab.
type Experiment any

var (
	// Sweep runs an experiment with the seed of a task as one run of a sweep, and returns its line. The
	// run is judged even if some kinds of faults did not take effect. It leaves a folder with its
	// report only if it failed.
	Sweep func(ctx context.Context, x Experiment, t sweep.Task, simulate bool) (sweep.Line, error)

	// Explore runs an experiment without faults, which is the scenario, then with each single fault at
	// each of the scenario's messages, and then with pairs of them, until all were tried or ctx ends.
	// Runs are simulated, except those of a subject command: they are in real time, where a point
	// names only approximately the same message. Runners in c must run the same experiment, as the one
	// of ExploreRunner does.
	Explore func(ctx context.Context, x Experiment, c explore.Config) (explore.Report, error)

	// ExploreRunner runs the scenario in this process and returns its runner, for one of several
	// processes that explore the scenario together.
	ExploreRunner func(x Experiment) (explore.Runner, error)

	// Shrink makes a failing run smaller and keeps the smallest. made converts an experiment file into
	// an Experiment.
	Shrink func(ctx context.Context, c shrink.Config, p Place, made func(store.Experiment) (Experiment, error)) (*Shrunk, error)
)

// Place has the folders of a run that is shrunk.
type Place struct {
	Scratch string // for runs that are not simulated; Shrink creates and removes it
	From    string // the run that is shrunk
	To      string // the smallest run; replaces an earlier one
	Replay  string // the command that repeats the smallest run
}

// Shrunk is the smallest run that still shows the violation.
type Shrunk struct {
	shrink.Report
	Run    *store.Run
	Result *store.Result
}
