package workloads

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/internal/base/panics"
	"github.com/zklab/zklab/internal/virtual/apart"
	"github.com/zklab/zklab/subjects"
)

// This file is how the harness calls into a subject, which may panic, and may
// not come back.

var (
	errNone  = errors.New("the constructor returned nil, without an error")
	errExit  = errors.New("the subject ended its goroutine")
	errStuck = errors.New("did not return after its time was up")
)

// stopGrace is how long a call is waited for that does not return although the
// whole run is being stopped.
const stopGrace = time.Second

// Patience is how long to wait for what has to come within a bound: longer than that, so that it
// shows where it does not, whatever was still under way when the wait began.
func Patience(bound time.Duration) time.Duration { return bound + bound/4 }

// call runs an operation within its time, which ends for each client a nanosecond later than for
// the one before it: several may wait until one deadline. What it returns late still counts;
// the error is errStuck when it was given up.
func (c *Client) call(ctx context.Context, op Op) (any, error) {
	if op.Timeout <= 0 {
		var value any
		err := safely(func() (err error) {
			value, err = op.Run(ctx)
			return err
		})
		return value, err
	}
	limited, cancel := context.WithTimeout(ctx, op.Timeout+time.Duration(c.ID))
	defer cancel()
	done := start(func() (any, error) { return op.Run(limited) })
	select {
	case r := <-done:
		return r.value, r.err
	case <-limited.Done():
	}
	calm, stop := c.calm, ctx.Done()
	var enough <-chan time.Time
	for {
		select {
		case r := <-done:
			return r.value, r.err
		case <-calm:
			calm, enough = nil, time.After(c.grace)
		case <-stop:
			calm, stop, enough = nil, nil, time.After(stopGrace)
		case <-enough:
			return nil, fmt.Errorf("%s of %s by client %d %w", op.F, op.Key, c.ID, errStuck)
		}
	}
}

// result is what a call came to.
type result[T any] struct {
	value T
	err   error
}

// start calls f on a goroutine of its own; what it came to arrives in the channel.
func start[T any](f func() (T, error)) <-chan result[T] {
	done := make(chan result[T], 1)
	go func() {
		r := result[T]{err: errExit} // as after runtime.Goexit, which a test's FailNow calls
		defer func() { done <- r }()
		r.err = safely(func() (err error) {
			r.value, err = f()
			return err
		})
	}()
	return done
}

// safely turns a panic of f into an error: what it did is unknown, and the run
// goes on for the others.
func safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v%s", subjects.ErrPanicked, p, panics.Place())
		}
	}()
	return f()
}

// given is what went wrong where a constructor gave no subject.
func given(subject any, err error) error {
	if err == nil && subject == nil {
		return errNone
	}
	return err
}

// makeSubject makes a client's subject, which has as long as an operation and
// everything that may be stuck.
func makeSubject[T any](ctx context.Context, e *Env, c *Client, key string, make func(c *subjects.Client, path string) (T, error)) (T, error) {
	value, err := within(ctx, e.OpTimeout+e.Bound, func() (value T, err error) {
		if err := c.Ready(ctx); err != nil {
			return value, err
		}
		return make(c.Client, e.Path(key))
	})
	if err = given(value, err); err != nil {
		err = fmt.Errorf("make the subject of client %d for %s: %w", c.ID, key, err)
	}
	return value, err
}

// makeAll makes the subjects of all clients for one key, one after the other.
func makeAll[T any](ctx context.Context, e *Env, key string, make func(c *subjects.Client, path string) (T, error)) ([]T, error) {
	var all []T
	for _, c := range e.Clients {
		apart.Wait(1)
		s, err := makeSubject(ctx, e, c, key, make)
		if err != nil {
			closeAll(ctx, e, all)
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// within gives what f returns, but waits no longer than limit or ctx. An f that
// does not return goes on by itself.
func within[T any](ctx context.Context, limit time.Duration, f func() (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %s", limit))
	defer cancel()
	done := start(f)
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// closeGrace is how long a Close may take after its context has ended.
const closeGrace = 100 * time.Millisecond

// closeSubject ends a subject that has something to end, within ctx. What it
// leaves behind shows in the final readings. A subject that a call is stuck in
// is not closed: it need not be safe for use by two.
func (c *Client) closeSubject(ctx context.Context, subject any) {
	s, ok := subjects.Offered[subjects.Closer](subject)
	if !ok || c.stuck != nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = safely(func() error { return s.Close(ctx) })
	}()
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	select {
	case <-done:
	case <-time.After(closeGrace):
	}
}

// closeAll ends what makeAll made, within the bound.
func closeAll[T any](ctx context.Context, e *Env, made []T) {
	ctx, cancel := context.WithTimeout(ctx, e.Bound)
	defer cancel()
	for i, s := range made {
		e.Clients[i].closeSubject(ctx, s)
	}
}
