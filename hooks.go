package zklab

import (
	"context"

	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/hooks"
	"github.com/zklab/zklab/internal/lab/shrink"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// The commands reach functions that other modules cannot call through package hooks.
func init() {
	hooks.Sweep = func(ctx context.Context, x hooks.Experiment, t sweep.Task, simulate bool) (sweep.Line, error) {
		return x.(Experiment).sweepRun(ctx, t, simulate)
	}
	hooks.Explore = func(ctx context.Context, x hooks.Experiment, c explore.Config) (explore.Report, error) {
		return x.(Experiment).explore(ctx, c, x.(Experiment).way())
	}
	hooks.ExploreRunner = func(x hooks.Experiment) (explore.Runner, error) {
		_, run, err := x.(Experiment).explored(x.(Experiment).way())
		return run, err
	}
	hooks.Shrink = shrinkAndKeep
}

// shrinkAndKeep implements hooks.Shrink.
func shrinkAndKeep(ctx context.Context, c shrink.Config, p hooks.Place, made func(store.Experiment) (hooks.Experiment, error)) (*hooks.Shrunk, error) {
	s, err := shrinkIn(ctx, nil, c, p.Scratch, func(stored store.Experiment) (Experiment, error) {
		x, err := made(stored)
		if err != nil {
			return Experiment{}, err
		}
		return x.(Experiment), nil
	})
	if err != nil {
		return nil, err
	}
	if err := s.keep(p.To, p.From, p.Replay); err != nil {
		return nil, err
	}
	return &hooks.Shrunk{Report: s.Report, Run: s.outcome.Run, Result: s.outcome.Result}, nil
}
