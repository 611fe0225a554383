package experiment

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/judge"
	"github.com/zklab/zklab/internal/lab/progress"
	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// Simulate runs the experiment in virtual time; see zklab.Experiment.Simulate. Random bytes follow from
// the seed until t ends. t is nil in a program that runs no tests.
func (x Experiment) Simulate(ctx context.Context, t *testing.T) (*Outcome, error) {
	if t == nil && bubble.InTests() {
		return nil, engine.Usage("in a test, call SimulateIn(t, experiment)")
	}
	x, err := x.CompleteSimulated()
	if err != nil {
		return nil, err
	}
	out := x.Out
	x.Out = ""
	var done *engine.Finished
	first := new(glimpse)
	seen := first // the last glimpse of the goroutine that looks; the bubble has its own
	unheld := bubble.RunSeen(t, uint64(x.Seed), func() { seen = x.look(seen) }, func(moved func()) {
		done, err = x.inBubble(ctx, &onlooker{moved: moved, keep: x.OnEvent != nil, last: first})
	})
	if unheld != nil && !unheld.Ended {
		return nil, fmt.Errorf("%w: %w. %s", ErrStuck, unheld, HowToHold)
	}
	if err != nil {
		return nil, err
	}
	if unheld != nil {
		how := HowToEnd
		if unheld.Killed {
			how = ofKilled
		}
		done.Warnings = append(done.Warnings, unheld.Why+". "+how)
	}
	x.look(seen)
	x.show(progress.State{Phase: "checking"})
	done.Profile.Settings = append(done.Profile.Settings, repeats[bubble.Exact()])
	o, err := x.judgeSimulated(ctx, done)
	if err != nil {
		return nil, err
	}
	o.Unheld, o.Made = unheld, x
	o.Made.Interrupt, o.Made.Progress, o.Made.OnLook, o.Made.OnEvent = nil, nil, nil, nil // a repetition has its own
	o.Made.Quick, o.Made.CheckFor = false, nil
	if out != "" {
		err = o.keep(ctx, out)
	}
	if ctx.Err() != nil { // the report is not complete
		return nil, engine.Stopped(ctx)
	}
	return o, err
}

// ErrStuck is wrapped by the error of a simulation in which the code under test has stopped virtual
// time for good: it holds a mutex during a request, spins, or waits for something outside the
// simulation. The run has no verdict. The error names the place in the code.
var ErrStuck = errors.New("the simulation is stuck")

// Advice about code that a simulation cannot control.
const (
	HowToHold = `A simulation needs code that waits for channels, timers and its connection: see "What that asks of a recipe" in docs/testing.md. zklab.Test runs other code in real time`
	ofKilled  = "They belong to killed processes, which a real kill would have ended"
	HowToEnd  = "The run's findings remain valid. Give the subject a Close(ctx) that ends them"
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
	opts := checker.Options{Strict: x.Strict, Extra: x.Checks, Transactions: done.Txns, Quick: x.Quick}
	if x.CheckFor != nil {
		opts.Budget = x.CheckFor()
	}
	cost := judge.Decide(ctx, h, opts, result)
	if ctx.Err() != nil {
		return nil, engine.Stopped(ctx)
	}
	done.Timings["check"] = time.Since(began)
	x.describe(result, done)
	return &Outcome{Result: result, History: h, Unkept: done, Messages: done.Messages, Replay: x.Replay, Cost: cost}, nil
}

// lookEvery is the interval, in virtual time, at which a simulated run checks whether it is still
// wanted.
const lookEvery = 997 * time.Millisecond

// look is called outside of the simulation while it runs. It reports the glimpses after seen, and
// returns the last one.
func (x Experiment) look(seen *glimpse) *glimpse {
	before := seen
	for next := seen.next.Load(); next != nil; next = seen.next.Load() {
		for i := range next.events {
			x.OnEvent(next.events[i])
		}
		seen, next.events = next, nil
	}
	if seen != before {
		x.show(seen.state)
	}
	if x.OnLook != nil {
		x.OnLook()
	}
	return seen
}

// show reports the progress of a simulation, if the caller wants it.
func (x Experiment) show(p progress.State) {
	if x.Progress != nil {
		x.Progress(p)
	}
}

// inBubble runs the experiment inside the bubble. It polls what comes from outside, ctx and
// Interrupt: waiting for them in a bubble would stop virtual time.
func (x Experiment) inBubble(outside context.Context, o *onlooker) (*engine.Finished, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	if x.Progress != nil {
		o.reporter = progress.Follow(workloads.ModelOf(x.Workload), x.TimeLimit)
	}
	interrupt := make(chan struct{}) // made even if x.Interrupt is nil, so that all runs are alike
	interrupted := false
	go func() {
		for ctx.Err() == nil {
			if outside.Err() != nil {
				cancel(context.Cause(outside))
				return
			}
			if !interrupted && await.Closed(x.Interrupt) {
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
