package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// errNoAdmin is the reason why a fault of znodes finds no target.
var errNoAdmin = fmt.Errorf("the harness has no connection of its own to do it with: %w", ErrNoTarget)

// retryAfter is the pause before a call is repeated.
const retryAfter = 20 * time.Millisecond

// fenced reads within ctx and sees everything that was committed before. A go-zookeeper
// read is answered by the connected server alone, and a sync is not enough
// (ZOOKEEPER-1675), so fenced writes through a quorum first. A call that lost its
// connection is repeated.
func fenced[T any](ctx context.Context, t *Target, call func() (T, error)) (T, error) {
	return insisting(ctx, func() (T, error) {
		if err := zkconn.NoopWrite(ctx, t.Admin, t.Root); err != nil {
			var none T
			return none, err
		}
		return call()
	})
}

// insisting repeats a call within ctx if it loses its connection. A write may then have
// happened twice.
func insisting[T any](ctx context.Context, call func() (T, error)) (T, error) {
	return await.Within(ctx, func() (T, error) {
		for {
			value, err := call()
			lost := errors.Is(err, zk.ErrConnectionClosed) || errors.Is(err, zk.ErrNoServer) || errors.Is(err, zk.ErrSessionExpired)
			if !lost || !doze(ctx, retryAfter) {
				return value, err
			}
		}
	})
}
