package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zkconn"
)

// errNoAdmin is why a fault of znodes finds no target.
var errNoAdmin = fmt.Errorf("the harness has no connection of its own to do it with: %w", ErrNoTarget)

// retryAfter is the pause before a call is repeated.
const retryAfter = 20 * time.Millisecond

// ask waits for a call on Target.Admin, whose calls take no context, until ctx
// ends; the call itself goes on then.
func ask[T any](ctx context.Context, call func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := call()
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// fenced is ask for a read of what was committed before: go-zookeeper's reads
// come from whatever server it is on, and a sync is not enough (ZOOKEEPER-1675),
// so a quorum write goes before it. A call that lost its connection is repeated.
func fenced[T any](ctx context.Context, t *Target, call func() (T, error)) (T, error) {
	return insisting(ctx, func() (T, error) {
		if err := zkconn.Touch(ctx, t.Admin, t.Root); err != nil {
			var none T
			return none, err
		}
		return call()
	})
}

// insisting is ask for a call that is repeated where it lost its connection. A
// write may then have happened twice.
func insisting[T any](ctx context.Context, call func() (T, error)) (T, error) {
	return ask(ctx, func() (T, error) {
		for {
			value, err := call()
			lost := errors.Is(err, zk.ErrConnectionClosed) || errors.Is(err, zk.ErrNoServer) || errors.Is(err, zk.ErrSessionExpired)
			if !lost || !doze(ctx, retryAfter) {
				return value, err
			}
		}
	})
}

// asks is ask for a call that gives nothing.
func asks(ctx context.Context, call func() error) error {
	_, err := ask(ctx, func() (struct{}, error) { return struct{}{}, call() })
	return err
}
