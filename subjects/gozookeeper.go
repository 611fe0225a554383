package subjects

import (
	"context"

	"github.com/go-zookeeper/zk"
)

// goZookeeperLock is go-zookeeper's own zk.Lock. That one knows no context:
// when ours ends, the attempt goes on by itself, gives the lock back should it
// still get it, and later calls wait for its end, as any program must that puts
// a time limit around zk.Lock.
type goZookeeperLock struct {
	lock *zk.Lock
	turn chan struct{} // holds a token while nobody is inside the zk.Lock
}

// GoZookeeperLock is the lock that comes with go-zookeeper, zk.Lock.
func GoZookeeperLock(c *Client, path string) (Lock, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	l := &goZookeeperLock{lock: zk.NewLock(c.Conn, path, zk.WorldACL(zk.PermAll)), turn: make(chan struct{}, 1)}
	l.turn <- struct{}{}
	return l, nil
}

func (l *goZookeeperLock) Lock(ctx context.Context) error {
	if err := l.enter(ctx); err != nil {
		return err
	}
	done := make(chan error) // unbuffered: either the caller has the result or the attempt is abandoned
	abandoned := make(chan struct{})
	go func() { // ends with the connection at the latest
		defer func() { l.turn <- struct{}{} }()
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
	if err := l.enter(ctx); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		done <- l.lock.Unlock()
		l.turn <- struct{}{}
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// enter waits until no other call is inside the zk.Lock.
func (l *goZookeeperLock) enter(ctx context.Context) error {
	select {
	case <-l.turn:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
