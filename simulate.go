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
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/store"
)

// Simulate runs the experiment in virtual time, in which a minute takes a moment, and so
// that the same seed gives the same record, byte for byte: see docs/simulation.md for
// what that takes. Its ensemble must be an embedded one in memory, as the default is, and its
// clients no programs: where Faults freeze or crash clients, processes are played (see
// PlayProcesses). In a test call [SimulateIn], or the function Simulate.
//
// Nothing is written to any file unless Out is given; [Outcome.Keep] does it later.
// Progress is told about every second of real time; the time in it is virtual. Interrupt ends
// the load within a second of virtual time. Runs of one process take turns, since each is
// alone with one processor. The error wraps [ErrStuck] if the code under test stops virtual
// time for good.
func (x Experiment) Simulate(ctx context.Context) (*Outcome, error) {
	if bubble.InTests() {
		return nil, usage("in a test the simulation needs to know of which: call SimulateIn(t, experiment)")
	}
	return x.simulate(ctx, nil)
}

// SimulateIn is [Experiment.Simulate] in a test.
func SimulateIn(t *testing.T, x Experiment) (*Outcome, error) { return x.simulate(t.Context(), t) }

func (x Experiment) simulate(ctx context.Context, t *testing.T) (*Outcome, error) {
	x, err := x.CompleteSimulated()
	if err != nil {
		return nil, err
	}
	out := x.Out
	x.Out = ""
	var done *engine.Finished
	var seen atomic.Pointer[Progress]
	unheld := bubble.RunSeen(t, uint64(x.Seed), func() { x.show(seen.Load()) }, func(moved func()) {
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
	o.made.Interrupt, o.made.Progress = nil, nil // who repeats it is another one
	if out != "" {
		err = o.Keep(out)
	}
	return o, err
}

// ErrStuck is what the error of a simulation wraps in which the code under test has stopped
// virtual time for good: it holds a mutex over a request, spins, or waits for something outside
// of the simulation. There is no verdict on that run, and the error names the place in the code.
var ErrStuck = errors.New("the simulation is stuck")

// What to do about code that a simulation cannot hold.
const (
	howToHold = `A simulation needs code that waits for channels, timers and its connection: see "What that asks of a recipe" in docs/testing.md. zklab.Test runs other code in real time`
	ofKilled  = "They are calls into processes that were killed, which a real kill would have ended"
	howToEnd  = "What the run showed stands. Give the subject a Close(ctx) that ends them"
)

// repeats says, of a binary with and without the overlay, how a seed repeats.
var repeats = map[bool]string{
	true:  "runtime with zklab's overlay: a seed always gives the same",
	false: "stock runtime: a seed nearly always gives the same",
}

// judgeSimulated decides a run of which nothing was written.
func (x Experiment) judgeSimulated(ctx context.Context, done *engine.Finished) (*Outcome, error) {
	began := time.Now()
	h := done.History
	result := &store.Result{}
	decide(ctx, h, checker.Options{Strict: x.Strict, Transactions: done.Txns}, result)
	if ctx.Err() != nil {
		return nil, engine.Stopped(ctx)
	}
	done.Timings["check"] = time.Since(began)
	x.describe(result, done)
	return &Outcome{Result: result, History: h, unkept: done, messages: done.Messages, replay: x.Replay}, nil
}

// Record is the history and the transactions of a simulated run, as history.jsonl and
// transactions.jsonl have them; nil for any other run.
func (o *Outcome) Record() (history, transactions []byte) {
	if o.unkept == nil {
		return nil, nil
	}
	return o.unkept.Record(), o.unkept.Transactions()
}

// Keep writes a simulated run into a folder of a store, with its report. It does nothing
// for a run that has a folder. If its result or its report cannot be written, Result.Warnings
// says so; the error is about the record alone.
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

// CompleteSimulated is [Experiment.Complete] for an experiment that is to be simulated, as
// [Experiment.Simulate] does it: with clients that are played as processes if its faults freeze or
// crash such, without a folder to keep the run in unless Out names one, and with the seed in its
// ensemble. What cannot be simulated is an error that wraps [ErrUsage].
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
		return x, usage("only an embedded ensemble in memory can be simulated: leave Ensemble out, or give an embedded.Config with InMemory")
	case x.Command != nil:
		return x, usage("clients that are processes of their own cannot be simulated: their time is not virtual")
	}
	defaultTo(&servers.Latency, usualLatency)
	servers.Seed = uint64(x.Seed)
	x.Ensemble = servers
	return x, nil
}

// lookEvery is how often, in virtual time, a simulated run asks whether it is still wanted.
const lookEvery = 997 * time.Millisecond

// onlooker is an [engine.Watcher] that says that its run goes on, and keeps for others where it
// stands. It is told all of that within the bubble, where nobody may wait for them.
type onlooker struct {
	moved    func()
	reporter *reporter // nil: nobody wants to know
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

// look keeps where the run stands.
func (o *onlooker) look() {
	if o.reporter != nil {
		now := o.reporter.snapshot()
		o.seen.Store(&now)
	}
}

// show tells where a simulation stands, if that is known and wanted.
func (x Experiment) show(p *Progress) {
	if p != nil && x.Progress != nil {
		x.Progress(*p)
	}
}

// inBubble runs the experiment. What comes from outside, as ctx and Interrupt do, must not be
// waited for in a bubble: time would stand still.
func (x Experiment) inBubble(outside context.Context, o *onlooker) (*engine.Finished, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	if x.Progress != nil {
		o.reporter = &reporter{model: models.Named(x.Workload.Name()), now: Progress{Limit: x.TimeLimit}}
	}
	interrupt := make(chan struct{}) // also where nobody interrupts: so a run is the same
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

// closed does not wait.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
