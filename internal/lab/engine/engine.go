// Package engine performs one run of an experiment: it starts the ensemble, lets
// clients work while faults happen, heals, quiesces and closes everything, and leaves
// a complete record. It does not check or plot the run: that needs only the record.
//
// The stages are in run.go, in their order. Everything that the stages use has its own file: the
// schedule of faults, the links with the sessions that they carry, the clients, their processes,
// the run's znode, the record, the transactions that the servers commit.
package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/faults/plan"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// Config describes a run. It is complete: zero means zero, not a default. Its fields mean the same
// as in zklab.Experiment.
type Config struct {
	Workload workloads.Workload
	Subject  string
	Command  []string // of clients that are processes; nil for goroutines
	Launch   Launch   // starts processes; nil for adapters
	Ensemble ensemble.Starter

	// Settings are complete, too. Nodes and Latencies are only written to experiment.yaml: the
	// ensemble already has them.
	settings.Settings
	MinLoad int

	// Arrivals lists the arrivals of the load that take place, nil for all, and OnArrival is told of
	// each. See workloads.Env.
	Arrivals  []workloads.Arrival
	OnArrival func(workloads.Arrival)

	Faults  plan.Schedule
	LeftOut []plan.LeftOut // what Faults is without already
	Seed    int64
	// Simulated, too, is only written to experiment.yaml.
	Simulated bool
	// Virtual means virtual time: the clock advances only when every goroutine waits.
	Virtual bool

	// Out is the store's folder. If it is empty nothing is written to any file: Finished
	// has the record, with which Keep makes a folder later.
	Out     string
	Watcher Watcher // nil for none
	// OnPoint is called for every message of the load at which a fault could be injected, unless it
	// is nil. It may be called by many goroutines at once, and must not block.
	OnPoint func(link.Point)
	// OnMessage is like OnPoint, with the contents of each message.
	OnMessage func(link.Message)
	// KeepMessages has Finished keep what passed, also before and after the load.
	KeepMessages bool
	// TreeWatch says when to watch what changes below the run's znode.
	TreeWatch TreeWatch
	Interrupt <-chan struct{}
}

// TreeWatch says when a run watches what changes below its znode, and records it (history.FTreeWatch).
type TreeWatch int

// The choices. A tree watch has a session on each server, and reads the run's znodes again every second.
const (
	IfUnlogged TreeWatch = iota // if the ensemble does not report its transactions
	Always                      // to compare it with them
	Never
)

// Watcher follows the course of a run. Its methods may be called by many goroutines at once, and
// must return at once.
type Watcher interface {
	// Phase reports that a phase of the run begins.
	Phase(name string)
	// Planned reports the number of planned faults.
	Planned(faults int)
	// Observe gets each event of the record.
	Observe(history.Event)
	// Notice gets a remark for the user who watches the run.
	Notice(text string)
}

// Finished is a finished run, with what its record does not contain.
type Finished struct {
	Config                       // without the faults that the running ensemble did not have
	Run         *store.Run       // nil if nothing was written
	History     *history.History // if nothing was written
	Txns        []history.Txn    // what was committed, if nothing was written
	Messages    []link.Passed    // in the order in which they passed, if it is to have them
	Profile     ensemble.Profile
	Schedule    []plan.Step
	Interrupted bool
	Warnings    []string
	Timings     map[string]time.Duration
	Ended       time.Time // after the last operation
}

// ErrUsage marks a configuration that makes no sense.
var ErrUsage = errors.New("wrong usage")

// Usage returns an error that wraps [ErrUsage] and says what makes no sense.
func Usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUsage, fmt.Sprintf(format, args...))
}

// Run performs one run. It returns an ErrUsage if the ensemble lacks what the configuration needs,
// and otherwise an error that says why there is no run, or that ctx ended. When Run returns,
// nothing that it started is left.
func Run(ctx context.Context, c Config) (*Finished, error) {
	if c.Launch == nil {
		c.Launch = launchAdapter
	}
	if c.Watcher == nil {
		c.Watcher = nobody{}
	}
	r := &run{Finished: Finished{Config: c, Timings: map[string]time.Duration{}}}
	if err := r.perform(ctx); err != nil {
		return nil, err
	}
	return &r.Finished, nil
}

// Stopped returns the error of a run that its context has ended.
func Stopped(ctx context.Context) error {
	return fmt.Errorf("interrupted: %w", context.Cause(ctx))
}

// nobody is the Watcher of runs that have none.
type nobody struct{}

func (nobody) Phase(string)          {}
func (nobody) Planned(int)           {}
func (nobody) Observe(history.Event) {}
func (nobody) Notice(string)         {}
