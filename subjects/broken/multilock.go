package broken

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// oneByOne locks keys one after the other, with a defect in how it does that.
type oneByOne struct {
	make  func(name string) (subjects.Lock, error)
	names []string
	held  []subjects.Lock // in the order in which they were taken
}

// newOneByOne locks keys below a path in some order.
func newOneByOne(c *subjects.Client, path string, names []string) (*oneByOne, error) {
	if err := ensure(c, path); err != nil {
		return nil, err
	}
	return &oneByOne{
		names: names,
		make:  func(name string) (subjects.Lock, error) { return subjects.NewLock(c, path+"/"+name) },
	}, nil
}

// take acquires the lock of one more key.
func (l *oneByOne) take(ctx context.Context, name string) error {
	next, err := l.make(name)
	if err != nil {
		return err
	}
	if err := next.Lock(ctx); err != nil {
		return err
	}
	l.held = append(l.held, next)
	return nil
}

func (l *oneByOne) Lock(ctx context.Context) error {
	for _, name := range l.names {
		if err := l.take(ctx, name); err != nil {
			return errors.Join(err, l.Unlock(context.WithoutCancel(ctx)))
		}
	}
	return nil
}

func (l *oneByOne) Unlock(ctx context.Context) error {
	var errs []error
	for _, h := range slices.Backward(l.held) {
		errs = append(errs, h.Unlock(ctx))
	}
	l.held = nil
	return errors.Join(errs...)
}

// NoOrder returns a multi-lock that locks its keys one after the other, in the order in which they
// are named, as Curator's InterProcessMultiLock does: two clients that name them in opposite order
// deadlock. Property "progress" finds it whenever clients compete.
func NoOrder(c *subjects.Client, path string, names []string) (subjects.MultiLock, error) {
	return newOneByOne(c, path, names)
}

// NeverLooksBack returns a multi-lock that locks its keys one after the other, in a fixed order. If
// its session ends while it waits for one, it asks only for that one again in the next session, and
// believes that it still has the earlier ones. Property "grant" finds it whenever sessions of
// waiting clients end.
func NeverLooksBack(c *subjects.Client, path string, names []string) (subjects.MultiLock, error) {
	return newOneByOne(c, path, slices.Sorted(slices.Values(names)))
}

// partial goes on without the locks that take too long to get.
type partial struct{ *oneByOne }

// partialPatience is how long partial waits for one lock: much longer than it takes to get a free
// one.
const partialPatience = 60 * time.Millisecond

// Partial returns a multi-lock that claims to hold its keys after it has given up waiting for some
// of them. Property "exclusion" finds it whenever clients compete.
func Partial(c *subjects.Client, path string, names []string) (subjects.MultiLock, error) {
	l, err := newOneByOne(c, path, slices.Sorted(slices.Values(names)))
	return partial{l}, err
}

func (l partial) Lock(ctx context.Context) error {
	for _, name := range l.names {
		limited, cancel := context.WithTimeout(ctx, partialPatience)
		err := l.take(limited, name)
		late := limited.Err() != nil && ctx.Err() == nil
		cancel()
		if err != nil && !late {
			return errors.Join(err, l.Unlock(context.WithoutCancel(ctx)))
		}
	}
	return nil
}

// tokenOfTheFirst returns the token of the first key that it locked.
type tokenOfTheFirst struct{ *oneByOne }

// TokenOfTheFirst returns a multi-lock that locks its keys one after the other, in a fixed order,
// and returns the fencing token of the first for all of them; an earlier holder of the second may
// have a higher one. Property "tokens" finds it whenever clients compete.
func TokenOfTheFirst(c *subjects.Client, path string, names []string) (subjects.MultiLock, error) {
	l, err := newOneByOne(c, path, slices.Sorted(slices.Values(names)))
	return tokenOfTheFirst{l}, err
}

func (l tokenOfTheFirst) Fence() int64 { return l.held[0].(subjects.Fencer).Fence() }

// forgetsRollback creates all of its contenders at once, and waits.
type forgetsRollback struct {
	conn  *zk.Conn
	paths []string
	nodes []string
}

// ForgetsRollback returns a multi-lock that, when it gives up, removes the contender for the key
// that it has waited for, forgets the others, and claims that nothing is left. Property
// "all-or-none" finds it whenever clients give up.
func ForgetsRollback(c *subjects.Client, path string, names []string) (subjects.MultiLock, error) {
	if err := ensure(c, path); err != nil {
		return nil, err
	}
	l := &forgetsRollback{conn: c.Conn}
	for _, name := range slices.Sorted(slices.Values(names)) {
		if err := ensure(c, path+"/"+name); err != nil {
			return nil, err
		}
		l.paths = append(l.paths, path+"/"+name)
	}
	return l, nil
}

func (l *forgetsRollback) Lock(ctx context.Context) error {
	l.nodes = nil
	var ops []any
	for _, path := range l.paths {
		ops = append(ops, &zk.CreateRequest{Path: path + "/lock-", Acl: openACL, Flags: zk.FlagEphemeral | zk.FlagSequence})
	}
	made, err := l.conn.Multi(ops...)
	if err != nil {
		return err
	}
	for _, m := range made {
		l.nodes = append(l.nodes, m.String)
	}
	for i := range l.paths {
		if err := l.await(ctx, i); err != nil {
			_ = l.conn.Delete(l.nodes[i], -1)
			return subjects.WithoutEffect(err)
		}
	}
	return nil
}

// await waits for one key.
func (l *forgetsRollback) await(ctx context.Context, i int) error {
	for {
		names, _, changed, err := l.conn.ChildrenW(l.paths[i])
		if err != nil {
			return err
		}
		slices.Sort(names)
		if len(names) == 0 {
			return errors.New("its own contender has gone")
		}
		if l.paths[i]+"/"+names[0] == l.nodes[i] {
			return nil
		}
		if err := waitFor(ctx, changed); err != nil {
			return err
		}
	}
}

func (l *forgetsRollback) Unlock(context.Context) error {
	var ops []any
	for _, node := range l.nodes {
		ops = append(ops, &zk.DeleteRequest{Path: node, Version: -1})
	}
	_, err := l.conn.Multi(ops...)
	return err
}

// HeldOnAndOn returns a multi-lock whose client keeps using it after its session has expired.
// Property "lost" finds it when sessions expire.
func HeldOnAndOn(c *subjects.Client, path string, names []string) (subjects.MultiLock, error) {
	inner, err := subjects.NewMultiLock(c, path, names)
	return &ignoresExpiry{inner: inner}, err
}
