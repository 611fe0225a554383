package workloads

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zk/zkconn"
)

// freshChildren lists the present children of a path by a fenced read; none if the path
// does not exist.
func (e *Env) freshChildren(ctx context.Context, path string) ([]string, error) {
	return within(ctx, e.Bound, func() ([]string, error) {
		if err := zkconn.NoopWrite(ctx, e.Admin, e.Root); err != nil {
			return nil, err
		}
		names, _, err := e.Admin.Children(path)
		if errors.Is(err, zk.ErrNoNode) {
			return nil, nil
		}
		return names, err
	})
}

// makeZnode creates a znode, which may exist already, within the bound.
func (e *Env) makeZnode(ctx context.Context, path string) error {
	return e.makeZnodeFor(ctx, path, zk.WorldACL(zk.PermAll))
}

// makeZnodeFor is makeZnode with an ACL.
func (e *Env) makeZnodeFor(ctx context.Context, path string, acl []zk.ACL) error {
	err := retry(ctx, e.Bound, func() error {
		_, err := within(ctx, e.Bound, func() (string, error) {
			return e.Admin.Create(path, nil, 0, acl)
		})
		if errors.Is(err, zk.ErrNodeExists) {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("make znode %s: %w", path, err)
	}
	return nil
}

// retry calls f, with pauses, until it succeeds, ctx ends, or the bound has passed. It
// returns the last error.
func retry(ctx context.Context, bound time.Duration, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (gave up after %s)", err, bound)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
