package workloads

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zklab/zklab/internal/base/panics"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/virtual/jitter"
	"github.com/zklab/zklab/subjects"
)

// This file contains the harness's calls into a subject, which may panic and may not
// return.

var errExit = errors.New("the subject ended its goroutine")

// stuckError says which call was given up, and when its context had ended on the clock of the record.
type stuckError struct {
	call  string
	until time.Duration
}

func (e *stuckError) Error() string { return e.call + " did not return after its time was up" }

// stopGrace is how long to wait for a call that does not return although the whole run is
// being stopped.
const stopGrace = time.Second

// Patience returns how long to wait for something that must happen within a bound. It is longer
// than the bound, so that a failure shows even if something was still under way when the wait
// began.
func Patience(bound time.Duration) time.Duration { return bound + bound/4 }

// askAgain calls ask, with pauses, until it returns no error, and begins no call after Patience has passed. One refusal
// does not show that a client is refused for ever.
func (e *Env) askAgain(ctx context.Context, ask func() error) {
	until := e.Record.Now() + Patience(e.Bound)
	for ask() != nil && e.Record.Now() < until && pause(ctx, e.Bound/4) {
	}
}

// call runs an operation within its timeout. The timeouts of clients differ by a nanosecond
// each, since several may wait until one deadline. A late result still counts. The error is
// a stuckError if the call was given up.
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
	until := c.record.Now()
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
			return nil, &stuckError{fmt.Sprintf("%s of %s by client %d", op.F, op.Key, c.ID), until}
		}
	}
}

// result is the result of a call.
type result[T any] struct {
	value T
	err   error
}

// start calls f on its own goroutine; the channel receives its result.
func start[T any](f func() (T, error)) <-chan result[T] {
	done := make(chan result[T], 1)
	go func() {
		r := result[T]{err: errExit} // for runtime.Goexit, which a test's FailNow calls
		defer func() { done <- r }()
		r.err = safely(func() (err error) {
			r.value, err = f()
			return err
		})
	}()
	return done
}

// safely turns a panic of f into an error: what f did is unknown, and the run goes on for the other
// clients.
func safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v%s", subjects.ErrPanicked, p, panics.Place())
		}
	}()
	return f()
}

// makeSubject makes a client's subject, within the operation timeout plus the bound.
func makeSubject[T any](ctx context.Context, e *Env, c *Client, key string, make func(c *subjects.Client, path string) (T, error)) (T, error) {
	value, err := contracts.Given(within(ctx, e.OpTimeout+e.Bound, func() (value T, err error) {
		if err := c.Ready(ctx); err != nil {
			return value, err
		}
		return make(c.Client, e.Path(key))
	}))
	if err != nil {
		err = fmt.Errorf("make the subject of client %d for %s: %w", c.ID, key, err)
	}
	return value, err
}

// makeAll makes the subjects of all clients for one key, one after the other.
func makeAll[T any](ctx context.Context, e *Env, key string, make func(c *subjects.Client, path string) (T, error)) ([]T, error) {
	var all []T
	for _, c := range e.Clients {
		jitter.Wait(1)
		s, err := makeSubject(ctx, e, c, key, make)
		if err != nil {
			closeAll(ctx, e, all)
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// within returns what f returns, but waits no longer than limit or ctx. If f does not
// return, it continues on its own.
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

// closeSubject closes a subject that is a Closer, within ctx. What it leaves behind shows
// in the final readings. A subject with a stuck call is not closed, since it need not be
// safe for concurrent use.
func (c *Client) closeSubject(ctx context.Context, subject any) {
	if at, ok := subject.(interface{ Subject() any }); ok {
		subject = at.Subject()
	}
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

// closeAll closes what makeAll made, within the bound.
func closeAll[T any](ctx context.Context, e *Env, made []T) {
	ctx, cancel := context.WithTimeout(ctx, e.Bound)
	defer cancel()
	for i, s := range made {
		e.Clients[i].closeSubject(ctx, s)
	}
}
