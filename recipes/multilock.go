package recipes

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/zklab/zklab/recipes/internal/contend"
	"github.com/zklab/zklab/recipes/internal/znodes"
)

// ErrPaths: a multi-lock cannot have so many paths.
var ErrPaths = errors.New("number of paths must be between 1 and 256")

// maxPaths bounds how many watches a holder sets.
const maxPaths = 256

// MultiLock is the locks on several paths as one: a client has all of them or none.
// [MultiLock.Do] is what most programs need.
//
// Each path is that of a [Lock], and everything said there holds for it, too: a client
// that has it by a MultiLock, one that has it by another MultiLock, and one that has it by
// a Lock exclude each other. The contenders of one MultiLock are made by one multi, and
// removed by one.
//
// What it guarantees, beyond what a Lock does: a call that ends without the locks leaves
// no contender in any line. And nobody waits for ever, in whatever order paths are named
// and however they overlap: since a multi puts a client into all its lines at one moment,
// whoever is ahead of it in one of them is so in each that both stand in, and no circle
// of waiters can come about. That does not extend to programs that take a lock while they
// hold another one.
//
// What follows from that is that who waits for one path keeps its place in the lines of
// the others, where nobody else gets past it: those who need a path often should not be
// tied to those who hold another one for long.
//
// What it costs: to lock takes one write and two reads a path, whatever the number of
// contenders; to unlock, one write. A waiter watches one contender of others at a time.
type MultiLock struct {
	x     *contend.Exclusive
	paths []string
}

// NewMultiLock returns a lock on all of the paths, 1 to 256 of them. In which order they
// are named does not matter, nor does a path that is named twice.
func NewMultiLock(c *Client, paths ...string) *MultiLock {
	paths = slices.Compact(slices.Sorted(slices.Values(paths)))
	x := contend.NewExclusive(c.client, strings.Join(paths, ","), kindLock, nil)
	for i, path := range paths {
		if i == 0 {
			x.Folder = path
			continue
		}
		x.Beside = append(x.Beside, contend.Line{Recipe: x.Recipe, Folder: path, Kind: kindLock, Places: 1, Forewarned: true})
	}
	return &MultiLock{x, paths}
}

// valid refuses paths that cannot be locked together.
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

// perContender is more than what a create takes in a multi beside its path.
const perContender = 256

// Lock waits until all locks are held or ctx ends. When its session is lost while it
// waits, it lines up again in the next one.
//
// After an error none is held, and the contenders, if there are any, are being removed; so
// NoEffect is true for all of them: those of [Lock.Lock], [ErrPaths], and [ErrTooLarge] if
// the paths are too long for one request.
func (l *MultiLock) Lock(ctx context.Context) error {
	if err := l.valid("lock all"); err != nil {
		return err
	}
	return l.x.Take(ctx, "lock all")
}

// TryLock takes all locks if all are free, without waiting for others; see [Lock.TryLock].
// While it looks, its contenders stand in the lines: two that try at one moment for sets
// that overlap can both fail. Errors are those of Lock.
func (l *MultiLock) TryLock(ctx context.Context) (locked bool, err error) {
	if err := l.valid("try to lock all"); err != nil {
		return false, err
	}
	return l.x.Try(ctx, "try to lock all")
}

// Do waits for the locks as Lock does, runs f, and gives them back when f returns or
// panics. The context of f ends when one of them is lost, and the error is made up, as
// those of [Lock.Do] are.
func (l *MultiLock) Do(ctx context.Context, f func(ctx context.Context) error) error {
	if err := l.valid("do under all locks"); err != nil {
		return err
	}
	return l.x.Do(ctx, "do under all locks", f)
}

// Unlock gives all locks back. Its errors are those of [Lock.Unlock]; [ErrLost] says that
// one of them at least was lost before.
func (l *MultiLock) Unlock(ctx context.Context) error { return l.x.Release(ctx, "unlock all") }

// Lost returns a channel that closes when the present hold is lost: that of one of the
// paths is enough, the others are then given back. See [Lock.Lost].
func (l *MultiLock) Lost() <-chan struct{} { return l.x.Lost() }

// Fence returns the fencing token of the present hold, the creation zxid of its
// contenders, which is the same for all of them. It is higher than that of any earlier
// hold of each of the paths, be it of a MultiLock or a Lock: one number will do for
// whatever any of the paths guards. 0 if there is no hold.
func (l *MultiLock) Fence() int64 { return l.x.Fence() }

// Session returns the id of the session that owns the present hold. 0 if there is none.
func (l *MultiLock) Session() int64 { return l.x.Session() }

// Close gives back what is held, ends a Lock that waits, and waits until nothing of this
// value is left in the tree; see [Lock.Close].
func (l *MultiLock) Close(ctx context.Context) error { return l.x.Close(ctx, "close multi-lock") }
