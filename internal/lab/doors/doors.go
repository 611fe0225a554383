// Package doors leads zklab's own commands and tests to what package zklab does for them and does
// not export, because the types are those of this laboratory. Package zklab opens the doors when it is
// initialised: whoever imports it can use them, at once from many goroutines. An experiment here is a
// zklab.Experiment.
package doors

import (
	"context"

	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/shrink"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// Experiment is a zklab.Experiment, which this package cannot import.
type Experiment any

var (
	// Sweep runs an experiment with the seed of a task as one of the many runs of a sweep: it is judged
	// by what did happen, whether or not each kind of fault took effect, and leaves its line; a folder
	// with its report only if it failed.
	Sweep func(ctx context.Context, x Experiment, t sweep.Task, simulate bool) (sweep.Line, error)

	// Explore runs an experiment without a fault, which makes a scenario of it, and then with each
	// single fault at each of the scenario's messages, and with pairs of them, until all were tried or
	// ctx ends. Runs are simulated, but those of a Command, which are in real time: then a point names
	// what is nearly the same message. Runners that c has must run the same experiment, as that of
	// ExploreRunner does.
	Explore func(ctx context.Context, x Experiment, c explore.Config) (explore.Report, error)

	// ExploreRunner runs the scenario of an exploration in this process, as one of several that explore
	// it together.
	ExploreRunner func(x Experiment) (explore.Runner, error)

	// Shrink makes a run smaller and keeps the smallest: made gives what an experiment file stands for.
	Shrink func(ctx context.Context, c shrink.Config, p Place, made func(store.Experiment) (Experiment, error)) (*Shrunk, error)
)

// Place is where runs are that are shrunk.
type Place struct {
	Scratch string // runs that are not simulated are written below it; it is made, and removed
	From    string // the run that is shrunk
	To      string // the folder of the smallest, which takes the place of an earlier one
	Replay  string // how somebody has the smallest one again
}

// Shrunk is the smallest run of a finding.
type Shrunk struct {
	shrink.Report
	Run    *store.Run
	Result *store.Result
}
