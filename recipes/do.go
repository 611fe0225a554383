package recipes

import (
	"context"
	"errors"
	"sync"

	"github.com/zklab/zklab/recipes/internal/failures"
)

// do takes the hold, runs f while it lasts, and gives it back, whatever becomes of f:
// it may panic. The context of f ends with the hold; its cause is then ErrLost.
func (x *exclusive) do(ctx context.Context, op string, f func(context.Context) error) error {
	return x.doIn(ctx, op, x.line, f)
}

func (x *exclusive) doIn(ctx context.Context, op string, q line, f func(context.Context) error) error {
	err, over := x.run(ctx, op, q, f)
	switch {
	case err == nil:
		return over
	case over == nil:
		return err
	}
	return errors.Join(err, over)
}

// run is doIn with its two errors apart: that of the grant, or of f, and over, that of what
// came after f, such as ErrLost if the hold had not lasted so long.
func (x *exclusive) run(ctx context.Context, op string, q line, f func(context.Context) error) (err, over error) {
	h, err := x.grant(ctx, op, q, true)
	if err != nil {
		return err, nil
	}
	defer func() { over = x.giveBack(ctx, op, h) }()
	return h.during(holds(ctx, x.tokenOf(h), h.line.znodes(h.c)...), f), nil
}

// during runs f with a context that ends when the hold is lost.
func (h *hold) during(ctx context.Context, f func(context.Context) error) error {
	var watching sync.WaitGroup
	defer watching.Wait()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watching.Go(func() {
		select {
		case <-h.lost:
			cancel(failures.ErrLost)
		case <-ctx.Done():
		}
	})
	return f(ctx)
}

// giveBack ends a hold that do took. It is no error that there was no time to remove the
// contender: that goes on in the background.
func (x *exclusive) giveBack(ctx context.Context, op string, h *hold) error {
	x.forget(h)
	var err error
	switch {
	case h.end(false):
		err = h.line.leave(ctx, h.c)
	case h.isLost():
		err = failures.ErrLost
	} // else f gave it back by itself
	if err == nil || failures.Stopped(err) {
		return nil
	}
	return x.Client.Options.Failed(failures.Failure{Op: op, Path: x.Path, Err: err})
}

// forget forgets h, if it is the present hold.
func (x *exclusive) forget(h *hold) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.hold == h {
		x.setHold(nil)
	}
}
