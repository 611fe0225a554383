package recipes

import "github.com/zklab/zklab/recipes/internal/failures"

// Errors of several recipes. The errors of one recipe are declared with it.
var (
	// ErrHeld: this value holds the lock (or leads, or has a lease) already, or another call of it
	// waits for the lock.
	ErrHeld = failures.ErrHeld
	// ErrNotHeld: this value holds nothing.
	ErrNotHeld = failures.ErrNotHeld
	// ErrLost: the hold ended before it was given back: its session ended, or no quorum answered
	// for one session timeout, or another client removed its znode.
	ErrLost = failures.ErrLost
	// ErrSessionLost: the ZooKeeper session in which the call began is gone.
	ErrSessionLost = failures.ErrSessionLost
	// ErrClosed: the recipe, its client or the connection has been closed.
	ErrClosed = failures.ErrClosed
	// ErrRemoved: other clients keep removing the znode of this call.
	ErrRemoved = failures.ErrRemoved
	// ErrEmpty: the queue has no items.
	ErrEmpty error = failures.Conclusion("queue is empty")
	// ErrFull: the queue holds [MaxItems] items or [MaxJobs] jobs, or as many items as its capacity.
	ErrFull error = failures.Conclusion("queue is full")
	// ErrUnknown: the client cannot know whether the call had its effect.
	ErrUnknown = failures.ErrUnknown
	// ErrTooLarge: the data does not fit into one request.
	ErrTooLarge = failures.ErrTooLarge
)

// Error is the error of a call of this package.
type Error struct {
	Op   string // the call, such as "lock"
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
