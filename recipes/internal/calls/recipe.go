package calls

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

// Recipe is the base of all recipes: a path, the calls that are under way, and the clean-ups after
// them.
type Recipe struct {
	Client *client.Client // whose connection it uses
	Path   string         // of its znode

	Calls    client.Tasks // that are under way
	CleanUps client.Tasks // of what calls left behind

	order   sync.Mutex      // of Start and StopCalls
	Context context.Context // of all calls; ends with StopCalls
	stop    context.CancelFunc
}

// New returns a recipe on path, without calls.
func New(cl *client.Client, path string) *Recipe {
	ctx, stop := context.WithCancel(context.Background())
	return &Recipe{Client: cl, Path: path, Context: ctx, stop: stop}
}

// Start begins a call. The context that it returns also ends with StopCalls. The caller must call
// end.
func (r *Recipe) Start(ctx context.Context) (_ context.Context, end func(), err error) {
	if err := znodes.CheckPath(r.Path); err != nil {
		return nil, nil, err
	}
	r.order.Lock()
	defer r.order.Unlock()
	if r.Context.Err() != nil {
		return nil, nil, failures.ErrClosed
	}
	r.Calls.Add()
	ctx, cancel := context.WithCancel(r.Client.WithJitter(ctx))
	unbind := context.AfterFunc(r.Context, cancel)
	return ctx, func() {
		unbind()
		cancel()
		r.Calls.Done()
	}, nil
}

// Attempts runs one attempt at an operation after the other until the outcome is known, or cannot
// be known. After an attempt that was NotApplied without an error, the next one follows at once.
func (r *Recipe) Attempts(ctx context.Context, op string, attempt func(context.Context, *client.Session) (Outcome, error)) error {
	ctx, end, err := r.Start(ctx)
	if err != nil {
		return r.Definite(op, err)
	}
	defer end()
	var b client.Backoff
	for {
		z, err := r.Client.Begin(ctx)
		if err != nil {
			return r.Definite(op, err)
		}
		r.Client.Counters.Attempts.Add(1)
		o, err := attempt(ctx, z)
		switch {
		case o == Applied:
			return nil
		case o == Unknown:
			err = r.Indefinite(op, fmt.Errorf("%w: %w", failures.ErrUnknown, r.Cause(err)))
			r.Client.Counters.Unknown.Add(1)
			r.Client.Tell(slog.LevelWarn, "outcome is unknown", "error", err)
			return err
		case err == nil:
			continue
		case !Retryable(err):
			return r.Definite(op, err)
		}
		r.Client.Repeat(op+" "+r.Path, err)
		b.Pause(ctx)
	}
}

// ErrAgain asks for another attempt after a pause.
var ErrAgain = errors.New("has to be tried again")

// Retryable reports whether to try again after an error that had no effect.
func Retryable(err error) bool {
	return failures.Unanswered(err) || errors.Is(err, failures.ErrSessionLost) || errors.Is(err, errMarkerGone) || errors.Is(err, ErrAgain)
}

// StopCalls ends all calls. No call can begin after it.
func (r *Recipe) StopCalls() {
	r.order.Lock()
	defer r.order.Unlock()
	r.stop()
}

// Drain waits for calls and clean-ups.
func (r *Recipe) Drain(ctx context.Context, op string) error {
	for _, group := range []*client.Tasks{&r.Calls, &r.CleanUps} {
		if err := group.Wait(ctx); err != nil {
			return r.Client.Options.Failed(failures.Failure{Op: op, Path: r.Path, Err: err})
		}
	}
	return nil
}

// Definite returns the error of a call that certainly had no effect.
func (r *Recipe) Definite(op string, err error) error {
	return r.Client.Options.Failed(failures.Failure{Op: op, Path: r.Path, Err: r.Cause(err), NoEffect: true})
}

// Indefinite returns the error of a call that may have had an effect.
func (r *Recipe) Indefinite(op string, err error) error {
	return r.Client.Options.Failed(failures.Failure{Op: op, Path: r.Path, Err: r.Cause(err)})
}

// Cause returns err, or ErrClosed if Close ended the call.
func (r *Recipe) Cause(err error) error {
	if r.Context.Err() != nil && failures.Stopped(err) {
		return failures.ErrClosed
	}
	return err
}
