package subjects

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"
)

// The subjects in this file are wrong on purpose like those of broken.go. Most of
// them show what is wrong only when something happens to a client: a lost reply, an
// expired session, an operation that is given up.

// ignoresExpiry takes itself for the holder until it has given the lock back,
// which never succeeds once its session has died: from then on it answers from
// memory, and it never says that a hold is lost.
type ignoresExpiry struct {
	inner Lock
	held  bool
	token int64
}

// IgnoresExpiry is a lock whose holder goes on after its session has died. Property
// "lost" finds it where sessions expire.
func IgnoresExpiry(c *Client, path string) (Lock, error) {
	inner, err := NewLock(c, path)
	if err != nil {
		return nil, err
	}
	return &ignoresExpiry{inner: inner}, nil
}

func (l *ignoresExpiry) Lock(ctx context.Context) error {
	if l.held {
		return nil
	}
	if err := l.inner.Lock(ctx); err != nil {
		return err
	}
	l.held, l.token = true, l.inner.(Fencer).Fence()
	return nil
}

func (l *ignoresExpiry) Unlock(ctx context.Context) error {
	err := l.inner.Unlock(ctx)
	l.held = err != nil
	return err
}

func (l *ignoresExpiry) Fence() int64        { return l.token }
func (*ignoresExpiry) Lost() <-chan struct{} { return nil }

// tokenOfItsOwn hands out tokens that rise for each client, but not among them.
type tokenOfItsOwn struct {
	inner Lock
	count int64
}

// TokenOfItsOwn is a lock whose fencing tokens each client counts by itself.
// Property "tokens" finds it, wherever two clients hold the lock in turn.
func TokenOfItsOwn(c *Client, path string) (Lock, error) {
	inner, err := NewLock(c, path)
	if err != nil {
		return nil, err
	}
	return &tokenOfItsOwn{inner: inner}, nil
}

func (l *tokenOfItsOwn) Lock(ctx context.Context) error   { return l.inner.Lock(ctx) }
func (l *tokenOfItsOwn) Unlock(ctx context.Context) error { return l.inner.Unlock(ctx) }

func (l *tokenOfItsOwn) Fence() int64 {
	l.count++
	return l.count
}

// neverRegains waits for ever once its session has been lost.
type neverRegains struct {
	Election
	client  *Client
	session int64
}

// NeverRegains is an election whose candidate does not stand again in a new
// session. Property "progress" finds it where sessions expire.
func NeverRegains(c *Client, path, id string) (Election, error) {
	inner, err := NewElection(c, path, id)
	if err != nil {
		return nil, err
	}
	return &neverRegains{Election: inner, client: c}, nil
}

func (e *neverRegains) Campaign(ctx context.Context) error {
	if e.session == 0 {
		e.session = e.client.Conn.SessionID()
	}
	if e.client.Conn.SessionID() != e.session {
		<-ctx.Done()
		return ctx.Err()
	}
	return e.Election.Campaign(ctx)
}

// How the subjects here go on after a lost reply, and how often they look.
const (
	retries    = 20
	retryPause = 20 * time.Millisecond
	lookAgain  = 5 * time.Millisecond
)

// blindDeleteRetry repeats a delete whose reply was lost, and when the item is
// gone then, goes for the next one.
type blindDeleteRetry struct{ brokenQueue }

// BlindDeleteRetry is a queue that loses an item whose delete was done and not
// answered. Property "loss" finds it where replies are lost.
func BlindDeleteRetry(c *Client, path string) (Queue, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return &blindDeleteRetry{brokenQueue{conn: c.Conn, path: path}}, ensurePath(c.Conn, path)
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
	return nil, withoutEffect{ctx.Err()}
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

// deleteForSure gives the answer to a delete that was answered, be it the second one.
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

// Recreates is a queue that holds an item twice whose create was done and not
// answered. Property "integrity" finds it where replies are lost.
func Recreates(c *Client, path string) (Queue, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return &recreates{blindDeleteRetry{brokenQueue{conn: c.Conn, path: path}}}, ensurePath(c.Conn, path)
}

func (q *recreates) Put(ctx context.Context, item []byte) (err error) {
	for range retries {
		if err = q.brokenQueue.Put(ctx, item); err == nil {
			return nil
		}
		time.Sleep(retryPause)
	}
	return err
}

// existsWithoutWatch looks once whether the barrier is up, and then waits for a word
// that nobody will say.
type existsWithoutWatch struct {
	Barrier
	conn *zk.Conn
	path string
}

// ExistsWithoutWatch is a barrier whose waiters are not told that it was lifted.
// Property "late" finds it, wherever somebody waits.
func ExistsWithoutWatch(c *Client, path string) (Barrier, error) {
	inner, err := NewBarrier(c, path)
	if err != nil {
		return nil, err
	}
	return &existsWithoutWatch{Barrier: inner, conn: c.Conn, path: path}, nil
}

func (b *existsWithoutWatch) Await(ctx context.Context) error {
	up, _, err := b.conn.Exists(b.path)
	if err != nil || !up {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// timedOutStillCounted says of an Enter that was given up that it had no effect, but
// leaves its member where the others count it.
type timedOutStillCounted struct{ DoubleBarrier }

// TimedOutStillCounted is a double barrier that opens although a member has given
// up (CURATOR-318), and that is left like BrokenDoubleBarrier. Property "enter"
// finds it, wherever somebody gives up.
func TimedOutStillCounted(c *Client, path string, parties int) (DoubleBarrier, error) {
	inner, err := BrokenDoubleBarrier(c, path, parties)
	if err != nil {
		return nil, err
	}
	return timedOutStillCounted{inner}, nil
}

func (b timedOutStillCounted) Enter(ctx context.Context) error {
	if err := b.DoubleBarrier.Enter(ctx); err != nil {
		return withoutEffect{err}
	}
	return nil
}

// countsTheDead has persistent members: who has died is counted all the same,
// though it says that it is gone.
type countsTheDead struct {
	conn    *zk.Conn
	path    string
	parties int
	node    string
}

// CountsTheDead is a double barrier that opens although the session of a member has
// ended. Property "enter" finds it where sessions expire.
func CountsTheDead(c *Client, path string, parties int) (DoubleBarrier, error) {
	if err := c.connected(); err != nil {
		return nil, err
	}
	return &countsTheDead{conn: c.Conn, path: path, parties: parties}, ensurePath(c.Conn, path)
}

func (b *countsTheDead) Enter(ctx context.Context) (err error) {
	if b.node, err = b.conn.Create(b.path+"/m", nil, zk.FlagSequence, openACL); err != nil {
		return err
	}
	session := b.conn.SessionID()
	for ctx.Err() == nil {
		if s := b.conn.SessionID(); s != 0 && s != session {
			return withoutEffect{zk.ErrSessionExpired} // as if that had taken the member away
		}
		if b.isOpen() {
			return nil
		}
		time.Sleep(lookAgain)
	}
	if err := b.conn.Delete(b.node, -1); err != nil {
		return err
	}
	return withoutEffect{ctx.Err()}
}

// isOpen says whether somebody has seen all members, and sees to it that the others learn of it.
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

func (b *countsTheDead) Leave(context.Context) error { return b.conn.Delete(b.node, -1) }
