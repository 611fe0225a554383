package recipes

import (
	"context"
	"errors"
	"sync"
)

// do takes the hold, runs f while it lasts, and gives it back, whatever becomes of f:
// it may panic. The context of f ends with the hold; its cause is then ErrLost.
func (x *exclusive) do(ctx context.Context, op string, f func(context.Context) error) (err error) {
	h, err := x.grant(ctx, op, true)
	if err != nil {
		return err
	}
	defer func() {
		if failed := x.giveBack(ctx, op, h); err == nil {
			err = failed
		} else if failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	return h.during(ctx, f)
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
			cancel(ErrLost)
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
		err = x.leave(ctx, h.c)
	case h.isLost():
		err = ErrLost
	} // else f gave it back by itself
	if err == nil || stopped(err) {
		return nil
	}
	return &Error{Op: op, Path: x.path, Err: err}
}

// forget forgets h, if it is the present hold.
func (x *exclusive) forget(h *hold) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.hold == h {
		x.hold = nil
	}
}
