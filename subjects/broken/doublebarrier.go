package broken

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// leaveWithoutWaiting counts its members on the way in, and does not wait for them on the
// way out.
type leaveWithoutWaiting struct {
	conn    *zk.Conn
	path    string
	parties int
	node    string
	keeps   bool // it keeps the member of a call that was given up
}

// LeaveWithoutWaiting returns a double barrier whose members leave without waiting for each other.
// Property "leave" finds it.
func LeaveWithoutWaiting(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.DoubleBarrier {
		return &leaveWithoutWaiting{conn: conn, path: path, parties: parties}
	})
}

func (b *leaveWithoutWaiting) Enter(ctx context.Context) (err error) {
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
			if !b.keeps { // or the next call would count twice
				_ = b.conn.Delete(b.node, -1)
			}
			return err
		}
	}
}

func (b *leaveWithoutWaiting) Leave(context.Context) error { return b.conn.Delete(b.node, -1) }

// countsChildren lets a client in when it counts enough members at one time.
type countsChildren struct{ leaveWithoutWaiting }

// CountsChildren returns the barrier of ZooKeeper's own tutorial ("Programming with ZooKeeper",
// Barriers). A client that counts after the first members have left finds too few, and waits for
// ever. Property "progress" finds it whenever a client is slow.
func CountsChildren(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.DoubleBarrier {
		return &countsChildren{leaveWithoutWaiting{conn: conn, path: path, parties: parties}}
	})
}

func (b *countsChildren) Enter(ctx context.Context) (err error) {
	if b.node, err = b.conn.Create(b.path+"/member-", nil, zk.FlagSequence|zk.FlagEphemeral, openACL); err != nil {
		return err
	}
	return b.await(ctx, func(members int) bool { return members >= b.parties })
}

func (b *countsChildren) Leave(ctx context.Context) error {
	if err := b.conn.Delete(b.node, -1); err != nil {
		return err
	}
	return b.await(ctx, func(members int) bool { return members == 0 })
}

// await waits until the number of members is enough.
func (b *countsChildren) await(ctx context.Context, enough func(members int) bool) error {
	for {
		names, _, changed, err := b.conn.ChildrenW(b.path)
		if err != nil || enough(len(names)) {
			return err
		}
		if err := waitFor(ctx, changed); err != nil {
			return err
		}
	}
}

// timedOutStillCounted claims that an Enter that was given up had no effect, but leaves its
// member where the others count it. The member's data marks it as unused, so that
// leaving clients do not wait for it.
type timedOutStillCounted struct{ leaveWithoutWaiting }

// TimedOutStillCounted returns a double barrier that opens although a member has given up
// (CURATOR-318). Property "enter" finds it whenever a client gives up.
func TimedOutStillCounted(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.DoubleBarrier {
		return &timedOutStillCounted{leaveWithoutWaiting{conn: conn, path: path, parties: parties, keeps: true}}
	})
}

const gaveUp = "gave up"

func (b *timedOutStillCounted) Enter(ctx context.Context) error {
	err := b.leaveWithoutWaiting.Enter(ctx)
	if err == nil {
		return nil
	}
	_, _ = b.conn.Set(b.node, []byte(gaveUp), -1)
	return subjects.WithoutEffect(err)
}

func (b *timedOutStillCounted) Leave(ctx context.Context) error {
	if err := b.leaveWithoutWaiting.Leave(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if others, err := b.others(); err == nil && !others {
			return nil
		}
		time.Sleep(lookAgain)
	}
	return context.Cause(ctx)
}

// others reports whether there is a member that has not given up.
func (b *timedOutStillCounted) others() (bool, error) {
	names, _, err := b.conn.Children(b.path)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		switch data, _, err := b.conn.Get(b.path + "/" + name); {
		case errors.Is(err, zk.ErrNoNode):
		case err != nil:
			return false, err
		case string(data) != gaveUp:
			return true, nil
		}
	}
	return false, nil
}

// readyOutlives has a mark that exists from when all members are in until the last one has left. A
// client that finds the mark enters.
type readyOutlives struct{ leaveWithoutWaiting }

// ReadyOutlives returns a double barrier whose mark outlives a round in which all members die, and
// lets in the next client, as kazoo's does. Property "enter" finds it when all sessions end inside.
func ReadyOutlives(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.DoubleBarrier {
		return &readyOutlives{leaveWithoutWaiting{conn: conn, path: path, parties: parties}}
	})
}

func (b *readyOutlives) Leave(ctx context.Context) error {
	if err := b.leaveWithoutWaiting.Leave(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if names, _, err := b.conn.Children(b.path); err == nil && len(names) == 0 {
			if err := b.conn.Delete(b.path+"-ready", -1); !errors.Is(err, zk.ErrNoNode) {
				return err
			}
			return nil
		}
		time.Sleep(lookAgain)
	}
	return context.Cause(ctx)
}

// countsTheDead has persistent members: a dead member is still counted, although the
// barrier reports it as gone. An ephemeral znode for each member shows leaving clients which
// members are still in.
type countsTheDead struct {
	conn    *zk.Conn
	path    string
	parties int
	node    string
	alive   string
}

// CountsTheDead returns a double barrier that opens although the session of a member has ended.
// Property "enter" finds it when sessions expire.
func CountsTheDead(c *subjects.Client, path string, parties int) (subjects.DoubleBarrier, error) {
	if err := ensure(c, path+aliveSuffix); err != nil {
		return nil, err
	}
	return opened(c, path, func(conn *zk.Conn) subjects.DoubleBarrier {
		return &countsTheDead{conn: conn, path: path, parties: parties}
	})
}

const aliveSuffix = "-alive"

func (b *countsTheDead) Enter(ctx context.Context) (err error) {
	if b.alive, err = b.conn.Create(b.path+aliveSuffix+"/m", nil, zk.FlagSequence|zk.FlagEphemeral, openACL); err != nil {
		return err
	}
	if b.node, err = b.conn.Create(b.path+"/m", nil, zk.FlagSequence, openACL); err != nil {
		return err
	}
	session := b.conn.SessionID()
	for ctx.Err() == nil {
		if s := b.conn.SessionID(); s != 0 && s != session {
			return subjects.WithoutEffect(zk.ErrSessionExpired) // as if the expiry had taken the member away
		}
		if b.isOpen() {
			return nil
		}
		time.Sleep(lookAgain)
	}
	if err := b.withdraw(); err != nil {
		return err
	}
	return subjects.WithoutEffect(ctx.Err())
}

// withdraw removes the member and its ephemeral znode.
func (b *countsTheDead) withdraw() error {
	if err := b.conn.Delete(b.node, -1); err != nil {
		return err
	}
	if err := b.conn.Delete(b.alive, -1); !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	return nil // its session had ended
}

// isOpen reports whether a client has seen all members, and makes sure that the others
// learn of it.
func (b *countsTheDead) isOpen() bool {
	ready := b.path + "-ready"
	names, _, err := b.conn.Children(b.path)
	if err == nil && len(names) >= b.parties {
		_, err = b.conn.Create(ready, nil, 0, openACL)
		return err == nil || errors.Is(err, zk.ErrNodeExists)
	}
	up, _, err := b.conn.Exists(ready)
	return err == nil && up
}

func (b *countsTheDead) Leave(ctx context.Context) error {
	if err := b.withdraw(); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if names, _, err := b.conn.Children(b.path + aliveSuffix); err == nil && len(names) == 0 {
			return nil
		}
		time.Sleep(lookAgain)
	}
	return context.Cause(ctx)
}
