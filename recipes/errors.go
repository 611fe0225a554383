package recipes

import (
	"context"
	"errors"
	"strings"

	"github.com/go-zookeeper/zk"
)

// Those of one recipe alone are declared with it.
var (
	// ErrHeld: this value holds the lock (or leads, or has a lease) already, or
	// another call on it is about to.
	ErrHeld = errors.New("held already")
	// ErrNotHeld: this value holds nothing that could be given back.
	ErrNotHeld error = conclusion("not held")
	// ErrLost: the hold had ended before it was given back, because its session
	// ended, could no longer be trusted, or somebody removed its znode.
	ErrLost error = conclusion("hold was lost")
	// ErrSessionLost: the ZooKeeper session in which the call began is gone.
	ErrSessionLost = errors.New("session is gone")
	// ErrClosed: the recipe, its session or its connection has been closed.
	ErrClosed = errors.New("closed")
	// ErrRemoved: somebody else keeps removing this client's znode.
	ErrRemoved error = conclusion("own znode was removed by another client")
	// ErrEmpty: the queue has no items.
	ErrEmpty error = conclusion("queue is empty")
	// ErrFull: the queue has as many items as fit into one list of them, [MaxItems] or
	// [MaxJobs], or as it is to have at most.
	ErrFull error = conclusion("queue is full")
	// ErrUnknown: whether the call had its effect cannot be known.
	ErrUnknown = errors.New("outcome unknown")
	// ErrTooLarge: the data does not fit into one request.
	ErrTooLarge = errors.New("data too large")
)

// Error is what the calls of this package fail with.
type Error struct {
	Op   string // what was called, such as "lock"
	Path string // the path of the recipe
	Err  error  // why it failed

	noEffect bool
}

func (e *Error) Error() string { return e.Op + " " + e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// NoEffect reports whether the call certainly had no effect.
func (e *Error) NoEffect() bool { return e.noEffect }

// conclusion is an error that follows from what servers answered.
type conclusion string

func (c conclusion) Error() string { return string(c) }

// answers are the errors that a server gave as its answer (or that kept the
// client from sending the request): the request had no effect.
var answers = []error{
	zk.ErrAPIError, zk.ErrNoNode, zk.ErrNoAuth, zk.ErrBadVersion, zk.ErrNoChildrenForEphemerals,
	zk.ErrNodeExists, zk.ErrNotEmpty, zk.ErrInvalidACL, zk.ErrAuthFailed, zk.ErrBadArguments,
	zk.ErrReconfigDisabled, zk.ErrInvalidPath, zk.ErrInvalidFlags,
	zk.ErrShortBuffer, zk.ErrPtrExpected, zk.ErrUnhandledFieldType,
}

// unanswered reports whether err says that no server answered: whether the
// request was carried out is then unknown. That is every error but those known:
// go-zookeeper passes on as it is what a failed write to the connection said.
func unanswered(err error) bool {
	if err == nil || stopped(err) {
		return false
	}
	if _, ok := errors.AsType[conclusion](err); ok {
		return false
	}
	for _, answer := range answers {
		if errors.Is(err, answer) {
			return false
		}
	}
	// So go-zookeeper calls the codes that it has no error for.
	return !strings.HasPrefix(err.Error(), "unknown error: ")
}

// stopped reports whether err ends a call whatever the servers say.
func stopped(err error) bool {
	return errors.Is(err, ErrSessionLost) || errors.Is(err, ErrClosed) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
