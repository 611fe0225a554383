package subjects

import (
	"context"

	"github.com/go-zookeeper/zk"
	"github.com/zklab/zklab/internal/base/await"
	"golang.org/x/sync/semaphore"
)

// goZookeeperLock is go-zookeeper's own zk.Lock, which takes no context. When a caller's
// context ends, the attempt continues in the background and releases the lock if it still
// gets it; later calls wait for its end. Any program that puts a time limit around zk.Lock
// must do this.
type goZookeeperLock struct {
	lock   *zk.Lock
	inside *semaphore.Weighted // at most one call is inside the zk.Lock
}

// GoZookeeperLock is the lock that comes with go-zookeeper, zk.Lock.
func GoZookeeperLock(c *Client, path string) (Lock, error) {
	if err := c.Connected(); err != nil {
		return nil, err
	}
	return &goZookeeperLock{lock: zk.NewLock(c.Conn, path, zk.WorldACL(zk.PermAll)), inside: semaphore.NewWeighted(1)}, nil
}

func (l *goZookeeperLock) Lock(ctx context.Context) error {
	if l.inside.Acquire(ctx, 1) != nil {
		return context.Cause(ctx)
	}
	done := make(chan error) // unbuffered: either the caller receives the result or the attempt is abandoned
	abandoned := make(chan struct{})
	go func() { // ends with the connection at the latest
		defer l.inside.Release(1)
		err := l.lock.Lock()
		select {
		case done <- err:
		case <-abandoned:
			if err == nil {
				_ = l.lock.Unlock()
			}
		}
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		close(abandoned)
		return context.Cause(ctx)
	}
}

func (l *goZookeeperLock) Unlock(ctx context.Context) error {
	if l.inside.Acquire(ctx, 1) != nil {
		return context.Cause(ctx)
	}
	return await.Until(ctx, func() error {
		defer l.inside.Release(1)
		return l.lock.Unlock()
	})
}
