// Package clickhouselock is the lock of ClickHouse: one ephemeral znode, which the first client
// creates.
package clickhouselock

import (
	"context"
	"errors"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/catalog/port"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Entry describes the recipe in the catalogue.
var Entry = entry.Entry{
	Folder:  "clickhouselock",
	Program: "ClickHouse, ZooKeeperLock",
	File:    "ClickHouse/ClickHouse, src/Common/ZooKeeper/ZooKeeperLock.cpp",
	Version: "commit 006fb6fc (January 2026, after 25.12)",
	LeftOut: "ClickHouse's lock only tries; callers try again at their own pace. Lock of the port tries every 50 ms. An Unlock that finds the " +
		"lock lost returns an error, as with throw_if_lost. In one case the port is not as " +
		"faithful as elsewhere (see above): if the delete is refused, it keeps the lock, and deletes the znode when Unlock is called again.",
	Promises: "At most one client holds the lock while its session lives. A holder whose session has ended can see that (isLocked).",
	Right: "The client gives up its session when the connection breaks, so a znode whose create got no answer goes with the session. unlock " +
		"deletes the znode only in the session that created it. But ClickHouse forgets the lock before it deletes the znode: if a missing " +
		"permission prevents the delete, the znode stays until the session ends. The port keeps the lock in that case.",
	AsIs: workloads.Lock{New: New},
}

// Lock is the lock of one client, which opens its own sessions.
type Lock struct {
	c       *subjects.Client
	path    string
	session *port.Own
	locked  bool
}

// New returns the lock of a client.
func New(c *subjects.Client, path string) (subjects.Lock, error) {
	return &Lock{c: c, path: path + "/lock"}, port.Ensure(c, path)
}

// Lock tries again and again.
func (l *Lock) Lock(ctx context.Context) (err error) {
	for {
		if l.session == nil || l.session.Expired() {
			if l.session, err = port.Dial(ctx, l.c, true, nil); err != nil {
				return err
			}
		}
		_, err := l.session.Conn.Create(l.path, []byte("message"), port.Eph, port.ACL)
		switch {
		case err == nil:
			l.locked = true
			return nil
		case !errors.Is(err, zk.ErrNodeExists):
			return err
		}
		if !port.Wait(ctx, 50*time.Millisecond) {
			return port.Ended(ctx)
		}
	}
}

// Unlock deletes the znode if this session created it.
func (l *Lock) Unlock(context.Context) error {
	if !l.locked {
		return nil
	}
	l.locked = false
	if l.session.Expired() {
		return nil // the lock is lost
	}
	there, stat, err := l.session.Conn.Exists(l.path)
	if err != nil {
		return err
	}
	if there && stat.EphemeralOwner == l.session.ID {
		err := l.session.Conn.Delete(l.path, -1)
		l.locked = errors.Is(err, zk.ErrNoAuth) // the source forgets the lock in any case
		return err
	}
	return errors.New("the lock is lost")
}

// Close closes the session.
func (l *Lock) Close(context.Context) error {
	if l.session != nil {
		l.session.Close()
	}
	return nil
}
