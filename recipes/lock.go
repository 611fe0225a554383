package recipes

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/contend"
)

const kindLock = "lock"

// Lock is an exclusive lock, first come, first served. [Lock.Do] is what most programs
// need; the rest is for those whose hold begins in one function and ends in another.
//
// Its path is a persistent znode, created if missing, as is what is missing
// above it. Each contender is an ephemeral sequential child
// <32 hex digits>-lock-<sequence>; whoever is in front has the lock. All other
// children are ignored. A waiter watches one of those ahead of it: the one before the
// nearest, and the nearest when it is next.
//
// If the path is deleted meanwhile, waiters create it and line up again; the holder has then
// lost its hold. A call whose contender others remove ten times fails with [ErrRemoved].
//
// What it costs, whatever the number of contenders: to lock, one write and two reads, one of
// them with a watch, and one read more with a watch for whoever has to wait. Who becomes next
// reads once more, and sets another watch; so it need not ask any server when its turn comes: it
// has the lock as soon as it is told that the one ahead of it has gone. To unlock is one
// write, which wakes the next one and the one behind it. Who becomes next after half a session
// time-out asks a quorum, too, as its session may have expired meanwhile. A hold that is given
// back within a hundredth of the time-out costs nothing besides, a longer one a write every sixth
// of the time-out. With a hundred that wait, a turn passes on in four fifths of the time that
// go-zookeeper's own lock takes on three servers (BenchmarkRealTurnBeside).
//
// What it guarantees: no two contenders are in front at one time, and a holder
// learns that it is not in front any more, within one session time-out, unless
// the process itself stands still; see the package comment. It is not
// re-entrant. It is safe for concurrent use, but two goroutines that exclude each
// other need a lock each.
type Lock struct{ x *contend.Exclusive }

// NewLock returns a lock on path.
func NewLock(c *Client, path string) *Lock {
	return &Lock{contend.NewExclusive(c.client, path, kindLock, nil)}
}

// Lock waits until the lock is held or ctx ends. When its session is lost while
// it waits, it lines up again in the next one.
//
// After an error the lock is not held, and the contender, if there is one, is
// being removed; so NoEffect is true for all of them: [ErrHeld] if this value
// holds it or is about to, [ErrClosed], [ErrRemoved], the error of ctx, or what a
// server refused.
//
// A lost hold need not be given back first.
//
// See [Lock.Do] before you use it.
func (l *Lock) Lock(ctx context.Context) error { return l.x.Take(ctx, "lock") }

// TryLock takes the lock if it is free, without waiting for others. It is false if
// another contender stood there during the call: one that held, that waited, or that
// was just being removed, be it of an earlier try of this value. Its own contender is
// then gone, or is being removed in the background if the call could not do it.
// Errors are those of Lock.
func (l *Lock) TryLock(ctx context.Context) (locked bool, err error) { return l.x.Try(ctx, "try lock") }

// Do waits for the lock as Lock does, runs f, and gives the lock back when f returns or
// panics. The context of f ends with ctx, and when the hold is lost, Close included: then
// [context.Cause] of it is [ErrLost]. f should stop soon, and hand the token that
// [Fence] gives of its context to what it writes to: until it has noticed, somebody else may
// have the lock.
//
// The error is that of Lock, without f having been called; or what f returned, joined
// with ErrLost if the hold ended before f did. nil says that f succeeded while the lock
// was held; when it could not be given back at once, that goes on in the background.
func (l *Lock) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return l.x.Do(ctx, "do under lock", f)
}

// Unlock gives the lock back. Whatever it returns, the value is usable again
// afterwards, and the hold is over or ends by itself: what is left to remove is
// removed in the background.
//
// Errors: [ErrNotHeld] or [ErrClosed] (NoEffect) if there was no hold; [ErrLost]
// if the hold was lost before Unlock removed it; the error of ctx, or what a
// server refused, if the removal is still going on.
func (l *Lock) Unlock(ctx context.Context) error { return l.x.Release(ctx, "unlock") }

// Lost returns a channel that closes when the present hold is lost; see the
// package comment. Unlock does not close it, Close does. Without a hold the
// channel is closed.
func (l *Lock) Lost() <-chan struct{} { return l.x.Lost() }

// Fence returns the fencing token of the present hold, which is higher than that
// of any earlier hold of this lock: the creation zxid of its contender. 0 if
// there is no hold.
func (l *Lock) Fence() int64 { return l.x.Fence() }

// Session returns the id of the session that owns the present hold. 0 if there
// is no hold.
func (l *Lock) Session() int64 { return l.x.Session() }

// Close gives back what is held, ends a Lock that waits, and waits until
// nothing of this value is left in the tree, or ctx ends (its error; the
// clean-up goes on). Closing again waits again.
func (l *Lock) Close(ctx context.Context) error { return l.x.Close(ctx, "close lock") }
