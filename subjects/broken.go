package subjects

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/go-zookeeper/zk"
)

// The subjects in this file are wrong on purpose, each in a way that published
// recipes were wrong, so that anybody can see what a violation looks like. All
// of them pass with one client on an idle ensemble.

var openACL = zk.WorldACL(zk.PermAll)

// brokenLock looks whether anybody holds the lock, and if nobody does makes
// its own znode and believes that it is alone: two who look at one moment both
// hold it (check-then-create).
type brokenLock struct {
	conn *zk.Conn
	path string
	node string
}

// BrokenLock is a lock that two can hold: it checks whether anybody does before it makes its own znode.
func BrokenLock(c *Client, path string) (Lock, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return &brokenLock{conn: c.Conn, path: path}, ensurePath(c.Conn, path)
}

func (l *brokenLock) Lock(ctx context.Context) error {
	for {
		names, _, changed, err := l.conn.ChildrenW(l.path)
		if err != nil {
			return err
		}
		if len(names) == 0 {
			l.node, err = l.conn.Create(l.path+"/lock-", nil, zk.FlagEphemeral|zk.FlagSequence, openACL)
			return err
		}
		if err := waitFor(ctx, changed); err != nil {
			return err
		}
	}
}

func (l *brokenLock) Unlock(context.Context) error { return l.conn.Delete(l.node, -1) }

// brokenElection sorts the candidates by their whole names, which begin with
// their ids, and not by their sequence numbers: a candidate with a low id leads
// at once, although somebody else does.
type brokenElection struct {
	conn *zk.Conn
	path string
	id   string
	node string
}

// BrokenElection is an election that two can win: it sorts candidates by their ids.
func BrokenElection(c *Client, path, id string) (Election, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return &brokenElection{conn: c.Conn, path: path, id: id}, ensurePath(c.Conn, path)
}

func (e *brokenElection) Campaign(ctx context.Context) error {
	node, err := e.conn.Create(e.path+"/"+e.id+"-", []byte(e.id), zk.FlagEphemeral|zk.FlagSequence, openACL)
	if err != nil {
		return err
	}
	e.node = node
	for {
		names, _, changed, err := e.conn.ChildrenW(e.path)
		if err != nil {
			return err
		}
		sort.Strings(names)
		if len(names) > 0 && e.path+"/"+names[0] == node {
			return nil
		}
		if err := waitFor(ctx, changed); err != nil {
			_ = e.conn.Delete(node, -1)
			return err
		}
	}
}

func (e *brokenElection) Resign(context.Context) error { return e.conn.Delete(e.node, -1) }

// brokenQueue reads the oldest item, deletes it, and does not care whether the
// delete found it still there: two consumers return one item.
type brokenQueue struct {
	conn *zk.Conn
	path string
}

// BrokenQueue is a queue that gives one item to two: it ignores that somebody else was quicker to delete it.
func BrokenQueue(c *Client, path string) (Queue, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return &brokenQueue{conn: c.Conn, path: path}, ensurePath(c.Conn, path)
}

func (q *brokenQueue) Put(_ context.Context, item []byte) error {
	_, err := q.conn.Create(q.path+"/item-", item, zk.FlagSequence, openACL)
	return err
}

func (q *brokenQueue) Take(ctx context.Context) ([]byte, error) {
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

// brokenBarrier loses its patience: a wait that lasts is taken for its end.
type brokenBarrier struct {
	conn *zk.Conn
	path string
}

// BrokenBarrier is a barrier that lets people past: it takes the end of its patience for the lift.
func BrokenBarrier(c *Client, path string) (Barrier, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return &brokenBarrier{conn: c.Conn, path: path}, nil
}

func (b *brokenBarrier) Raise(context.Context) error {
	_, err := b.conn.Create(b.path, nil, 0, openACL)
	return err
}

func (b *brokenBarrier) Lift(context.Context) error { return b.conn.Delete(b.path, -1) }

func (b *brokenBarrier) Await(ctx context.Context) error {
	up, _, changed, err := b.conn.ExistsW(b.path)
	if err != nil || !up {
		return err
	}
	patience, cancel := context.WithTimeout(ctx, 15*time.Millisecond)
	defer cancel()
	_ = waitFor(patience, changed)
	return ctx.Err()
}

// brokenDoubleBarrier counts its members on the way in, and does not wait for
// them on the way out.
type brokenDoubleBarrier struct {
	conn    *zk.Conn
	path    string
	parties int
	node    string
}

// BrokenDoubleBarrier is a double barrier whose members leave when they like.
func BrokenDoubleBarrier(c *Client, path string, parties int) (DoubleBarrier, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return &brokenDoubleBarrier{conn: c.Conn, path: path, parties: parties}, ensurePath(c.Conn, path)
}

func (b *brokenDoubleBarrier) Enter(ctx context.Context) (err error) {
	b.node, err = b.conn.Create(b.path+"/member-", nil, zk.FlagSequence|zk.FlagEphemeral, openACL)
	if err != nil {
		return err
	}
	ready := b.path + "-ready"
	for {
		up, _, changed, err := b.conn.ExistsW(ready)
		if err != nil || up {
			return err
		}
		names, _, err := b.conn.Children(b.path)
		if err != nil {
			return err
		}
		if len(names) >= b.parties {
			_, err := b.conn.Create(ready, nil, 0, openACL)
			if err != nil && !errors.Is(err, zk.ErrNodeExists) {
				return err
			}
			return nil
		}
		if err := waitFor(ctx, changed); err != nil {
			return err
		}
	}
}

func (b *brokenDoubleBarrier) Leave(context.Context) error { return b.conn.Delete(b.node, -1) }

// waitFor waits for a watch to fire.
func waitFor(ctx context.Context, watch <-chan zk.Event) error {
	select {
	case e := <-watch:
		return e.Err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ensurePath makes the znode of a subject; its parent exists.
func ensurePath(conn *zk.Conn, path string) error {
	_, err := conn.Create(path, nil, 0, openACL)
	if err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return fmt.Errorf("make znode %s: %w", path, err)
	}
	return nil
}
