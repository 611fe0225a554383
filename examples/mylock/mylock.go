// Package mylock is an example: a user's lock on go-zookeeper, and the tests that put it under faults
// with zklab. It uses only packages that its readers can use, too: those of the API.
package mylock

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

// Lock is an exclusive lock on a znode, which must exist. Each contender makes a
// sequential ephemeral child, and the one with the lowest number holds the lock.
// One goroutine uses it.
type Lock struct {
	conn    *zk.Conn
	path    string
	id      string // in the name of our child, so that we find the child if the reply is lost
	session int64  // the session that owns our child
}

// New returns a lock.
func New(conn *zk.Conn, path string) *Lock { return &Lock{conn: conn, path: path} }

// errGone means that our child is gone, perhaps with its session.
var errGone = errors.New("the contender has gone")

// Lock waits until the lock is held or ctx ends.
func (l *Lock) Lock(ctx context.Context) error {
	for {
		err := l.contend(ctx)
		if err == nil {
			return nil
		}
		if left := l.Unlock(ctx); left != nil {
			return left
		}
		if !errors.Is(err, errGone) {
			return err
		}
	}
}

// Unlock removes our child. It goes on even if ctx has ended, so that no contender waits behind one
// that has given up.
func (l *Lock) Unlock(context.Context) error {
	return retry(context.Background(), func() error {
		names, err := l.own()
		for _, name := range names {
			if err := l.conn.Delete(l.path+"/"+name, -1); err != nil && !errors.Is(err, zk.ErrNoNode) {
				return err
			}
		}
		return err
	})
}

func (l *Lock) contend(ctx context.Context) error {
	own, err := l.enter(ctx)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		changed, err := l.ahead(ctx, own)
		if err != nil || changed == nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// enter creates our child, once, and learns which session owns it.
func (l *Lock) enter(ctx context.Context) (own string, err error) {
	l.id = rand.Text()
	_, err = l.conn.Create(l.path+"/"+l.id+"-", nil, zk.FlagEphemeral|zk.FlagSequence, zk.WorldACL(zk.PermAll))
	if err != nil && !unanswered(err) {
		return "", err
	}
	err = retry(ctx, func() error {
		names, err := l.own()
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return errGone
		}
		own = names[0]
		_, stat, err := l.conn.Get(l.path + "/" + own)
		if errors.Is(err, zk.ErrNoNode) {
			return errGone
		}
		if err == nil {
			l.session = stat.EphemeralOwner
		}
		return err
	})
	return own, err
}

// already returns a watch that has fired.
var already = func() <-chan zk.Event {
	c := make(chan zk.Event)
	close(c)
	return c
}()

// ahead watches the child before our own. It returns nil if there is none: then the lock is ours,
// unless our session has ended.
func (l *Lock) ahead(ctx context.Context, own string) (changed <-chan zk.Event, err error) {
	err = retry(ctx, func() error {
		names, _, err := l.conn.Children(l.path)
		if err != nil {
			return err
		}
		slices.SortFunc(names, func(a, b string) int { return strings.Compare(number(a), number(b)) })
		switch i := slices.Index(names, own); {
		case i < 0 || l.conn.SessionID() != l.session:
			return errGone
		case i == 0:
			changed = nil
			return nil
		default:
			_, _, changed, err = l.conn.GetW(l.path + "/" + names[i-1])
			if errors.Is(err, zk.ErrNoNode) { // deleted since the list was read
				changed, err = already, nil
			}
			return err
		}
	})
	return changed, err
}

// own lists our children: none, one, or one that we did not know of. The sync first makes the server
// catch up with changes that it may not have applied yet.
func (l *Lock) own() ([]string, error) {
	if _, err := l.conn.Sync(l.path); err != nil {
		return nil, err
	}
	names, _, err := l.conn.Children(l.path)
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, l.id+"-") })
	return names, err
}

func number(name string) string { return name[strings.LastIndexByte(name, '-')+1:] }

// retry repeats a request that got no answer or was denied: a permission that is missing now may have
// been removed by mistake, and a contender left behind would block all others.
func retry(ctx context.Context, f func() error) error {
	for {
		err := f()
		if !unanswered(err) && !errors.Is(err, zk.ErrNoAuth) {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// unanswered reports whether no server answered. If a connection breaks during a call, go-zookeeper may
// return the network's own error.
func unanswered(err error) bool {
	var broken net.Error
	return errors.As(err, &broken) || errors.Is(err, zk.ErrConnectionClosed) || errors.Is(err, zk.ErrNoServer) || errors.Is(err, zk.ErrSessionExpired)
}
