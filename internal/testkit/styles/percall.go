package styles

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// callCounter is a counter each call of which has a session of its own: the call opens it, and closes it
// at its end.
type callCounter struct {
	*connected
	made bool // the znode exists
}

func newCallCounter(c *subjects.Client, path string) (subjects.Counter, error) {
	return &callCounter{connected: connectLater(c, path)}, nil
}

func (c *callCounter) Add(ctx context.Context, delta int64) (int64, error) {
	return c.change(ctx, func(now int64) (int64, error) { return now + delta, nil })
}

func (c *callCounter) CompareAndSet(ctx context.Context, from, to int64) error {
	_, err := c.change(ctx, func(now int64) (int64, error) {
		if now != from {
			return 0, fmt.Errorf("%w: %d", subjects.ErrMismatch, now)
		}
		return to, nil
	})
	return err
}

// change repeats what another client's change refused.
func (c *callCounter) change(ctx context.Context, next func(now int64) (int64, error)) (int64, error) {
	conn, stay, err := c.session(ctx)
	if err != nil {
		return 0, subjects.WithoutEffect(err)
	}
	defer conn.Close()
	defer stay()
	for {
		now, version, err := c.value(conn)
		if err != nil {
			return 0, subjects.WithoutEffect(err)
		}
		value, err := next(now)
		if err != nil {
			return 0, subjects.WithoutEffect(err)
		}
		_, err = conn.Set(c.path, strconv.AppendInt(nil, value, 10), version)
		if !errors.Is(err, zk.ErrBadVersion) {
			return value, told(err)
		}
	}
}

func (c *callCounter) value(conn *zk.Conn) (value int64, version int32, err error) {
	if !c.made {
		if _, err = conn.Create(c.path, nil, 0, everyone); err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return 0, 0, err
		}
		c.made = true
	}
	data, st, err := conn.Get(c.path)
	if err != nil || len(data) == 0 {
		return 0, versionOf(st), err
	}
	value, err = strconv.ParseInt(string(data), 10, 64)
	return value, st.Version, err
}

// Read fences a read by the creation of its session, which a quorum commits.
func (c *callCounter) Read(ctx context.Context, _ string) (int64, error) {
	conn, stay, err := c.session(ctx)
	if err != nil {
		return 0, subjects.WithoutEffect(err)
	}
	defer conn.Close()
	defer stay()
	value, _, err := c.value(conn)
	if err != nil {
		err = subjects.WithoutEffect(err)
	}
	return value, err
}

func versionOf(st *zk.Stat) int32 {
	if st == nil {
		return 0
	}
	return st.Version
}
