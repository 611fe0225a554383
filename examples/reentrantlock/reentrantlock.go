// Package reentrantlock is an example of a recipe that zklab does not know: a lock that its holder may lock
// again. Its test names the operations, says what kind they are, and puts them under faults.
package reentrantlock

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
)

// ErrLost is the error for a hold whose session has ended.
var ErrLost = errors.New("the hold is lost")

// Lock is a reentrant lock: who holds it may lock it again, and frees it with the last Unlock. The holder has an
// ephemeral znode; others wait until it is gone. One goroutine uses a Lock.
type Lock struct {
	conn     *zk.Conn
	path     string // of the holder's znode
	depth    int
	id       string // of this hold, in the znode
	session  int64  // of this hold
	closed   atomic.Bool
	careless bool // a mistake, for the test: the first Unlock frees the lock
}

// New makes the parent of the holder's znode, unless another client has.
func New(conn *zk.Conn, path string) (*Lock, error) {
	_, err := conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll))
	if err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return nil, err
	}
	return &Lock{conn: conn, path: path + "/holder"}, nil
}

// Session returns the session of the hold.
func (l *Lock) Session() int64 { return l.session }

// Lock waits until the lock is held or ctx ends.
func (l *Lock) Lock(ctx context.Context) error {
	if l.depth > 0 {
		return l.move(+1)
	}
	l.id = rand.Text()
	for ctx.Err() == nil {
		_, _ = l.conn.Create(l.path, []byte(l.id), zk.FlagEphemeral, zk.WorldACL(zk.PermAll)) // the znode tells what came of it
		id, stat, changed, err := l.conn.GetW(l.path)
		switch {
		case errors.Is(err, zk.ErrNoNode): // just gone
		case err != nil:
			time.Sleep(pause)
		case string(id) == l.id && stat.EphemeralOwner == l.conn.SessionID():
			l.depth, l.session = 1, stat.EphemeralOwner
			return nil
		default:
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	}
	return errors.Join(ctx.Err(), l.remove())
}

// Unlock undoes one Lock.
func (l *Lock) Unlock(context.Context) error {
	err := l.move(-1)
	if err == nil && (l.depth == 0 || l.careless) {
		return l.remove()
	}
	return err
}

// move makes the hold deeper or less deep.
func (l *Lock) move(by int) error {
	if l.depth == 0 || l.session != l.conn.SessionID() {
		l.depth = 0
		return ErrLost
	}
	l.depth += by
	return nil
}

const pause = 20 * time.Millisecond

// remove removes the znode of this hold. It tries again until a server answers: the others wait for that.
func (l *Lock) remove() error {
	for !l.closed.Load() {
		_, err := l.conn.Sync(l.path)
		var id []byte
		if err == nil {
			id, _, err = l.conn.Get(l.path)
		}
		if err == nil && string(id) == l.id {
			err = l.conn.Delete(l.path, -1)
		}
		if err == nil || errors.Is(err, zk.ErrNoNode) {
			return nil
		}
		time.Sleep(pause)
	}
	return zk.ErrClosing
}

// Close ends what is still being tried: the session is about to end, and with it the znode.
func (l *Lock) Close(context.Context) error {
	l.closed.Store(true)
	return nil
}
