package container

import (
	"context"
	"errors"
)

// turn is a lock that can be waited for with a context.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t turn) give() { <-t }

var (
	errSketch = errors.New("this ensemble is only a description: none of its servers was started")
	errClosed = errors.New("the ensemble was closed")
)

// change runs a step that changes servers or their network. Steps of one ensemble run one after the
// other: Docker 20.10 can deadlock when two containers leave one network at the same moment. A step
// that has begun is not cut short by ctx, since the engine would finish it anyway.
func (e *cluster) change(ctx context.Context, step func(context.Context) error) error {
	if err := e.turn.take(ctx); err != nil {
		return err
	}
	defer e.turn.give()
	switch {
	case e.engine == nil:
		return errSketch
	case e.closed:
		return errClosed
	}
	ctx, cancel := afresh(ctx)
	defer cancel()
	return step(ctx)
}

// afresh returns a context with a new time limit for a step, such as one that undoes what another step
// left when its time ran out.
func afresh(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), stepTimeout)
}
