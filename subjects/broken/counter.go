package broken

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// defectiveCounter is a counter that reads and sets a znode, with a defect in how it sets.
type defectiveCounter struct {
	subjects.Counter // the correct part
	conn             *zk.Conn
	path             string
	set              func(value []byte, version int32) (applied bool, err error)
}

func newDefectiveCounter(c *subjects.Client, path string, set func(h *defectiveCounter) func([]byte, int32) (bool, error)) (subjects.Counter, error) {
	right, err := subjects.NewCounter(c, path)
	if err != nil {
		return nil, err
	}
	h := &defectiveCounter{Counter: right, conn: c.Conn, path: path}
	h.set = set(h)
	return h, nil
}

// Add reads and sets until a set succeeds.
func (h *defectiveCounter) Add(ctx context.Context, delta int64) (int64, error) {
	for ctx.Err() == nil {
		data, stat, err := h.conn.Get(h.path)
		if errors.Is(err, zk.ErrNoNode) {
			return h.Counter.Add(ctx, delta) // this creates the znode
		}
		if err != nil {
			return 0, subjects.WithoutEffect(err)
		}
		n, _ := strconv.ParseInt(string(data), 10, 64)
		applied, err := h.set(strconv.AppendInt(nil, n+delta, 10), stat.Version)
		if applied || err != nil {
			return n + delta, err
		}
	}
	return 0, subjects.WithoutEffect(context.Cause(ctx))
}

// ReadSetWithoutVersion returns a counter that sets the znode whatever its version: if two clients
// read the same value, one addition is lost. Property "linearizable" finds it whenever clients
// compete.
func ReadSetWithoutVersion(c *subjects.Client, path string) (subjects.Counter, error) {
	return newDefectiveCounter(c, path, func(h *defectiveCounter) func([]byte, int32) (bool, error) {
		return func(value []byte, _ int32) (bool, error) {
			_, err := h.conn.Set(h.path, value, -1)
			return err == nil, err
		}
	})
}

// RetriesSetAfterLoss returns a counter that adds a second time after a lost reply, and so twice if
// only the reply was lost (as kazoo 2.8.0's Counter does). Property "linearizable" finds it when
// replies are lost.
func RetriesSetAfterLoss(c *subjects.Client, path string) (subjects.Counter, error) {
	return newDefectiveCounter(c, path, func(h *defectiveCounter) func([]byte, int32) (bool, error) {
		return func(value []byte, version int32) (bool, error) {
			_, err := h.conn.Set(h.path, value, version)
			switch {
			case errors.Is(err, zk.ErrConnectionClosed):
				time.Sleep(retryPause)
				return false, nil
			case errors.Is(err, zk.ErrBadVersion):
				return false, nil
			}
			return err == nil, err
		}
	})
}

// syncOnly reads after a sync when a fenced read is asked for.
type syncOnly struct {
	subjects.Counter
	conn *zk.Conn
	path string
}

// SyncOnly returns a counter whose fenced read comes after a sync, which needs no quorum: a deposed
// leader may return an old value. Property "fenced-reads" finds it whenever it is read.
func SyncOnly(c *subjects.Client, path string) (subjects.Counter, error) {
	right, err := subjects.NewCounter(c, path)
	return &syncOnly{Counter: right, conn: c.Conn, path: path}, err
}

func (h *syncOnly) Read(ctx context.Context, kind string) (int64, error) {
	if _, err := h.conn.Sync(h.path); err != nil {
		return 0, subjects.WithoutEffect(err)
	}
	return h.Counter.Read(ctx, models.ReadPlain)
}
