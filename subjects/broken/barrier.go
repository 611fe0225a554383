package broken

import (
	"context"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// awaitTimesOut loses its patience: a wait that lasts is taken for its end.
type awaitTimesOut struct {
	conn *zk.Conn
	path string
}

// AwaitTimesOut is a barrier that lets people past: it takes the end of its patience for
// the lift. Property "early" finds it, wherever somebody waits.
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

// existsWithoutWatch looks once whether the barrier is up, and then waits for a word
// that nobody will say.
type existsWithoutWatch struct {
	subjects.Barrier
	conn *zk.Conn
	path string
}

// ExistsWithoutWatch is a barrier whose waiters are not told that it was lifted.
// Property "late" finds it, wherever somebody waits.
func ExistsWithoutWatch(c *subjects.Client, path string) (subjects.Barrier, error) {
	inner, err := subjects.NewBarrier(c, path)
	if err != nil {
		return nil, err
	}
	return &existsWithoutWatch{Barrier: inner, conn: c.Conn, path: path}, nil
}

func (b *existsWithoutWatch) Await(ctx context.Context) error {
	up, _, err := b.conn.Exists(b.path)
	if err != nil || !up {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// opensOnExpiry takes whatever its watch brings for the lift.
type opensOnExpiry struct {
	subjects.Barrier
	conn *zk.Conn
	path string
}

// OpensOnExpiry is a barrier that lets a client past whose session ends: the end of its watch is
// taken for the lift. Property "early" finds it where sessions of waiting clients expire.
func OpensOnExpiry(c *subjects.Client, path string) (subjects.Barrier, error) {
	inner, err := subjects.NewBarrier(c, path)
	if err != nil {
		return nil, err
	}
	return &opensOnExpiry{Barrier: inner, conn: c.Conn, path: path}, nil
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
