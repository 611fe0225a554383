package recipes

import (
	"context"
	"errors"
	"strings"

	"github.com/go-zookeeper/zk"
)

// The errors that package recipes documents.
var (
	errHeld              = errors.New("held already")
	errNotHeld     error = conclusion("not held")
	errLost        error = conclusion("hold was lost")
	errSessionLost       = errors.New("session is gone")
	errClosed            = errors.New("closed")
	errRemoved     error = conclusion("own znode was removed by another client")
	errUnknown           = errors.New("outcome unknown")
	errTooLarge          = errors.New("data too large")
)

// failure is why a call failed.
type failure struct {
	Op       string // what was called, such as "lock"
	Path     string // the path of the recipe
	Err      error  // why it failed
	NoEffect bool   // the call certainly had no effect
}

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
	return errors.Is(err, errSessionLost) || errors.Is(err, errClosed) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
