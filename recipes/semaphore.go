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
	// ErrLeases: a semaphore has 1 to 1024 leases.
	ErrLeases = errors.New("number of leases must be between 1 and 1024")
	// ErrOtherLeases: the semaphore has another number of leases than this value, or its znode
	// does not hold a number.
	ErrOtherLeases error = failures.Conclusion("semaphore has another number of leases")
)

const kindLease = "lease"

// maxLeases bounds how many watches a waiter sets.
const maxLeases = 1024

// Semaphore lets a number of clients in at a time, first come, first served. Most programs only
// need [Semaphore.Do].
//
// Its path is a persistent znode that holds the number of leases in decimal. The recipe creates it
// if it is missing, and the first client writes the number. A value with another number fails with
// [ErrOtherLeases]. To change the number, stop all clients and delete the znode. Each contender is
// an ephemeral sequential child <32 hex digits>-lease-<sequence>. With n leases, the n contenders
// with the lowest sequence numbers have one each. The semaphore ignores other children.
//
// Guarantees: no more contenders than leases have a lease at the same time. A holder that has lost
// its lease is told so within one session timeout, unless its process stands still. If another
// client deletes the path, the waiters create it and line up again, and the holders have lost their
// leases. A value has one lease at a time. A client that needs several leases makes several values,
// and may wait for ever if other clients do the same.
//
// Limits: there is no fencing token. A client that stood still for longer than its session timeout
// may act on a lease that it no longer has, and no number tells it from a holder. Where that
// matters, use as many locks as there are leases, or guard writes to ZooKeeper with [Client.Multi]
// in Do.
//
// Cost, independent of the number of contenders: Acquire makes one write and three reads. A waiter
// watches as many contenders right ahead of it as there are leases, with a read for each; it
// watches the nearest only when it is next. When a lease is given back, the contender that gets it
// reads nothing, and as many other contenders as there are leases make two reads each. With one
// lease, a semaphore is a lock. Instead of one semaphore with hundreds of leases, use several.
//
// A Semaphore is safe for concurrent use.
//
// The counter of sequence numbers ends at 2147483647, and with it the order: see the package comment.
type Semaphore struct{ x *contend.Exclusive }

// NewSemaphore returns a contender for one of the leases, 1 to 1024, of the semaphore at path.
func NewSemaphore(c *Client, path string, leases int) *Semaphore {
	x := contend.NewExclusive(c.client, path, kindLease, nil)
	x.Places, x.Unfenced = leases, true
	x.Agree = func(ctx context.Context, z *client.Session) error { return agreeOn(ctx, c.client, z, path, leases) }
	return &Semaphore{x}
}

// agreeOn makes sure that the znode at path holds a number, and writes n if the znode is empty.
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
		// If another client, or an earlier try, wrote the number first, read it again.
		if err != nil && !errors.Is(err, zk.ErrBadVersion) && !errors.Is(err, zk.ErrNoNode) {
			return err
		}
	}
}

// Do waits for a lease as Acquire does, runs f, and gives the lease back when f returns or panics.
// The context of f ends when the lease is lost. It combines errors as [Lock.Do] does.
func (s *Semaphore) Do(ctx context.Context, f func(ctx context.Context) error) error {
	if err := s.valid("do with a lease"); err != nil {
		return err
	}
	return s.x.Do(ctx, "do with a lease", f)
}

// Acquire waits for a lease, or until ctx ends. If its session is lost while it waits, it lines up
// again in the next one.
//
// After an error, this value has no lease, and its contender, if there is one, is being removed. So
// NoEffect is true for all errors: [ErrHeld] if this value has a lease or waits for one,
// [ErrLeases], [ErrOtherLeases], [ErrClosed], [ErrRemoved], the error of ctx, or what a server
// refused.
func (s *Semaphore) Acquire(ctx context.Context) error {
	if err := s.valid("acquire"); err != nil {
		return err
	}
	return s.x.Take(ctx, "acquire")
}

// TryAcquire takes a lease if one is free, without waiting for other contenders. It returns false
// if there were as many other contenders as leases during the call; see [Lock.TryLock]. It returns
// the same errors as Acquire.
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

// Release gives the lease back. Whatever it returns, the hold is over or ends by itself. It returns
// [ErrNotHeld] or [ErrClosed] (NoEffect) if there was no lease, [ErrLost] if the lease was lost
// before, or, while the removal goes on in the background, the error of ctx or what a server
// refused.
func (s *Semaphore) Release(ctx context.Context) error { return s.x.Release(ctx, "release") }

// Lost returns a channel that closes when the present lease is lost; see [Lock.Lost].
func (s *Semaphore) Lost() <-chan struct{} { return s.x.Lost() }

// Ticket returns the creation zxid of the contender that has the present lease, or 0 if there is
// none. Leases are granted in the order of tickets. A ticket is no fencing token.
func (s *Semaphore) Ticket() int64 { return s.x.Fence() }

// Session returns the id of the session that owns the present lease, or 0 if there is none.
func (s *Semaphore) Session() int64 { return s.x.Session() }

// Close gives back the lease, ends an Acquire that waits, and waits until the tree has no znodes of
// this value; see [Lock.Close].
func (s *Semaphore) Close(ctx context.Context) error { return s.x.Close(ctx, "close semaphore") }
