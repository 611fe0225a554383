package subjects

import (
	"context"

	"github.com/go-zookeeper/zk"
)

// goZookeeperLock is go-zookeeper's own zk.Lock, which takes no context. Its calls end with the
// connection at the latest.
type goZookeeperLock struct {
	lock  *zk.Lock
	calls Blocking
}

// GoZookeeperLock returns the lock that comes with go-zookeeper, zk.Lock.
func GoZookeeperLock(c *Client, path string) (Lock, error) {
	if err := c.Connected(); err != nil {
		return nil, err
	}
	return &goZookeeperLock{lock: zk.NewLock(c.Conn, path, zk.WorldACL(zk.PermAll))}, nil
}

func (l *goZookeeperLock) Lock(ctx context.Context) error {
	return l.calls.Do(ctx, l.lock.Lock, l.lock.Unlock)
}

func (l *goZookeeperLock) Unlock(ctx context.Context) error {
	return l.calls.Do(ctx, l.lock.Unlock, nil)
}
