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
	// waits waits until there may be room; changed tells that the list is another one.
	waits func(ctx context.Context, changed <-chan zk.Event) error
	// create makes an item, of which the list was read in some version of the queue's znode.
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

// Capacity is part of [subjects.Bounded].
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

// createAt makes an item if nobody else has since the queue's znode had a version.
func (q *bounded) createAt(item []byte, version int32) error {
	_, err := q.conn.Multi(
		&zk.SetDataRequest{Path: q.path, Version: version},
		&zk.CreateRequest{Path: q.path + "/item-", Data: item, Acl: openACL, Flags: zk.FlagSequence})
	return err
}

// Take deletes the oldest item, and leaves it if somebody else was quicker.
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

// CountsThenPuts is a bounded queue that counts the items and then puts one in, whatever others
// have put in meanwhile. Property "bounded" finds it, wherever producers meet.
func CountsThenPuts(c *subjects.Client, path string) (subjects.Queue, error) {
	return newBounded(c, path, func(q *bounded) {
		q.create = func(item []byte, _ int32) error { return q.readThenDelete.Put(context.Background(), item) }
	})
}

// NeverWoken is a bounded queue of which those who wait for room are never woken. Property
// "progress" finds it, wherever a queue gets full.
func NeverWoken(c *subjects.Client, path string) (subjects.Queue, error) {
	return newBounded(c, path, func(q *bounded) {
		q.waits = func(ctx context.Context, _ <-chan zk.Event) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}
	})
}
