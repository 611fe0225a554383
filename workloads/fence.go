package workloads

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zkconn"
)

// fencedChildren lists a folder as it is now. A folder that nobody made is empty.
func (e *Env) fencedChildren(ctx context.Context, folder string) ([]string, error) {
	return within(ctx, e.Bound, func() ([]string, error) {
		if err := zkconn.Touch(ctx, e.Admin, e.Root); err != nil {
			return nil, err
		}
		names, _, err := e.Admin.Children(folder)
		if errors.Is(err, zk.ErrNoNode) {
			return nil, nil
		}
		return names, err
	})
}

// retry calls f until it succeeds, ctx ends, or the bound has passed, with a
// pause between. It gives the last error.
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
