package zklab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// Simulate runs the experiment in virtual time, in which a minute takes a moment. The same seed
// gives the same record, byte for byte; docs/simulation.md lists the conditions. The ensemble must
// be an embedded one in memory, as the default is, and Command must be empty. If Faults freeze or
// crash clients, the simulation plays processes (see PlayProcesses). In a test, call [SimulateIn]
// or the function Simulate.
//
// Simulate writes no file unless Out is set; call [Outcome.Keep] to write the run later. It calls
// Progress about once per second of real time, with virtual times. Interrupt ends the load within a
// second of virtual time. Concurrent calls in one process run one after another, since each run
// needs exclusive use of one processor. The error wraps [ErrStuck] if the code under test stops
// virtual time for good.
func (x Experiment) Simulate(ctx context.Context) (*Outcome, error) {
	if bubble.InTests() {
		return nil, usage("in a test, call SimulateIn(t, experiment)")
	}
	return x.simulate(ctx, nil)
}

// SimulateIn is [Experiment.Simulate] for use in a test. The simulation is a subtest.
func SimulateIn(t *testing.T, x Experiment) (o *Outcome, err error) {
	x.Seed = cmp.Or(x.Seed, drawSeed())
	err = errLeftOut
	t.Run(fmt.Sprint("seed ", x.Seed), func(t *testing.T) {
		err = errEnded
		o, err = x.simulate(t.Context(), t)
	})
	if errors.Is(err, errLeftOut) {
		t.Fatalf("zklab: %v", err)
	}
	return o, err
}

// errEnded says that code in a simulation called the methods of a test that end it.
var errEnded = errors.New("the code under test ended the simulation's test")

// simulate runs the simulation in t, in which random bytes follow from the seed until t ends. t is
// nil in a program that runs no tests.
func (x Experiment) simulate(ctx context.Context, t *testing.T) (*Outcome, error) {
	x, err := x.CompleteSimulated()
	if err != nil {
		return nil, err
	}
	out := x.Out
	x.Out = ""
	var done *engine.Finished
	var seen atomic.Pointer[Progress]
	unheld := bubble.RunSeen(t, uint64(x.Seed), func() { x.look(seen.Load()) }, func(moved func()) {
		done, err = x.inBubble(ctx, &onlooker{moved: moved, seen: &seen})
	})
	if unheld != nil && !unheld.Ended {
		return nil, fmt.Errorf("%w: %w. %s", ErrStuck, unheld, howToHold)
	}
	if err != nil {
		return nil, err
	}
	if unheld != nil {
		how := howToEnd
		if unheld.Killed {
			how = ofKilled
		}
		done.Warnings = append(done.Warnings, unheld.Why+". "+how)
	}
	x.show(&Progress{Phase: "checking"})
	done.Profile.Settings = append(done.Profile.Settings, repeats[bubble.Exact()])
	o, err := x.judgeSimulated(ctx, done)
	if err != nil {
		return nil, err
	}
	o.unheld, o.made = unheld, x
	o.made.Interrupt, o.made.Progress, o.made.onLook = nil, nil, nil // a repetition has its own
	if out != "" {
		err = o.Keep(out)
	}
	return o, err
}

// ErrStuck is wrapped by the error of a simulation in which the code under test has stopped virtual
// time for good: it holds a mutex during a request, spins, or waits for something outside the
// simulation. The run has no verdict. The error names the place in the code.
var ErrStuck = errors.New("the simulation is stuck")

// Advice about code that a simulation cannot control.
const (
	howToHold = `A simulation needs code that waits for channels, timers and its connection: see "What that asks of a recipe" in docs/testing.md. zklab.Test runs other code in real time`
	ofKilled  = "They are calls into killed processes, which a real kill would have ended"
	howToEnd  = "The run's findings remain valid. Give the subject a Close(ctx) that ends them"
)

// repeats says how exactly a seed repeats, for a binary with and without the overlay.
var repeats = map[bool]string{
	true:  "runtime with zklab's overlay: a seed always gives the same",
	false: "stock runtime: a seed nearly always gives the same",
}

// judgeSimulated checks a run that wrote no files.
func (x Experiment) judgeSimulated(ctx context.Context, done *engine.Finished) (*Outcome, error) {
	began := time.Now()
	h := done.History
	result := &store.Result{}
	decide(ctx, h, checker.Options{Strict: x.Strict, Extra: x.Checks, Transactions: done.Txns}, result)
	if ctx.Err() != nil {
		return nil, engine.Stopped(ctx)
	}
	done.Timings["check"] = time.Since(began)
	x.describe(result, done)
	return &Outcome{Result: result, History: h, unkept: done, messages: done.Messages, replay: x.Replay}, nil
}

// Record returns the history and the transactions of a simulated run, in the formats of
// history.jsonl and transactions.jsonl. It returns nil for any other run.
func (o *Outcome) Record() (history, transactions []byte) {
	if o.unkept == nil {
		return nil, nil
	}
	return o.unkept.Record(), o.unkept.Transactions()
}

// Keep writes a simulated run, with its report, into a folder of a store. It does nothing if the
// run has a folder already. The error is about the record alone: if Keep cannot write the result or
// the report, it adds a warning to Result.Warnings.
func (o *Outcome) Keep(out string) error {
	if o.Run != nil {
		return nil
	}
	if err := o.unkept.Keep(out, time.Now()); err != nil {
		return err
	}
	o.Run = o.unkept.Run
	o.Result.Replay = cmp.Or(o.replay, printable.Command("zklab", "replay", o.Run.Dir))
	o.Result.Started, _ = o.Run.Started()
	noteResult(o.Run, o.Result)
	noteReport(o.Run, o.History, o.Result)
	noteResult(o.Run, o.Result)
	return nil
}

// CompleteSimulated is [Experiment.Complete] for an experiment that is to be simulated: it sets
// PlayProcesses if the faults freeze or crash clients, leaves Out empty unless the caller set it,
// and gives the seed to the ensemble. It returns an error that wraps [ErrUsage] if the experiment
// cannot be simulated.
func (x Experiment) CompleteSimulated() (Experiment, error) {
	out := x.Out
	x, err := x.playing().Complete()
	if err != nil {
		return x, err
	}
	x.Out = out
	servers, ok := x.Ensemble.(embedded.Config)
	switch {
	case !ok || !servers.InMemory:
		return x, usage("only an embedded ensemble in memory can be simulated: leave out Ensemble, or give an embedded.Config with InMemory")
	case x.Command != nil:
		return x, usage("clients in real processes cannot be simulated: their time is not virtual")
	}
	defaultTo(&servers.Latency, usualLatency)
	servers.Seed = uint64(x.Seed)
	x.Ensemble = servers
	return x, nil
}

// lookEvery is the interval, in virtual time, at which a simulated run checks whether it is still
// wanted.
const lookEvery = 997 * time.Millisecond

// onlooker is an [engine.Watcher] that reports that its run makes progress, and stores the progress
// for others. Its methods are called within the bubble, where they must not wait.
type onlooker struct {
	moved    func()
	reporter *reporter // nil if no progress is wanted
	seen     *atomic.Pointer[Progress]
}

func (o *onlooker) Phase(name string) {
	o.moved()
	if o.reporter != nil {
		o.reporter.Phase(name)
		o.look()
	}
}

func (o *onlooker) Planned(faults int) {
	o.moved()
	if o.reporter != nil {
		o.reporter.Planned(faults)
	}
}

func (o *onlooker) Observe(e history.Event) {
	o.moved()
	if o.reporter != nil {
		o.reporter.Observe(e)
	}
}

func (o *onlooker) Notice(text string) {
	o.moved()
	if o.reporter != nil {
		o.reporter.Notice(text)
	}
}

// look stores the current progress.
func (o *onlooker) look() {
	if o.reporter != nil {
		now := o.reporter.snapshot()
		o.seen.Store(&now)
	}
}

// look is called while the simulation runs.
func (x Experiment) look(p *Progress) {
	x.show(p)
	if x.onLook != nil {
		x.onLook()
	}
}

// show reports the progress of a simulation, if there is any and the caller wants it.
func (x Experiment) show(p *Progress) {
	if p != nil && x.Progress != nil {
		x.Progress(*p)
	}
}

// inBubble runs the experiment inside the bubble. It polls what comes from outside, ctx and
// Interrupt: waiting for them in a bubble would stop virtual time.
func (x Experiment) inBubble(outside context.Context, o *onlooker) (*engine.Finished, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	if x.Progress != nil {
		o.reporter = &reporter{model: workloads.ModelOf(x.Workload), now: Progress{Limit: x.TimeLimit}}
	}
	interrupt := make(chan struct{}) // made even if x.Interrupt is nil, so that all runs are alike
	interrupted := false
	go func() {
		for ctx.Err() == nil {
			if outside.Err() != nil {
				cancel(context.Cause(outside))
				return
			}
			if !interrupted && closed(x.Interrupt) {
				interrupted = true
				close(interrupt)
			}
			o.look()
			select {
			case <-ctx.Done():
			case <-time.After(lookEvery):
			}
		}
	}()
	c := x.config()
	c.Virtual, c.Watcher, c.Interrupt = true, o, interrupt
	done, err := engine.Run(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("the simulation: %w", err)
	}
	return done, nil
}

// closed reports whether c is closed. It does not block.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
