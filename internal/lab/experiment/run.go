package experiment

import (
	"cmp"
	"context"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/judge"
	"github.com/zklab/zklab/internal/lab/progress"
	"github.com/zklab/zklab/internal/virtual/inside"
	"github.com/zklab/zklab/workloads"
)

// Run runs the experiment; see zklab.Experiment.Run.
func (x Experiment) Run(ctx context.Context) (*Outcome, error) {
	if inside.Bubble() {
		x = x.playingNamed()
	} else if x.PlayProcesses {
		return nil, engine.Usage("processes without a Command exist only in simulations: give a Command, or simulate")
	}
	x, err := x.Complete()
	if err != nil {
		return nil, err
	}
	p := progress.Follow(workloads.ModelOf(x.Workload), x.TimeLimit)
	p.OnEvent = x.OnEvent
	defer p.Tell(x.Progress)()
	c := x.config()
	c.Watcher = p
	done, err := engine.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	return x.finish(ctx, done)
}

// finish checks the recorded run and writes its report.
func (x Experiment) finish(ctx context.Context, done *engine.Finished) (*Outcome, error) {
	done.Watcher.Phase("checking")
	began := time.Now()
	result, err := judge.Run(ctx, done.Run, checker.Options{Strict: x.Strict, Extra: x.Checks})
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil { // an undecided property may mean only that checking was stopped
		return nil, engine.Stopped(ctx)
	}
	done.Timings["check"] = time.Since(began)
	x.describe(result, done)
	result.Replay = cmp.Or(x.Replay, x.command("run", "--config", done.Run.Experiment()))
	h, err := done.Run.ReadHistory()
	if err != nil {
		return nil, err
	}
	_ = x.noteResult(done.Run, result) // it is written again at the end
	if !x.Silent && (!x.Brief || !x.Passes(result)) {
		done.Watcher.Phase("writing the report")
		began := time.Now()
		x.noteReport(ctx, done.Run, h, result)
		if ctx.Err() != nil { // the report is not complete
			return nil, engine.Stopped(ctx)
		}
		result.Timings["report"] = time.Since(began)
	}
	result.Timings["finish"] = time.Since(done.Ended)
	unwritten := x.noteResult(done.Run, result)
	return &Outcome{Run: done.Run, Result: result, History: h, Messages: done.Messages, Unwritten: unwritten}, nil
}
