package broken

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// countsThenCreates counts the leases, and if there are few enough creates its own.
type countsThenCreates struct {
	conn   *zk.Conn
	path   string
	leases int
	node   string
}

// CountsThenCreates returns a semaphore that more clients can hold than it has leases: it counts
// them before it creates its own. Property "bound" finds it whenever clients compete.
func CountsThenCreates(c *subjects.Client, path string, leases int) (subjects.Semaphore, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Semaphore {
		return &countsThenCreates{conn: conn, path: path, leases: leases}
	})
}

func (s *countsThenCreates) Acquire(ctx context.Context) error {
	for {
		names, _, changed, err := s.conn.ChildrenW(s.path)
		if err != nil {
			return err
		}
		if len(names) < s.leases {
			s.node, err = s.conn.Create(s.path+"/lease-", nil, zk.FlagEphemeral|zk.FlagSequence, openACL)
			return err
		}
		if err := waitFor(ctx, changed); err != nil {
			return err
		}
	}
}

func (s *countsThenCreates) Release(context.Context) error { return s.conn.Delete(s.node, -1) }

// numbered is a semaphore whose contenders are numbered znodes, with a defect in how they
// are kept.
type numbered struct {
	conn   *zk.Conn
	path   string
	leases int
	flags  int32
	node   string // the contender that it made last; "" if that has gone
}

// Acquire stands in line, unless it already does.
func (s *numbered) Acquire(ctx context.Context) error {
	if s.node != "" {
		if there, _, err := s.conn.Exists(s.node); err != nil || !there {
			s.node = ""
		}
	}
	if s.node == "" {
		node, err := s.conn.Create(s.path+"/lease-", nil, s.flags|zk.FlagSequence, openACL)
		if err != nil {
			return err
		}
		s.node = node
	}
	for {
		names, changed, err := s.line()
		if err != nil {
			return err
		}
		if i := slices.Index(names, s.node[len(s.path)+1:]); i < s.leases {
			return nil
		}
		if err := waitFor(ctx, changed); err != nil {
			_ = s.conn.Delete(s.node, -1)
			return err
		}
	}
}

// watchesNeighbour waits for the contender right before it to go, and for no other.
type watchesNeighbour struct{ numbered }

// WatchesNeighbour returns a semaphore whose contenders watch the one right before them, as those
// of a lock do: only one of several holders is watched, and the released lease of another one stays
// unused. Property "progress" finds it when one client holds for long.
func WatchesNeighbour(c *subjects.Client, path string, leases int) (subjects.Semaphore, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Semaphore {
		return &watchesNeighbour{numbered{conn: conn, path: path, leases: leases, flags: zk.FlagEphemeral}}
	})
}

func (s *watchesNeighbour) Acquire(ctx context.Context) (err error) {
	if s.node, err = s.conn.Create(s.path+"/lease-", nil, s.flags|zk.FlagSequence, openACL); err != nil {
		return err
	}
	for {
		names, _, err := s.line()
		if err != nil {
			return err
		}
		i := slices.Index(names, s.node[len(s.path)+1:])
		if i < 0 {
			return zk.ErrSessionExpired
		}
		if i < s.leases {
			return nil
		}
		there, _, gone, err := s.conn.ExistsW(s.path + "/" + names[i-1])
		if err == nil && there {
			err = waitFor(ctx, gone)
		}
		if err != nil {
			_ = s.conn.Delete(s.node, -1)
			return err
		}
	}
}

func (s *watchesNeighbour) Release(context.Context) error { return s.conn.Delete(s.node, -1) }

// line lists the contenders, in order.
func (s *numbered) line() ([]string, <-chan zk.Event, error) {
	names, _, changed, err := s.conn.ChildrenW(s.path)
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	return names, changed, err
}

// releaseDeletesLowest releases the first contender in line.
type releaseDeletesLowest struct{ *numbered }

// ReleaseDeletesLowest returns a semaphore that releases the lease that is first in line, even if
// another client holds it, and takes its own remaining one for a new lease. Property "bound" finds
// it whenever clients compete.
func ReleaseDeletesLowest(c *subjects.Client, path string, leases int) (subjects.Semaphore, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Semaphore {
		return releaseDeletesLowest{&numbered{conn: conn, path: path, leases: leases, flags: zk.FlagEphemeral}}
	})
}

func (s releaseDeletesLowest) Release(context.Context) error {
	names, _, err := s.line()
	if err != nil || len(names) == 0 {
		return err
	}
	return s.conn.Delete(s.path+"/"+names[0], -1)
}

// leaseSurvivesSession forgets its lease when its session ends, which does not delete the
// lease.
type leaseSurvivesSession struct {
	*numbered
	session int64
}

// LeaseSurvivesSession returns a semaphore whose leases are persistent znodes: the lease of a
// client whose session ends is never released. Property "progress" finds it when sessions expire.
func LeaseSurvivesSession(c *subjects.Client, path string, leases int) (subjects.Semaphore, error) {
	return opened(c, path, func(conn *zk.Conn) subjects.Semaphore {
		return &leaseSurvivesSession{numbered: &numbered{conn: conn, path: path, leases: leases}}
	})
}

func (s *leaseSurvivesSession) Acquire(ctx context.Context) error {
	s.session, s.node = s.conn.SessionID(), ""
	return s.numbered.Acquire(ctx)
}

func (s *leaseSurvivesSession) Release(context.Context) error {
	if s.conn.SessionID() != s.session {
		return nil
	}
	return s.conn.Delete(s.node, -1)
}

// polls makes its clients poll.
type polls struct {
	polling
	inner rightSemaphore
}

// rightSemaphore has what zklab's own semaphore offers in addition to the contract.
type rightSemaphore interface {
	subjects.Semaphore
	subjects.Closer
	TryAcquire(ctx context.Context) (bool, error)
}

// Polls returns a semaphore whose clients retry from time to time instead of standing in line.
// Property "fair" finds it whenever clients compete.
func Polls(c *subjects.Client, path string, leases int) (subjects.Semaphore, error) {
	inner, err := subjects.NewSemaphore(c, path, leases)
	if err != nil {
		return nil, err
	}
	return opened(c, path, func(conn *zk.Conn) subjects.Semaphore {
		return &polls{polling{conn: conn, path: path}, inner.(rightSemaphore)}
	})
}

func (s *polls) Acquire(ctx context.Context) error { return s.until(ctx, s.inner.TryAcquire) }
func (s *polls) Release(ctx context.Context) error { return s.inner.Release(ctx) }
func (s *polls) Close(ctx context.Context) error   { return s.inner.Close(ctx) }

// heldForEver is [ignoresExpiry] for a lease.
type heldForEver struct{ *ignoresExpiry }

// HeldForEver returns a semaphore whose client keeps using it after its session has expired.
// Property "lost" finds it when sessions expire.
func HeldForEver(c *subjects.Client, path string, leases int) (subjects.Semaphore, error) {
	inner, err := subjects.NewSemaphore(c, path, leases)
	return heldForEver{&ignoresExpiry{inner: asLock{inner}}}, err
}

func (s heldForEver) Acquire(ctx context.Context) error { return s.Lock(ctx) }
func (s heldForEver) Release(ctx context.Context) error { return s.Unlock(ctx) }

// asLock is a lease with the method names of a lock.
type asLock struct{ subjects.Semaphore }

func (l asLock) Lock(ctx context.Context) error   { return l.Acquire(ctx) }
func (l asLock) Unlock(ctx context.Context) error { return l.Release(ctx) }
func (l asLock) Fence() int64                     { return l.Semaphore.(subjects.Fencer).Fence() }
