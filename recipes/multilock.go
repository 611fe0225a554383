package recipes

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// ErrPaths: a multi-lock has 1 to 256 paths.
var ErrPaths = errors.New("number of paths must be between 1 and 256")

// maxPaths bounds how many watches a holder sets.
const maxPaths = 256

// MultiLock locks several paths at once: a client holds all of them or none. Most programs only
// need [MultiLock.Do].
//
// Each path is the path of a [Lock], and what Lock promises holds here, too. A MultiLock excludes other
// MultiLocks and Locks on the same paths. One multi creates all contenders of a MultiLock, and one
// multi removes them.
//
// Guarantees, in addition to those of Lock: a call that ends without the locks leaves no contender
// in any line. There is no deadlock, in whatever order clients name the paths and however their
// sets overlap: a multi puts a client into all its lines at one moment. If client A is ahead of
// client B in one line, it is ahead of B in all lines that both are in. So there is no cycle of
// waiters. That does not hold for programs that take a lock while they hold another one.
//
// A client that waits for one path keeps its place in the lines of the other paths, and no client
// passes it there. So do not combine a path that many clients need with one that is held for long.
//
// Cost, independent of the number of contenders: Lock makes one write, and two reads for each path.
// Unlock makes one write. A waiter watches one other contender at a time.
//
// The counter of sequence numbers ends at 2147483647, and with it the order: see the package comment.
type MultiLock struct {
	x     *contend.Exclusive
	paths []string
}

// NewMultiLock returns the lock on all of paths, 1 to 256. Their order does not matter, and a path
// may occur twice.
func NewMultiLock(c *Client, paths ...string) *MultiLock {
	paths = slices.Compact(slices.Sorted(slices.Values(paths)))
	x := contend.NewExclusive(c.client, strings.Join(paths, ","), kindLock, nil)
	if len(paths) > 0 {
		x.Line = linesOf(x, paths)
	}
	return &MultiLock{x, paths}
}

// linesOf returns the line of a contender that stands at several paths, at least one.
func linesOf(x *contend.Exclusive, paths []string) contend.Line {
	at := func(path string) contend.Line {
		return contend.Line{Recipe: x.Recipe, Folder: path, Kind: kindLock, Places: 1, Forewarned: true}
	}
	line := at(paths[0])
	for _, path := range paths[1:] {
		line.Beside = append(line.Beside, at(path))
	}
	return line
}

// valid returns an error for paths that cannot be locked together.
func (l *MultiLock) valid(op string) error {
	if n := len(l.paths); n < 1 || n > maxPaths {
		return l.x.Definite(op, ErrPaths)
	}
	size := 0
	for _, path := range l.paths {
		if err := znodes.CheckPath(path); err != nil {
			return l.x.Definite(op, err)
		}
		size += len(path) + perContender
	}
	if size > MaxItem {
		return l.x.Definite(op, ErrTooLarge)
	}
	return nil
}

// perContender is more bytes than a create in a multi takes, not counting its path.
const perContender = 256

// Lock waits until it holds all locks or ctx ends. If its session is lost while it waits, it lines
// up again in the next one.
//
// After an error, this value holds no lock, and its contenders, if there are any, are being
// removed. So NoEffect is true for all errors: [ErrHeld] if this value holds the locks or waits for
// them, [ErrPaths], [ErrTooLarge] if the paths are too long for one request, [ErrClosed],
// [ErrRemoved], the error of ctx, or what a server refused.
func (l *MultiLock) Lock(ctx context.Context) error {
	if err := l.valid("lock all"); err != nil {
		return err
	}
	return l.x.Take(ctx, "lock all")
}

// TryLock takes all locks if all of them are free, without waiting for other contenders; see
// [Lock.TryLock]. While it looks, its contenders stand in the lines: if two clients try overlapping
// sets at the same time, both can fail. It returns the same errors as Lock.
func (l *MultiLock) TryLock(ctx context.Context) (locked bool, err error) {
	if err := l.valid("try to lock all"); err != nil {
		return false, err
	}
	return l.x.Try(ctx, "try to lock all")
}

// Do waits for the locks as Lock does, runs f, and unlocks when f returns or panics. The context of
// f ends when one of the locks is lost. It combines errors as [Lock.Do] does.
func (l *MultiLock) Do(ctx context.Context, f func(ctx context.Context) error) error {
	if err := l.valid("do under all locks"); err != nil {
		return err
	}
	return l.x.Do(ctx, "do under all locks", f)
}

// Unlock gives all locks back. Whatever it returns, the hold is over or ends by itself. It returns
// [ErrNotHeld] or [ErrClosed] (NoEffect) if there was no hold, [ErrLost] if at least one of the
// locks was lost before, or, while the removal goes on in the background, the error of ctx or what
// a server refused.
func (l *MultiLock) Unlock(ctx context.Context) error { return l.x.Release(ctx, "unlock all") }

// Lost returns a channel that closes when one lock of the present hold is lost. The others are then
// given back. See [Lock.Lost].
func (l *MultiLock) Lost() <-chan struct{} { return l.x.Lost() }

// Fence returns the fencing token of the present hold: the creation zxid of its contenders, which is
// the same for all of them. It is higher than the token of any earlier hold of each path, by a
// MultiLock or a Lock. So one number is enough for the resources that the paths guard. It is 0
// without a hold.
func (l *MultiLock) Fence() int64 { return l.x.Fence() }

// Session returns the id of the session that owns the present hold, or 0 if there is none.
func (l *MultiLock) Session() int64 { return l.x.Session() }

// Close gives back what is held, ends a Lock that waits, and waits until the tree has no znodes of
// this value; see [Lock.Close].
func (l *MultiLock) Close(ctx context.Context) error { return l.x.Close(ctx, "close multi-lock") }
