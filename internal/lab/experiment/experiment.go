// Package experiment performs an experiment: once in real time, once in a simulation, or as one of the runs of
// a sweep. It fills in the defaults, runs package engine, has package judge decide the record, and writes the
// result with its report.
//
// zklab.Experiment and the commands are converted into an [Experiment] of this package.
package experiment

import (
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/progress"
	"github.com/zklab/zklab/subjects"
)

// Experiment says what to run. zklab.Experiment documents the fields that users set; those of the same name
// mean the same. The zero value of each field but Workload is a working default, which Complete replaces by
// the actual value.
type Experiment struct {
	// Config is the configuration of the engine. Its Launch, Simulated, Virtual and Watcher are set for each
	// run.
	engine.Config

	PlayProcesses, OneProcess bool
	Gates                     []string
	AllowUnknown              bool
	Checks                    []checker.Check
	Budget                    time.Duration
	Program                   string // the command that its command lines begin with; "" is zklab
	Replay                    string
	Progress                  func(progress.State)
	// OnEvent is called with each event of the record, one call after the other, maybe while Progress is
	// called. A simulation calls it from outside, and only if Progress is set.
	OnEvent func(history.Event)

	// UsualFaults and UsualRate mean that a test named no faults, or no rate. The test is then not
	// warned about the consequences of the defaults.
	UsualFaults, UsualRate bool
	// Brief skips the report if the run passes, since a passing test does not keep it. Silent skips
	// it in any case.
	Brief, Silent bool
	// MovedTo is where the caller moves the run's folder to, which its report names; "" if it stays.
	MovedTo string
	// Quick leaves the counterexamples of a simulated run as they are found; [Outcome.InFull] makes them small.
	Quick bool
	// CheckFor is called when the checks of a simulated run begin, and returns how long they may take. If it is
	// nil or returns 0, the limit of checker.Options applies.
	CheckFor func() time.Duration
	// OnLook is called about once per second of real time while a simulation runs, outside of it.
	OnLook func()
	// Now is the clock for tests of many runs; nil means time.Now.
	Now func() time.Time

	// maker makes the subjects of simulated processes.
	maker subjects.Maker
}
