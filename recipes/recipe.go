package recipes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/failures"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// recipe is what all recipes are built on: a path in a session, the calls that
// are under way, and what they leave behind to be removed.
type recipe struct {
	s    *client.Client
	path string

	calls    client.Tasks
	cleanUps client.Tasks

	order sync.Mutex      // of start and stopCalls
	ctx   context.Context // of all calls; ends with stopCalls
	stop  context.CancelFunc
}

func newRecipe(s *client.Client, path string) *recipe {
	ctx, stop := context.WithCancel(context.Background())
	return &recipe{s: s, path: path, ctx: ctx, stop: stop}
}

// start begins a call. Its context ends with stopCalls, too; end must be called.
func (r *recipe) start(ctx context.Context) (_ context.Context, end func(), err error) {
	if err := znodes.CheckPath(r.path); err != nil {
		return nil, nil, err
	}
	r.order.Lock()
	defer r.order.Unlock()
	if r.ctx.Err() != nil {
		return nil, nil, failures.ErrClosed
	}
	r.calls.Add()
	ctx, cancel := context.WithCancel(r.s.WithTurn(ctx))
	unbind := context.AfterFunc(r.ctx, cancel)
	return ctx, func() {
		unbind()
		cancel()
		r.calls.Done()
	}, nil
}

// attempts runs one attempt at an operation after the other until its outcome
// is known, or can't be. An attempt that was notApplied without an error is
// followed by the next at once.
func (r *recipe) attempts(ctx context.Context, op string, attempt func(context.Context, *client.Session) (outcome, error)) error {
	ctx, end, err := r.start(ctx)
	if err != nil {
		return r.definite(op, err)
	}
	defer end()
	var b client.Backoff
	for {
		z, err := r.s.Begin(ctx)
		if err != nil {
			return r.definite(op, err)
		}
		r.s.Counters.Attempts.Add(1)
		o, err := attempt(ctx, z)
		switch {
		case o == applied:
			return nil
		case o == unknown:
			err = r.indefinite(op, fmt.Errorf("%w: %w", failures.ErrUnknown, r.cause(err)))
			r.s.Counters.Unknown.Add(1)
			r.s.Tell(slog.LevelWarn, "outcome is unknown", "error", err)
			return err
		case err == nil:
			continue
		case !retryable(err):
			return r.definite(op, err)
		}
		r.s.Repeat(op+" "+r.path, err)
		b.Pause(ctx)
	}
}

// errAgain asks for another attempt after a pause.
var errAgain = errors.New("has to be tried again")

// retryable reports whether to try again after an error that had no effect.
func retryable(err error) bool {
	return failures.Unanswered(err) || errors.Is(err, failures.ErrSessionLost) || errors.Is(err, errMarkerGone) || errors.Is(err, errAgain)
}

// stopCalls ends all calls and lets no more begin.
func (r *recipe) stopCalls() {
	r.order.Lock()
	defer r.order.Unlock()
	r.stop()
}

// drain waits for calls and clean-ups.
func (r *recipe) drain(ctx context.Context, op string) error {
	for _, group := range []*client.Tasks{&r.calls, &r.cleanUps} {
		if err := group.Wait(ctx); err != nil {
			return r.s.Options.Failed(failures.Failure{Op: op, Path: r.path, Err: err})
		}
	}
	return nil
}

// definite is the error of a call that certainly had no effect.
func (r *recipe) definite(op string, err error) error {
	return r.s.Options.Failed(failures.Failure{Op: op, Path: r.path, Err: r.cause(err), NoEffect: true})
}

// indefinite is the error of a call that may have had an effect.
func (r *recipe) indefinite(op string, err error) error {
	return r.s.Options.Failed(failures.Failure{Op: op, Path: r.path, Err: r.cause(err)})
}

// cause is err, or ErrClosed if Close was the reason for the end of a call.
func (r *recipe) cause(err error) error {
	if r.ctx.Err() != nil && failures.Stopped(err) {
		return failures.ErrClosed
	}
	return err
}
