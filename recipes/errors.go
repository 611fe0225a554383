package recipes

import "github.com/zklab/zklab/recipes/internal/failures"

// Those of one recipe alone are declared with it.
var (
	// ErrHeld: this value holds the lock (or leads, or has a lease) already, or
	// another call on it is about to.
	ErrHeld = failures.ErrHeld
	// ErrNotHeld: this value holds nothing that could be given back.
	ErrNotHeld = failures.ErrNotHeld
	// ErrLost: the hold had ended before it was given back, because its session
	// ended, could no longer be trusted, or somebody removed its znode.
	ErrLost = failures.ErrLost
	// ErrSessionLost: the ZooKeeper session in which the call began is gone.
	ErrSessionLost = failures.ErrSessionLost
	// ErrClosed: the recipe, its session or its connection has been closed.
	ErrClosed = failures.ErrClosed
	// ErrRemoved: somebody else keeps removing this client's znode.
	ErrRemoved = failures.ErrRemoved
	// ErrEmpty: the queue has no items.
	ErrEmpty error = failures.Conclusion("queue is empty")
	// ErrFull: the queue has as many items as fit into one list of them, [MaxItems] or
	// [MaxJobs], or as it is to have at most.
	ErrFull error = failures.Conclusion("queue is full")
	// ErrUnknown: whether the call had its effect cannot be known.
	ErrUnknown = failures.ErrUnknown
	// ErrTooLarge: the data does not fit into one request.
	ErrTooLarge = failures.ErrTooLarge
)

// Error is what the calls of this package fail with.
type Error struct {
	Op   string // what was called, such as "lock"
	Path string // the path of the recipe
	Err  error  // why it failed

	noEffect bool
}

func newError(f failures.Failure) error {
	return &Error{Op: f.Op, Path: f.Path, Err: f.Err, noEffect: f.NoEffect}
}

func (e *Error) Error() string { return e.Op + " " + e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// NoEffect reports whether the call certainly had no effect.
func (e *Error) NoEffect() bool { return e.noEffect }
