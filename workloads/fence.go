package workloads

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-zookeeper/zk"
)

// touch does one quorum write on the connection's session that changes
// nothing: a multi with a single check. It makes the session's latest sign of
// life sharp, and a read after it on the same session is fenced: it cannot be
// older than the touch. (sync is not a quorum operation, ZOOKEEPER-1675.)
func touch(conn *zk.Conn, path string) error {
	_, err := conn.Multi(&zk.CheckVersionRequest{Path: path, Version: -1})
	return err
}

// fencedChildren lists a folder as it is now. A folder that nobody made is empty.
func (e *Env) fencedChildren(ctx context.Context, folder string) ([]string, error) {
	return within(ctx, e.Bound, func() ([]string, error) {
		if err := touch(e.Admin, e.Root); err != nil {
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
