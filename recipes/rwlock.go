package recipes

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes/internal/client"
	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

const (
	kindRead  = "read"
	kindWrite = "write"
)

// RWLock is a read-write lock, first come, first served: many readers or one writer hold it. Most
// programs only need [RWLock.Do] and [RWLock.RDo]. A value has one hold at a time, to read or to
// write.
//
// Its path is a persistent znode, which the recipe creates if it is missing. Each contender is an
// ephemeral sequential child <32 hex digits>-read-<sequence> or <32 hex digits>-write-<sequence>. A
// writer holds the lock if no contender is ahead of it. A reader holds it if no writer is ahead of
// it. No contender overtakes another: a reader waits behind a waiting writer. The lock ignores
// other children.
//
// The data of a contender is a list of words. "read" means that a writer only reads from now on
// (see Downgrade). The writer keeps its place in line: a second contender would stand behind
// waiting writers, and one of these would hold the lock at the same time (CURATOR-621). "unlock"
// asks the holder to give the lock back (see Revoke). The ZooKeeper recipe Revocable Shared Locks
// uses the same word, so other tools can write it.
//
// Guarantees: no writer holds the lock at the same time as another contender. A holder that has
// lost the lock is told so within one session timeout, unless its process stands still. If another
// client deletes the path, the waiters create it and line up again, and the holders have lost their
// holds.
//
// Limits: a reader cannot become a writer. Two readers that tried would wait for each other.
// Unlock, and lock again.
//
// Cost, independent of the number of contenders: Lock and RLock make one write and two reads; a
// contender that has to wait costs what a waiter of a [Lock] costs. A reader watches a writer ahead
// of it. A writer watches a contender ahead of it: the one before the nearest, and the nearest when
// the writer is next. So a writer that unlocks wakes the contenders that get the lock, and the
// contenders that get it when the next writer unlocks. A reader that unlocks wakes at most the
// writer behind it and the contender behind that writer. The writer may look again for each reader
// that it waits for. A Revoke also wakes the contenders that watch the holder, once.
//
// An RWLock is safe for concurrent use.
//
// The counter of sequence numbers ends at 2147483647, and with it the order: see the package comment.
type RWLock struct {
	x       *contend.Exclusive // the line of the writers
	readers contend.Line
}

// NewRWLock returns the read-write lock at path.
func NewRWLock(c *Client, path string) *RWLock {
	x := contend.NewExclusive(c.client, path, kindWrite, nil)
	x.Rivals = []string{kindRead, kindWrite}
	x.Revocable = true
	readers := x.Line
	readers.Kind, readers.Rivals = kindRead, []string{kindWrite}
	readers.Yields = func(data []byte) bool { return contend.Says(data, contend.WordRead) }
	return &RWLock{x, readers}
}

// Do waits for the lock as Lock does, runs f, and unlocks when f returns or panics. The context of f
// ends when the hold is lost. f may call Downgrade. It combines errors as [Lock.Do] does.
func (l *RWLock) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return l.x.Do(ctx, "do under write lock", f)
}

// RDo is Do for a reader.
func (l *RWLock) RDo(ctx context.Context, f func(ctx context.Context) error) error {
	return l.x.DoIn(ctx, "do under read lock", l.readers, f)
}

// Lock waits until it holds the lock to write or ctx ends. If its session is lost while it waits,
// it lines up again in the next one.
//
// After an error, this value does not hold the lock. NoEffect is true for all errors: [ErrHeld] if
// this value holds the lock or waits for it, [ErrClosed], [ErrRemoved], the error of ctx, or what a
// server refused.
func (l *RWLock) Lock(ctx context.Context) error { return l.x.Take(ctx, "lock") }

// RLock is Lock for a reader. It returns the same errors.
func (l *RWLock) RLock(ctx context.Context) error {
	_, err := l.x.Grant(ctx, "lock for reading", l.readers, true)
	return err
}

// TryLock takes the lock to write if it is free, without waiting for other contenders; see
// [Lock.TryLock].
func (l *RWLock) TryLock(ctx context.Context) (locked bool, err error) {
	return l.x.Try(ctx, "try lock")
}

// TryRLock takes the lock to read, unless a writer holds it or waits for it; see [Lock.TryLock].
func (l *RWLock) TryRLock(ctx context.Context) (locked bool, err error) {
	return l.x.TryIn(ctx, "try lock for reading", l.readers)
}

// Downgrade changes a hold to write into a hold to read. No other writer holds the lock in between.
// The waiting readers ahead of the first waiting writer get the lock, too. A hold to read stays as
// it is. Fence stays the same.
//
// Whatever Downgrade returns, treat the hold as a hold to read from the call on: Downgrade finishes
// the rest in the background. It returns [ErrNotHeld] or [ErrClosed] (NoEffect) if there was no
// hold, [ErrLost], the error of ctx, or what a server refused.
func (l *RWLock) Downgrade(ctx context.Context) error {
	const op = "downgrade"
	ctx, end, err := l.x.Start(ctx)
	if err != nil {
		return l.x.Definite(op, err)
	}
	defer end()
	h := l.x.Present()
	switch {
	case h == nil:
		return l.x.Definite(op, ErrNotHeld)
	case h.IsLost():
		return l.x.Indefinite(op, ErrLost)
	case h.Line.Kind == kindRead:
		return nil
	}
	switch err := h.Mark(ctx, contend.WordRead); {
	case err == nil:
		return nil
	case errors.Is(err, zk.ErrNoNode), errors.Is(err, ErrSessionLost):
		return l.x.Indefinite(op, ErrLost)
	default:
		l.x.Background(func(ctx context.Context, _ func(error)) { _ = h.Mark(ctx, contend.WordRead) })
		return l.x.Indefinite(op, err)
	}
}

// Unlock gives the lock back, held to read or to write. Whatever it returns, the hold is over or
// ends by itself. It returns [ErrNotHeld] or [ErrClosed] (NoEffect) if there was no hold, [ErrLost]
// if the hold was lost before, or, while the removal goes on in the background, the error of ctx or
// what a server refused.
func (l *RWLock) Unlock(ctx context.Context) error { return l.x.Release(ctx, "unlock") }

// Revoke asks all holders of the lock, including this value, to give it back. Their Revoked
// channels close. A holder may keep the lock. Revoke does not ask later holders: call it again.
//
// An error with NoEffect means that no holder was asked. After any other error some holders may
// have been asked and others not. You may call Revoke again: no holder is told twice.
func (l *RWLock) Revoke(ctx context.Context) error {
	const op = "revoke"
	ctx, end, err := l.x.Start(ctx)
	if err != nil {
		return l.x.Definite(op, err)
	}
	defer end()
	asked := false
	err = l.x.Client.EachSession(ctx, func(z *client.Session) error { return l.askHolders(ctx, z, &asked) })
	switch {
	case err != nil && !asked:
		return l.x.Definite(op, err)
	case err != nil:
		return l.x.Indefinite(op, err)
	}
	return nil
}

// askHolders asks the writer in front, or all readers ahead of the first waiting writer. asked is
// set if a holder may have been asked.
func (l *RWLock) askHolders(ctx context.Context, z *client.Session, asked *bool) error {
	names, err := l.x.Client.FreshChildren(ctx, z, l.x.Folder)
	if err != nil {
		return err
	}
	reader := false
	for _, n := range znodes.Nodes(names, kindRead, kindWrite) {
		if n.Kind == kindWrite && reader {
			return nil
		}
		*asked = true
		data, err := contend.Mark(ctx, l.x.Client, z, znodes.Join(l.x.Folder, n.Name), contend.WordUnlock)
		switch {
		case errors.Is(err, zk.ErrNoNode):
			continue
		case err != nil:
			return err
		case n.Kind == kindWrite && !contend.Says(data, contend.WordRead):
			return nil
		}
		reader = true
	}
	return nil
}

// Revoked returns a channel that closes when a client asks for the present hold with Revoke. The
// holder decides what to do. Without a hold the channel never closes.
func (l *RWLock) Revoked() <-chan struct{} {
	if h := l.x.Present(); h != nil {
		return h.Revoked
	}
	return nil
}

// Lost returns a channel that closes when the present hold is lost; see [Lock.Lost].
func (l *RWLock) Lost() <-chan struct{} { return l.x.Lost() }

// Fence returns the fencing token of the present hold: the creation zxid of its contender. It is 0
// without a hold. The token of a writer is higher than that of every earlier hold. The token of a
// reader is higher than that of every earlier writer, but tokens of readers have no order. So a
// resource must refuse a writer whose token is lower than any that it has seen, and a reader only if
// its token is lower than that of a writer.
func (l *RWLock) Fence() int64 { return l.x.Fence() }

// Session returns the id of the session that owns the present hold, or 0 if there is none.
func (l *RWLock) Session() int64 { return l.x.Session() }

// Close gives back what is held, ends a call that waits, and waits until the tree has no znodes of
// this value; see [Lock.Close].
func (l *RWLock) Close(ctx context.Context) error { return l.x.Close(ctx, "close read-write lock") }
