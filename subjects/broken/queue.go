package broken

import (
	"context"
	"errors"
	"slices"
	"sort"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// readThenDelete reads the oldest item, deletes it, and ignores whether the delete found
// it: two consumers return one item.
type readThenDelete struct {
	conn *zk.Conn
	path string
}

// ReadThenDelete returns a queue that gives one item to two clients: it ignores that another client
// was quicker to delete it. Property "integrity" finds it whenever clients compete.
func ReadThenDelete(c *subjects.Client, path string) (subjects.Queue, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Queue { return &readThenDelete{conn: conn, path: path} })
}

func (q *readThenDelete) Put(_ context.Context, item []byte) error {
	_, err := q.conn.Create(q.path+"/item-", item, zk.FlagSequence, openACL)
	return err
}

func (q *readThenDelete) Take(ctx context.Context) ([]byte, error) {
	for {
		names, _, changed, err := q.conn.ChildrenW(q.path)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			if err := waitFor(ctx, changed); err != nil {
				return nil, err
			}
			continue
		}
		sort.Strings(names)
		oldest := q.path + "/" + names[0]
		item, _, err := q.conn.Get(oldest)
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := q.conn.Delete(oldest, -1); err != nil && !errors.Is(err, zk.ErrNoNode) {
			return nil, err
		}
		return item, nil
	}
}

// watchesAfterCheck lists the items and, if there is none, sets the watch by a second list,
// whose result it ignores.
type watchesAfterCheck struct{ readThenDelete }

// WatchesAfterCheck returns a queue whose consumer waits for ever if an item is put between its two
// requests and none afterwards. Property "progress" finds it at the end of a run.
func WatchesAfterCheck(c *subjects.Client, path string) (subjects.Queue, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Queue { return &watchesAfterCheck{readThenDelete{conn: conn, path: path}} })
}

func (q *watchesAfterCheck) Take(ctx context.Context) ([]byte, error) {
	for {
		names, _, err := q.conn.Children(q.path)
		if err != nil {
			return nil, subjects.WithoutEffect(err)
		}
		sort.Strings(names)
		for _, name := range names {
			item, _, err := q.conn.Get(q.path + "/" + name)
			if err == nil {
				err = q.conn.Delete(q.path+"/"+name, -1)
			}
			if !errors.Is(err, zk.ErrNoNode) {
				return item, err
			}
		}
		if len(names) > 0 {
			continue
		}
		_, _, changed, err := q.conn.ChildrenW(q.path)
		if err == nil {
			err = waitFor(ctx, changed)
		}
		if err != nil {
			return nil, subjects.WithoutEffect(err)
		}
	}
}

// blindDeleteRetry repeats a delete whose reply was lost, and if the item is gone then,
// takes the next one.
type blindDeleteRetry struct{ readThenDelete }

// BlindDeleteRetry returns a queue that loses an item if the reply to its delete was lost. Property
// "loss" finds it when replies are lost.
func BlindDeleteRetry(c *subjects.Client, path string) (subjects.Queue, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Queue { return &blindDeleteRetry{readThenDelete{conn: conn, path: path}} })
}

func (q *blindDeleteRetry) Take(ctx context.Context) ([]byte, error) {
	for ctx.Err() == nil {
		path, item, err := q.oldest()
		if err != nil {
			time.Sleep(lookAgain)
			continue
		}
		if q.deleteForSure(path) == nil {
			return item, nil
		}
	}
	return nil, subjects.WithoutEffect(ctx.Err())
}

// oldest reads the item with the lowest number; zk.ErrNoNode if there is none.
func (q *blindDeleteRetry) oldest() (path string, item []byte, err error) {
	names, _, err := q.conn.Children(q.path)
	if err != nil {
		return "", nil, err
	}
	if len(names) == 0 {
		return "", nil, zk.ErrNoNode
	}
	path = q.path + "/" + slices.Min(names)
	item, _, err = q.conn.Get(path)
	return path, item, err
}

// deleteForSure repeats a delete until it is answered, and returns that answer.
func (q *blindDeleteRetry) deleteForSure(path string) error {
	err := q.conn.Delete(path, -1)
	for range retries {
		if !errors.Is(err, zk.ErrConnectionClosed) && !errors.Is(err, zk.ErrNoServer) {
			break
		}
		time.Sleep(retryPause)
		err = q.conn.Delete(path, -1)
	}
	return err
}

// recreates puts an item again when the reply to its create was lost.
type recreates struct{ blindDeleteRetry }

// Recreates returns a queue that has an item twice if the reply to its create was lost. Property
// "integrity" finds it when replies are lost.
func Recreates(c *subjects.Client, path string) (subjects.Queue, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Queue {
		return &recreates{blindDeleteRetry{readThenDelete{conn: conn, path: path}}}
	})
}

func (q *recreates) Put(ctx context.Context, item []byte) (err error) {
	for range retries {
		if err = q.readThenDelete.Put(ctx, item); err == nil {
			return nil
		}
		time.Sleep(retryPause)
	}
	return err
}

// emptyWhenBeaten returns no item when another client took the one that it tried to take.
type emptyWhenBeaten struct{ blindDeleteRetry }

// EmptyWhenBeaten returns a queue that claims to be empty when another client was quicker to take
// the oldest item. Property "empty" finds it whenever clients compete.
func EmptyWhenBeaten(c *subjects.Client, path string) (subjects.Queue, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Queue {
		return &emptyWhenBeaten{blindDeleteRetry{readThenDelete{conn: conn, path: path}}}
	})
}

func (q *emptyWhenBeaten) Take(ctx context.Context) ([]byte, error) {
	for ctx.Err() == nil {
		path, item, err := q.oldest()
		if err != nil {
			time.Sleep(lookAgain)
			continue
		}
		switch err := q.conn.Delete(path, -1); {
		case errors.Is(err, zk.ErrNoNode):
			return nil, nil
		case err != nil:
			return nil, err
		}
		return item, nil
	}
	return nil, subjects.WithoutEffect(ctx.Err())
}
