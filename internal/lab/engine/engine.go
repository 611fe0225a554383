// Package engine performs one run of an experiment: it starts the ensemble, lets
// clients work while faults happen, heals, quiesces and closes everything, and leaves
// a complete record. It decides nothing and draws nothing: both need the record alone.
//
// The stages are in run.go, in their order. Each of what they use has a file: the
// schedule of faults, the links with the sessions that they carry, the clients, their
// processes, the run's znode, the record, the transactions that the servers commit.
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

// Config describes a run. It is complete: a zero is a zero, and no default. Its fields
// mean the same as in zklab.Experiment.
type Config struct {
	Workload workloads.Workload
	Subject  string
	Command  []string // of clients that are processes; nil for goroutines
	Launch   Launch   // starts processes; nil for adapters
	Ensemble ensemble.Starter

	// Settings are complete, too. Nodes and Latencies are for experiment.yaml alone: it is the
	// ensemble that has them.
	settings.Settings
	MinLoad int

	// Arrivals lists the arrivals of the load that take place, nil for all, and OnArrival is told of
	// each. See workloads.Env.
	Arrivals  []workloads.Arrival
	OnArrival func(workloads.Arrival)

	Faults  plan.Schedule
	LeftOut []plan.LeftOut // what Faults is without already
	Seed    int64
	// Simulated is for experiment.yaml alone, too.
	Simulated bool
	// Virtual means that time stands still while anything runs, so that nobody is ever held up.
	Virtual bool

	// Out is the store's folder. If it is empty nothing is written to any file: Finished
	// has the record, with which Keep makes a folder later.
	Out     string
	Watcher Watcher // nil for none
	// OnPoint is told of every message of the load at which a fault could be injected; nil
	// for nobody. It may be called by many goroutines at once, and must not block.
	OnPoint func(link.Point)
	// OnMessage is OnPoint with what each message says.
	OnMessage func(link.Message)
	// KeepMessages has Finished keep what passed, also before and after the load.
	KeepMessages bool
	Interrupt    <-chan struct{}
}

// Watcher is told how a run goes on. Its methods may be called by many goroutines at
// once, and return at once.
type Watcher interface {
	// Phase says what is being done from now on.
	Phase(name string)
	// Planned says how many faults there will be.
	Planned(faults int)
	// Observe follows the record.
	Observe(history.Event)
	// Notice is given what somebody who looks on should know.
	Notice(text string)
}

// Finished is a run that is over, with what is not in its record.
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

// Run performs one run. The error is an ErrUsage where the ensemble does not have what
// the configuration wants of it, or says why there is no run, or that ctx ended. Nothing
// that Run started is left when it returns.
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

// Stopped is the error of what ended because its context did.
func Stopped(ctx context.Context) error {
	return fmt.Errorf("interrupted: %w", context.Cause(ctx))
}

// nobody watches.
type nobody struct{}

func (nobody) Phase(string)          {}
func (nobody) Planned(int)           {}
func (nobody) Observe(history.Event) {}
func (nobody) Notice(string)         {}
