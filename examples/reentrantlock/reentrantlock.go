// Package reentrantlock is an example of a recipe that zklab does not know: a lock that its holder may lock
// again. Its test names the operations, says which kinds they are, and puts them under faults.
package reentrantlock

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-zookeeper/zk"
)

// ErrLost is the error for a hold whose session has ended.
var ErrLost = errors.New("the hold is lost")

// Lock is a reentrant lock: its holder may lock it again, and frees it with the last Unlock. Contenders stand in
// line, each with an ephemeral znode of its own, whose name no other znode ever has. One goroutine uses a Lock.
type Lock struct {
	conn     *zk.Conn
	path     string // of the line
	depth    int
	id       string // of this hold: the name of its znode begins with it
	session  int64  // of this hold
	closed   atomic.Bool
	careless bool // a mistake, for the test: the first Unlock frees the lock
}

// New creates the parent of the line, unless another client has done so.
func New(conn *zk.Conn, path string) (*Lock, error) {
	_, err := conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll))
	if err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return nil, err
	}
	return &Lock{conn: conn, path: path}, nil
}

// newCareless returns a lock with the mistake.
func newCareless(conn *zk.Conn, path string) (*Lock, error) {
	l, err := New(conn, path)
	if err == nil {
		l.careless = true
	}
	return l, err
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
		mine, ahead, err := l.line()
		switch {
		case err != nil:
			time.Sleep(pause)
		case mine == "":
			_, err = l.conn.Create(l.path+"/"+l.id+mark, nil, zk.FlagEphemeralSequential, zk.WorldACL(zk.PermAll))
			if err != nil {
				time.Sleep(pause) // the next look at the line shows whether it was created
			}
		case ahead != "":
			l.wait(ctx, ahead)
		default:
			there, stat, err := l.conn.Exists(mine)
			if err == nil && there && stat.EphemeralOwner == l.conn.SessionID() {
				l.depth, l.session = 1, stat.EphemeralOwner
				return nil
			}
			time.Sleep(pause) // the znode belongs to a session that is about to end
		}
	}
	return errors.Join(ctx.Err(), l.remove())
}

// mark ends the names of the line's znodes, before their numbers.
const mark = "-lock-"

// own matches the names that this recipe creates. Other programs may also create znodes there.
var own = regexp.MustCompile(`^[A-Z2-7]{26}` + mark + `[0-9]{10}$`)

// line returns this hold's znode and the one before it; "" for none.
func (l *Lock) line() (mine, ahead string, err error) {
	if _, err = l.conn.Sync(l.path); err != nil {
		return "", "", err
	}
	names, _, err := l.conn.Children(l.path)
	names = slices.DeleteFunc(names, func(name string) bool { return !own.MatchString(name) })
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(number(a), number(b)) })
	for i, name := range names {
		if strings.HasPrefix(name, l.id) {
			if i > 0 {
				ahead = l.path + "/" + names[i-1]
			}
			return l.path + "/" + name, ahead, err
		}
	}
	return "", "", err
}

// number returns the number in a name, with the mark. All numbers from ZooKeeper have the same length,
// so they can be compared as texts.
func number(name string) string { return name[strings.LastIndex(name, mark):] }

// wait waits until a znode is gone, but not for ever: a client that is not allowed to read the znode
// gets no event.
func (l *Lock) wait(ctx context.Context, path string) {
	there, _, changed, err := l.conn.ExistsW(path)
	if err != nil || !there {
		return
	}
	select {
	case <-changed:
	case <-ctx.Done():
	case <-time.After(time.Second):
	}
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

// remove removes the znode of this hold. It tries again until a server answers, since other contenders wait for
// the znode's deletion. The session may end between the reading of the line and the delete, but that does no
// harm: a name in the line is never used again.
func (l *Lock) remove() error {
	for !l.closed.Load() {
		mine, _, err := l.line()
		if err == nil && mine == "" {
			return nil
		}
		if err == nil {
			err = l.conn.Delete(mine, -1)
		}
		if err != nil && !errors.Is(err, zk.ErrNoNode) {
			time.Sleep(pause)
		}
	}
	return zk.ErrClosing
}

// Close ends attempts that still go on: the session is about to end, and the znode with it.
func (l *Lock) Close(context.Context) error {
	l.closed.Store(true)
	return nil
}
