package recipes

import (
	"context"

	"github.com/zklab/zklab/recipes/internal/contend"
)

const kindLock = "lock"

// Lock is an exclusive lock, first come, first served. Most programs only need [Lock.Do]. The other
// methods are for holds that begin in one function and end in another.
//
// Its path is a persistent znode. The recipe creates it, and missing parents, if need be. Each
// contender is an ephemeral sequential child <32 hex digits>-lock-<sequence>. The contender with the
// lowest sequence number holds the lock. The lock ignores other children. A waiter watches one
// contender ahead of it: the one before the nearest, and the nearest when the waiter is next.
//
// If another client deletes the path, the waiters create it and line up again, and the holder has
// lost its hold. If other clients remove the contender of a call ten times, the call fails with
// [ErrRemoved].
//
// Cost, independent of the number of contenders: Lock makes one write and two reads, one of them
// with a watch. A contender that has to wait makes one more read, with a watch. A waiter that
// becomes next makes one more read, and sets another watch. So it need not ask a server when its
// turn comes: it holds the lock as soon as it is told that the contender ahead has gone. If half a
// session timeout has passed since it last heard from a quorum, it also asks a quorum, as its
// session may have expired. Unlock makes one write, which wakes the next waiter and the one behind
// it. A hold that lasts less than a hundredth of the timeout costs nothing else; a longer one makes
// a write every sixth of the timeout. With a hundred waiters, the lock passes from one to the next
// in four fifths of the time that go-zookeeper's own lock takes on three servers
// (BenchmarkRealTurnBeside).
//
// Guarantees: no two contenders hold the lock at the same time. A holder that has lost the lock is
// told so within one session timeout, unless its process stands still; see the package comment.
//
// A Lock is not re-entrant. It is safe for concurrent use, but two goroutines that exclude each
// other need a Lock each.
//
// The counter of sequence numbers ends at 2147483647, and with it the order: see the package comment.
type Lock struct{ x *contend.Exclusive }

// NewLock returns the lock at path.
func NewLock(c *Client, path string) *Lock {
	return &Lock{contend.NewExclusive(c.client, path, kindLock, nil)}
}

// Lock waits until it holds the lock or ctx ends. If its session is lost while it waits, it lines up
// again in the next one. See [Lock.Do] before you use it.
//
// After an error, this value does not hold the lock, and its contender, if there is one, is being
// removed. So NoEffect is true for all errors: [ErrHeld] if this value holds it or waits for it,
// [ErrClosed], [ErrRemoved], the error of ctx, or what a server refused. You need not unlock a hold
// that was lost.
func (l *Lock) Lock(ctx context.Context) error { return l.x.Take(ctx, "lock") }

// TryLock takes the lock if it is free, without waiting for other contenders. It returns false if
// there was another contender during the call: a holder, a waiter, or one that was just being
// removed, including one left by an earlier call. Its own contender is then gone, or is being
// removed in the background. NoEffect is true for all errors: [ErrHeld], [ErrClosed], [ErrRemoved],
// the error of ctx, or what a server refused.
func (l *Lock) TryLock(ctx context.Context) (locked bool, err error) { return l.x.Try(ctx, "try lock") }

// Do waits for the lock as Lock does, runs f, and unlocks when f returns or panics. The context of f
// ends with ctx, and when the hold is lost, also by Close: then its [context.Cause] is [ErrLost]. f
// should return soon after that. Until it has noticed, another client may hold the lock, so f should
// hand the token that [Fence] returns for its context to whatever it writes to.
//
// It returns the error of Lock, if f was not called; or the error of f, joined with ErrLost if the hold
// ended before f did. nil means that f returned nil while the lock was held. If the lock cannot be
// given back at once, that goes on in the background.
func (l *Lock) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return l.x.Do(ctx, "do under lock", f)
}

// Unlock gives the lock back. Whatever it returns, you can use the value again, and the hold is over
// or ends by itself: what is left is removed in the background.
//
// Its errors: [ErrNotHeld] or [ErrClosed] (NoEffect) if there was no hold; [ErrLost] if the hold was
// lost before Unlock removed it; the error of ctx, or what a server refused, if the removal is still
// going on.
func (l *Lock) Unlock(ctx context.Context) error { return l.x.Release(ctx, "unlock") }

// Lost returns a channel that closes when the present hold is lost; see the package comment. Close
// closes it, too; Unlock does not. Without a hold the channel is closed.
func (l *Lock) Lost() <-chan struct{} { return l.x.Lost() }

// Fence returns the fencing token of the present hold: the creation zxid of its contender. It is
// higher than the token of any earlier hold of this lock. It is 0 without a hold.
func (l *Lock) Fence() int64 { return l.x.Fence() }

// Session returns the id of the session that owns the present hold, or 0 if there is none.
func (l *Lock) Session() int64 { return l.x.Session() }

// Close gives back what is held, and ends a Lock that waits. It then waits until the tree has
// no znodes of this value. If ctx ends first, Close returns its error, and the clean-up goes on. If
// you call Close again, it waits again.
func (l *Lock) Close(ctx context.Context) error { return l.x.Close(ctx, "close lock") }
