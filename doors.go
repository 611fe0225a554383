package zklab

import (
	"context"

	"github.com/zklab/zklab/internal/lab/doors"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/shrink"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// The commands reach functions that other modules cannot call through package doors.
func init() {
	doors.Sweep = func(ctx context.Context, x doors.Experiment, t sweep.Task, simulate bool) (sweep.Line, error) {
		return x.(Experiment).sweepRun(ctx, t, simulate)
	}
	doors.Explore = func(ctx context.Context, x doors.Experiment, c explore.Config) (explore.Report, error) {
		return x.(Experiment).explore(ctx, c, x.(Experiment).way())
	}
	doors.ExploreRunner = func(x doors.Experiment) (explore.Runner, error) {
		_, run, err := x.(Experiment).explored(x.(Experiment).way())
		return run, err
	}
	doors.Shrink = shrinkAndKeep
}

// shrinkAndKeep implements doors.Shrink.
func shrinkAndKeep(ctx context.Context, c shrink.Config, p doors.Place, made func(store.Experiment) (doors.Experiment, error)) (*doors.Shrunk, error) {
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
	return &doors.Shrunk{Report: s.Report, Run: s.outcome.Run, Result: s.outcome.Result}, nil
}
