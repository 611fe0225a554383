package contend

import (
	"context"
	"errors"
	"sync"

	"github.com/zklab/zklab/recipes/internal/failures"
)

// Do takes the hold, runs f while the hold lasts, and gives it back, even if f panics. The context
// of f ends with the hold; its cause is then ErrLost.
func (x *Exclusive) Do(ctx context.Context, op string, f func(context.Context) error) error {
	return x.DoIn(ctx, op, x.Line, f)
}

// DoIn is like Do, in the given line.
func (x *Exclusive) DoIn(ctx context.Context, op string, q Line, f func(context.Context) error) error {
	err, over := x.Run(ctx, op, q, f)
	switch {
	case err == nil:
		return over
	case over == nil:
		return err
	}
	return errors.Join(err, over)
}

// Run is like DoIn, but returns two errors: err comes from the grant, or from f; over comes from
// giving the hold back, such as ErrLost if the hold ended before f did.
func (x *Exclusive) Run(ctx context.Context, op string, q Line, f func(context.Context) error) (err, over error) {
	h, err := x.Grant(ctx, op, q, true)
	if err != nil {
		return err, nil
	}
	defer func() { over = x.giveBack(ctx, op, h) }()
	return h.During(Holds(ctx, x.tokenOf(h), h.Line.znodes(h.Contender)...), f), nil
}

// During runs f with a context that ends when the hold is lost.
func (h *Hold) During(ctx context.Context, f func(context.Context) error) error {
	var watching sync.WaitGroup
	defer watching.Wait()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watching.Go(func() {
		select {
		case <-h.Lost:
			cancel(failures.ErrLost)
		case <-ctx.Done():
		}
	})
	return f(ctx)
}

// giveBack ends a hold that Do took. It is no error if there was no time to remove the contender:
// the removal goes on in the background.
func (x *Exclusive) giveBack(ctx context.Context, op string, h *Hold) error {
	x.forget(h)
	var err error
	switch {
	case h.End(false):
		err = h.Line.Leave(ctx, h.Contender)
	case h.IsLost():
		err = failures.ErrLost
	} // else f gave the hold back itself
	if err == nil || failures.Stopped(err) {
		return nil
	}
	return x.Client.Options.Failed(failures.Failure{Op: op, Path: x.Path, Err: err})
}

// forget forgets h, if it is the present hold.
func (x *Exclusive) forget(h *Hold) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.at.Hold == h {
		x.setHold(nil)
	}
}
