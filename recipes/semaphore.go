package recipes

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/failures"
)

var (
	// ErrLeases: that is no number of leases for a semaphore.
	ErrLeases = errors.New("number of leases must be between 1 and 1024")
	// ErrOtherLeases: the semaphore has another number of leases than this value was
	// made with, or its znode holds something else than a number.
	ErrOtherLeases error = failures.Conclusion("semaphore has another number of leases")
)

const kindLease = "lease"

// maxLeases bounds how many watches a waiter sets.
const maxLeases = 1024

// Semaphore lets a number of clients in at a time, first come, first served.
// [Semaphore.Do] is what most programs need.
//
// Its path is a persistent znode, created if missing, that holds the number of leases
// in decimal: the first client writes it, and whoever was made with another number is
// refused with [ErrOtherLeases]. To change it, stop all clients and remove the znode.
// Each contender is an ephemeral sequential child <32 hex digits>-lease-<sequence>; as
// many as there are leases, those in front, have one. All other children are ignored.
//
// What it guarantees: no more contenders than leases are in front at one time, and a
// holder learns that it is not in front any more as that of a [Lock] does. Also as
// there, waiters line up again if the path is deleted. A value has one lease at a time;
// a client that needs several makes several values, and may wait for ever if others do
// the same.
//
// What it cannot: there is no fencing token. One who stood still for longer than its
// session's time-out may act on a lease that it no longer has, while newer leases and
// older ones are equally good. Where that matters, use as many locks as there are
// leases, or guard writes in ZooKeeper itself by a check of the contender.
//
// What it costs: to acquire takes one write and three reads, whatever the number of
// contenders. A waiter also watches as many contenders as there are leases, with a read for
// each: those right ahead of it, but not the nearest before it is next. Who gets a lease that is given
// back reads nothing then; as many others as there are leases are woken by it, each for two reads.
// With one lease it is a lock. Of hundreds of leases better
// make several semaphores. It is safe for concurrent use.
type Semaphore struct{ x *contend.Exclusive }

// NewSemaphore returns a contender for one of so many leases, 1 to 1024, of the semaphore
// on path.
func NewSemaphore(c *Client, path string, leases int) *Semaphore {
	x := contend.NewExclusive(c.client, path, kindLease, nil)
	x.Places, x.Unfenced = leases, true
	x.Agree = func(ctx context.Context, z *client.Session) error { return agreeOn(ctx, c.client, z, path, leases) }
	return &Semaphore{x}
}

// agreeOn makes sure that the znode at path holds a number, and writes it if it holds
// nothing.
func agreeOn(ctx context.Context, cl *client.Client, z *client.Session, path string, n int) error {
	for {
		v, err := cl.Get(ctx, z, path)
		switch {
		case errors.Is(err, zk.ErrNoNode):
			return ErrRemoved // and with it the contender
		case err != nil:
			return err
		case string(v.Data) == strconv.Itoa(n):
			return nil
		case len(v.Data) > 0:
			return fmt.Errorf("%w: %.32q, not %d", ErrOtherLeases, v.Data, n)
		}
		_, err = client.Retry(ctx, cl, z, client.Write, func() (*zk.Stat, error) {
			return cl.Conn.Set(path, strconv.AppendInt(nil, int64(n), 10), v.Stat.Version)
		})
		// If somebody else was quicker, or an earlier try was, it is read again.
		if err != nil && !errors.Is(err, zk.ErrBadVersion) && !errors.Is(err, zk.ErrNoNode) {
			return err
		}
	}
}

// Do waits for a lease as Acquire does, runs f, and gives the lease back when f returns
// or panics. The context of f ends when the lease is lost, and the error is made up, as
// those of [Lock.Do] are.
func (s *Semaphore) Do(ctx context.Context, f func(ctx context.Context) error) error {
	if err := s.valid("do with a lease"); err != nil {
		return err
	}
	return s.x.Do(ctx, "do with a lease", f)
}

// Acquire waits for a lease, or until ctx ends. When its session is lost while it waits,
// it lines up again in the next one.
//
// After an error there is no lease, and the contender, if there is one, is being removed;
// so NoEffect is true for all of them: those of [Lock.Lock], [ErrLeases] and
// [ErrOtherLeases].
func (s *Semaphore) Acquire(ctx context.Context) error {
	if err := s.valid("acquire"); err != nil {
		return err
	}
	return s.x.Take(ctx, "acquire")
}

// TryAcquire takes a lease if one is free, without waiting for others. It is false if as
// many other contenders as there are leases stood there during the call; see
// [Lock.TryLock]. Errors are those of Acquire.
func (s *Semaphore) TryAcquire(ctx context.Context) (acquired bool, err error) {
	if err := s.valid("try acquire"); err != nil {
		return false, err
	}
	return s.x.Try(ctx, "try acquire")
}

func (s *Semaphore) valid(op string) error {
	if n := s.x.Places; n < 1 || n > maxLeases {
		return s.x.Definite(op, ErrLeases)
	}
	return nil
}

// Release gives the lease back. Its errors are those of [Lock.Unlock].
func (s *Semaphore) Release(ctx context.Context) error { return s.x.Release(ctx, "release") }

// Lost returns a channel that closes when the present lease is lost; see [Lock.Lost].
func (s *Semaphore) Lost() <-chan struct{} { return s.x.Lost() }

// Ticket returns the creation zxid of the contender that has the present lease, 0 if
// there is none. Leases are granted in the order of tickets; it is no fencing token.
func (s *Semaphore) Ticket() int64 { return s.x.Fence() }

// Session returns the id of the session that owns the present lease. 0 if there is none.
func (s *Semaphore) Session() int64 { return s.x.Session() }

// Close gives back what is held, ends an Acquire that waits, and waits until nothing of
// this value is left in the tree; see [Lock.Close].
func (s *Semaphore) Close(ctx context.Context) error { return s.x.Close(ctx, "close semaphore") }
