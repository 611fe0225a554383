package broken

import (
	"context"
	"errors"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// bounded is a queue with a capacity that counts the items in a list.
type bounded struct {
	blindDeleteRetry
	// waits waits until there may be room; changed receives an event when the list has
	// changed.
	waits func(ctx context.Context, changed <-chan zk.Event) error
	// create creates an item. version is the version of the queue's znode when the list was
	// read.
	create func(item []byte, version int32) error
}

func newBounded(c *subjects.Client, path string, wrong func(*bounded)) (subjects.Queue, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Queue {
		q := &bounded{blindDeleteRetry: blindDeleteRetry{readThenDelete{conn: conn, path: path}}, waits: waitFor}
		q.create = q.createAt
		wrong(q)
		return q
	})
}

// Capacity implements [subjects.Bounded].
func (*bounded) Capacity() int { return subjects.LittleRoom }

func (q *bounded) Put(ctx context.Context, item []byte) error {
	for {
		_, stat, err := q.conn.Get(q.path) // first, so that the list lacks nothing of that version
		if err != nil {
			return subjects.WithoutEffect(err)
		}
		names, _, changed, err := q.conn.ChildrenW(q.path)
		if err != nil {
			return subjects.WithoutEffect(err)
		}
		if len(names) >= subjects.LittleRoom {
			if err := q.waits(ctx, changed); err != nil {
				return subjects.WithoutEffect(err)
			}
			continue
		}
		err = q.create(item, stat.Version)
		if !errors.Is(err, zk.ErrBadVersion) {
			return err
		}
	}
}

// createAt creates an item, unless another client has created one since the queue's znode
// had the given version.
func (q *bounded) createAt(item []byte, version int32) error {
	_, err := q.conn.Multi(
		&zk.SetDataRequest{Path: q.path, Version: version},
		&zk.CreateRequest{Path: q.path + "/item-", Data: item, Acl: openACL, Flags: zk.FlagSequence})
	return err
}

// Take deletes the oldest item; if another client was quicker, it looks again.
func (q *bounded) Take(ctx context.Context) ([]byte, error) {
	for {
		names, _, changed, err := q.conn.ChildrenW(q.path)
		if err != nil {
			return nil, subjects.WithoutEffect(err)
		}
		slices.Sort(names)
		for _, name := range names {
			item, _, err := q.conn.Get(q.path + "/" + name)
			if err == nil {
				if err = q.conn.Delete(q.path+"/"+name, -1); err == nil {
					return item, nil
				}
			}
			if !errors.Is(err, zk.ErrNoNode) {
				return nil, err
			}
		}
		if len(names) > 0 {
			continue
		}
		if err := waitFor(ctx, changed); err != nil {
			return nil, subjects.WithoutEffect(err)
		}
	}
}

// CountsThenPuts returns a bounded queue that counts the items and then puts one, whatever others
// have put meanwhile. Property "bounded" finds it whenever producers compete.
func CountsThenPuts(c *subjects.Client, path string) (subjects.Queue, error) {
	return newBounded(c, path, func(q *bounded) {
		q.create = func(item []byte, _ int32) error { return q.readThenDelete.Put(context.Background(), item) }
	})
}

// NeverWoken returns a bounded queue that never wakes the clients that wait for room. Property
// "progress" finds it whenever a queue gets full.
func NeverWoken(c *subjects.Client, path string) (subjects.Queue, error) {
	return newBounded(c, path, func(q *bounded) {
		q.waits = func(ctx context.Context, _ <-chan zk.Event) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}
	})
}
