package broken

import (
	"context"
	"errors"
	"slices"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/subjects"
)

// checkThenCreate checks whether another client holds the lock; if not, it creates its own
// znode and believes that it holds alone. Two clients that check at the same moment both
// hold it (check-then-create).
type checkThenCreate struct {
	conn *zk.Conn
	path string
	node string
}

// CheckThenCreate returns a lock that two clients can hold: it checks for a holder before it
// creates its own znode. Property "exclusion" finds it whenever clients compete.
func CheckThenCreate(c *subjects.Client, path string) (subjects.Lock, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Lock { return &checkThenCreate{conn: conn, path: path} })
}

func (l *checkThenCreate) Lock(ctx context.Context) error {
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

func (l *checkThenCreate) Unlock(context.Context) error { return l.conn.Delete(l.node, -1) }

// ignoresExpiry believes that it holds until it has released the lock, which never succeeds
// once its session has expired. From then on it answers from memory, and it never reports
// that a hold is lost.
type ignoresExpiry struct {
	inner subjects.Lock
	held  bool
	token int64
}

// IgnoresExpiry returns a lock whose client keeps using it after its session has expired. Property
// "lost" finds it when sessions expire.
func IgnoresExpiry(c *subjects.Client, path string) (subjects.Lock, error) {
	inner, err := subjects.NewLock(c, path)
	return &ignoresExpiry{inner: inner}, err
}

func (l *ignoresExpiry) Lock(ctx context.Context) error {
	if l.held {
		return nil
	}
	if err := l.inner.Lock(ctx); err != nil {
		return err
	}
	l.held, l.token = true, l.inner.(subjects.Fencer).Fence()
	return nil
}

func (l *ignoresExpiry) Unlock(ctx context.Context) error {
	err := l.inner.Unlock(ctx)
	l.held = err != nil
	return err
}

func (l *ignoresExpiry) Fence() int64        { return l.token }
func (*ignoresExpiry) Lost() <-chan struct{} { return nil }

// tokenOfItsOwn returns tokens that rise for each client, but not across clients.
type tokenOfItsOwn struct {
	inner subjects.Lock
	count int64
}

// TokenOfItsOwn returns a lock whose fencing tokens each client counts by itself. Property "tokens"
// finds it whenever two clients hold the lock in turn.
func TokenOfItsOwn(c *subjects.Client, path string) (subjects.Lock, error) {
	inner, err := subjects.NewLock(c, path)
	return &tokenOfItsOwn{inner: inner}, err
}

func (l *tokenOfItsOwn) Lock(ctx context.Context) error   { return l.inner.Lock(ctx) }
func (l *tokenOfItsOwn) Unlock(ctx context.Context) error { return l.inner.Unlock(ctx) }

func (l *tokenOfItsOwn) Fence() int64 {
	l.count++
	return l.count
}

// missingIsFirst stands in line and watches the contender before it. If it does not find
// its own znode in the line, it believes that no contender is before it. So a waiter whose
// session expires is granted the lock without any znode in the tree. It offers only the two
// methods that a lock needs.
type missingIsFirst struct {
	conn *zk.Conn
	path string
	node string
}

// MissingIsFirst returns a lock that grants itself to a client that is not in line. Property
// "grant" finds it when sessions of waiting clients expire.
func MissingIsFirst(c *subjects.Client, path string) (subjects.Lock, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Lock { return &missingIsFirst{conn: conn, path: path} })
}

func (l *missingIsFirst) Lock(ctx context.Context) (err error) {
	if l.node, err = l.conn.Create(l.path+"/lock-", nil, zk.FlagEphemeral|zk.FlagSequence, openACL); err != nil {
		return err
	}
	for {
		first, err := l.awaitTurn(ctx)
		switch {
		case first:
			return nil
		case ctx.Err() != nil:
			_ = l.Unlock(context.WithoutCancel(ctx))
			return context.Cause(ctx)
		case err != nil: // a lost connection, or session: it looks again
			_ = await.Sleep(ctx, retryPause)
		}
	}
}

// awaitTurn lists the line, and waits for the contender before it to go.
func (l *missingIsFirst) awaitTurn(ctx context.Context) (first bool, err error) {
	names, _, err := l.conn.Children(l.path)
	if err != nil {
		return false, err
	}
	slices.Sort(names)
	own := slices.Index(names, l.node[len(l.path)+1:])
	if own <= 0 {
		return true, nil
	}
	there, _, gone, err := l.conn.ExistsW(l.path + "/" + names[own-1])
	if err != nil || !there {
		return false, err
	}
	return false, waitFor(ctx, gone)
}

func (l *missingIsFirst) Unlock(context.Context) error {
	err := l.conn.Delete(l.node, -1)
	if errors.Is(err, zk.ErrNoNode) {
		return nil
	}
	return err
}

// staleUnlock has one znode, which any client that unlocks deletes.
type staleUnlock struct {
	conn  *zk.Conn
	znode string
}

// StaleUnlock returns a lock that deletes its znode by its path, even if the znode belongs to
// another client by now. Property "own-znodes" finds it when sessions of holders expire.
func StaleUnlock(c *subjects.Client, path string) (subjects.Lock, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Lock { return &staleUnlock{conn, path + "/lock"} })
}

func (l *staleUnlock) Lock(ctx context.Context) error {
	for {
		_, err := l.conn.Create(l.znode, nil, zk.FlagEphemeral, openACL)
		if !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
		there, _, changed, err := l.conn.ExistsW(l.znode)
		if err == nil && there {
			err = waitFor(ctx, changed)
		}
		if err != nil {
			return subjects.WithoutEffect(err)
		}
	}
}

func (l *staleUnlock) Unlock(context.Context) error { return l.conn.Delete(l.znode, -1) }
