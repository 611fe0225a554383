package broken

import (
	"context"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// awaitTimesOut treats the end of its own timeout as the lift.
type awaitTimesOut struct {
	conn *zk.Conn
	path string
}

// AwaitTimesOut returns a barrier that lets clients past while it is raised: it treats the end of
// its own timeout as the lift. Property "early" finds it whenever a client waits.
func AwaitTimesOut(c *subjects.Client, path string) (subjects.Barrier, error) {
	if err := c.Connected(); err != nil {
		return nil, err
	}
	return &awaitTimesOut{conn: c.Conn, path: path}, nil
}

func (b *awaitTimesOut) Raise(context.Context) error {
	_, err := b.conn.Create(b.path, nil, 0, openACL)
	return err
}

func (b *awaitTimesOut) Lift(context.Context) error { return b.conn.Delete(b.path, -1) }

func (b *awaitTimesOut) Await(ctx context.Context) error {
	up, _, changed, err := b.conn.ExistsW(b.path)
	if err != nil || !up {
		return err
	}
	patience, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	defer cancel()
	_ = waitFor(patience, changed)
	return ctx.Err()
}

// existsWithoutWatch checks once whether the barrier is up, without setting a watch, and
// then waits for an event that never comes.
type existsWithoutWatch struct {
	subjects.Barrier
	conn *zk.Conn
	path string
}

// ExistsWithoutWatch returns a barrier whose waiters are not told that it was lifted. Property
// "late" finds it whenever a client waits.
func ExistsWithoutWatch(c *subjects.Client, path string) (subjects.Barrier, error) {
	inner, err := subjects.NewBarrier(c, path)
	return &existsWithoutWatch{Barrier: inner, conn: c.Conn, path: path}, err
}

func (b *existsWithoutWatch) Await(ctx context.Context) error {
	up, _, err := b.conn.Exists(b.path)
	if err != nil || !up {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// opensOnExpiry treats any event of its watch as the lift.
type opensOnExpiry struct {
	subjects.Barrier
	conn *zk.Conn
	path string
}

// OpensOnExpiry returns a barrier that lets a client past when its session ends: it treats the end
// of its watch as the lift. Property "early" finds it when sessions of waiting clients expire.
func OpensOnExpiry(c *subjects.Client, path string) (subjects.Barrier, error) {
	inner, err := subjects.NewBarrier(c, path)
	return &opensOnExpiry{Barrier: inner, conn: c.Conn, path: path}, err
}

func (b *opensOnExpiry) Await(ctx context.Context) error {
	up, _, changed, err := b.conn.ExistsW(b.path)
	if err != nil || !up {
		return err
	}
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
