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

// RWLock is a read-write lock, first come, first served: many readers have it at a time,
// or one writer. [RWLock.Do] and [RWLock.RDo] are what most programs need. A value has one
// hold at a time, of either kind.
//
// Its path is a persistent znode, created if missing. Each contender is an ephemeral
// sequential child <32 hex digits>-read-<sequence> or <32 hex digits>-write-<sequence>. A
// writer has the lock when nobody is ahead of it, a reader when no writer is. Nobody
// overtakes: a reader waits behind a writer that waits. All other children are ignored.
//
// The data of a contender are words. "read" says that its writer is content with reading
// from now on (see Downgrade): it stays where it is in line, since a second contender would
// come behind writers that wait, and one of these would have the lock at the same time
// (CURATOR-621). "unlock" asks its holder to give the lock back (see Revoke); that is the
// word of the ZooKeeper recipe Revocable Shared Locks, so other tools can write it, too.
//
// What it guarantees: no writer is in front of anybody who has the lock at the same time,
// and a holder learns that it is not in front any more as that of a [Lock] does. Also as
// there, waiters line up again if the path is deleted.
//
// What it cannot: a reader cannot become a writer. Two that try would wait for each other;
// give the lock back and line up again.
//
// What it costs: to acquire takes one write and two reads, whatever the number of
// contenders, and what the waiters of a [Lock] need besides for whoever has to wait. A reader
// watches a writer ahead of it, whoever reads in between; a writer watches a contender ahead of it:
// as there, the one before the nearest, and the nearest when it is next. So a writer that gives the
// lock back wakes those who get it, and those who get it when the next writer gives it back; a
// reader wakes at most the writer behind it, which may have to look again for each of the readers
// it waits for, and the one behind that. That a holder was asked to give
// the lock back also wakes those who watch it, once. It is safe for concurrent use.
type RWLock struct {
	x       *contend.Exclusive // whose line is that of writers
	readers contend.Line
}

// NewRWLock returns a read-write lock on path.
func NewRWLock(c *Client, path string) *RWLock {
	x := contend.NewExclusive(c.client, path, kindWrite, nil)
	x.Rivals = []string{kindRead, kindWrite}
	x.Revocable = true
	readers := x.Line
	readers.Kind, readers.Rivals = kindRead, []string{kindWrite}
	readers.Yields = func(data []byte) bool { return contend.Says(data, contend.WordRead) }
	return &RWLock{x, readers}
}

// Do waits for the lock as Lock does, runs f, and gives the lock back when f returns or
// panics. The context of f ends when the hold is lost, and the error is made up, as those
// of [Lock.Do] are. f may call Downgrade.
func (l *RWLock) Do(ctx context.Context, f func(ctx context.Context) error) error {
	return l.x.Do(ctx, "do under write lock", f)
}

// RDo is Do for a reader.
func (l *RWLock) RDo(ctx context.Context, f func(ctx context.Context) error) error {
	return l.x.DoIn(ctx, "do under read lock", l.readers, f)
}

// Lock waits until the lock is held for writing or ctx ends. When its session is lost while
// it waits, it lines up again in the next one. After an error the lock is not held;
// NoEffect is true for all errors, which are those of [Lock.Lock].
func (l *RWLock) Lock(ctx context.Context) error { return l.x.Take(ctx, "lock") }

// RLock is Lock for a reader.
func (l *RWLock) RLock(ctx context.Context) error {
	_, err := l.x.Grant(ctx, "lock for reading", l.readers, true)
	return err
}

// TryLock takes the lock for writing if it is free, without waiting for others; see
// [Lock.TryLock].
func (l *RWLock) TryLock(ctx context.Context) (locked bool, err error) {
	return l.x.Try(ctx, "try lock")
}

// TryRLock takes the lock for reading unless a writer has it or waits for it; see
// [Lock.TryLock].
func (l *RWLock) TryRLock(ctx context.Context) (locked bool, err error) {
	return l.x.TryIn(ctx, "try lock for reading", l.readers)
}

// Downgrade makes a hold for writing one for reading, without letting a writer in between:
// readers get in, up to the first writer that waits. Who has it for reading keeps it so.
// Fence stays what it is.
//
// Whatever it returns, take the hold for one for reading from the call on: what is left to
// do is done in the background. Errors: [ErrNotHeld] or [ErrClosed] (NoEffect) if there was
// no hold; [ErrLost]; the error of ctx, or what a server refused.
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

// Unlock gives the lock back, of either kind. Its errors are those of [Lock.Unlock].
func (l *RWLock) Unlock(ctx context.Context) error { return l.x.Release(ctx, "unlock") }

// Revoke asks those who have the lock, this value included, to give it back. Each is told by
// its Revoked; it may go on holding. Nobody else is asked: those who come later have to be
// asked again.
//
// After an error with NoEffect nobody was asked; after any other, some may have been and others
// not. To ask again does no harm, and
// tells nobody a second time.
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

// askHolders asks whoever is in front: a writer, or all readers ahead of the first one that
// waits. asked is set if somebody may have been.
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

// Revoked returns a channel that closes when somebody has asked for the present hold by
// Revoke; it is up to the holder what to do. Without a hold it never closes.
func (l *RWLock) Revoked() <-chan struct{} {
	if h := l.x.Present(); h != nil {
		return h.Revoked
	}
	return nil
}

// Lost returns a channel that closes when the present hold is lost; see [Lock.Lost].
func (l *RWLock) Lost() <-chan struct{} { return l.x.Lost() }

// Fence returns the fencing token of the present hold, the creation zxid of its contender;
// 0 if there is none. That of a writer is higher than that of every earlier hold; that of a
// reader is higher than that of every earlier writer, while readers among each other are in
// no order. So a resource must refuse a writer whose token is lower than any that it has
// seen, but a reader only if its token is lower than that of a writer.
func (l *RWLock) Fence() int64 { return l.x.Fence() }

// Session returns the id of the session that owns the present hold. 0 if there is none.
func (l *RWLock) Session() int64 { return l.x.Session() }

// Close gives back what is held, ends a call that waits, and waits until nothing of this
// value is left in the tree; see [Lock.Close].
func (l *RWLock) Close(ctx context.Context) error { return l.x.Close(ctx, "close read-write lock") }
