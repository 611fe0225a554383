// Package failures interprets the errors of calls: whether a server has answered, so that it is
// known whether a request was carried out, and whether the call is over. It has the errors that all
// recipes share. It knows neither connections nor recipes.
package failures

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/zk/wire"
)

// The errors that package recipes documents.
var (
	ErrHeld              = errors.New("held already")
	ErrNotHeld     error = Conclusion("not held")
	ErrLost        error = Conclusion("hold was lost")
	ErrSessionLost       = errors.New("session is gone")
	ErrClosed            = errors.New("closed")
	ErrRemoved     error = Conclusion("own znode was removed by another client")
	ErrUnknown           = errors.New("outcome unknown")
	ErrTooLarge          = errors.New("data too large")
)

// Failure describes why a call failed.
type Failure struct {
	Op       string // the call, such as "lock"
	Path     string // the path of the recipe
	Err      error  // why it failed
	NoEffect bool   // the call certainly had no effect
}

// Conclusion is an error that follows from what servers answered.
type Conclusion string

func (c Conclusion) Error() string { return string(c) }

// answers lists the errors that are answers of a server, or that kept the client from sending the
// request. After each of them, the request had no effect.
var answers = []error{
	zk.ErrAPIError, zk.ErrNoNode, zk.ErrNoAuth, zk.ErrBadVersion, zk.ErrNoChildrenForEphemerals,
	zk.ErrNodeExists, zk.ErrNotEmpty, zk.ErrInvalidACL, zk.ErrAuthFailed, zk.ErrBadArguments,
	zk.ErrReconfigDisabled, zk.ErrInvalidPath, zk.ErrInvalidFlags,
	zk.ErrShortBuffer, zk.ErrPtrExpected, zk.ErrUnhandledFieldType,
}

// Unanswered reports whether err means that no server answered, so that it is unknown whether the
// request was carried out. That is every error but the known ones: go-zookeeper passes on the error
// of a failed write to the connection as it is.
func Unanswered(err error) bool {
	if err == nil || Stopped(err) {
		return false
	}
	if _, ok := errors.AsType[Conclusion](err); ok {
		return false
	}
	for _, answer := range answers {
		if errors.Is(err, answer) {
			return false
		}
	}
	return !Nameless(err)
}

// Nameless reports whether err is a code for which go-zookeeper has no error, as [wire.Named] returns it. Such
// an answer comes from one server, which may not have asked a quorum.
func Nameless(err error) bool {
	_, ok := errors.AsType[wire.Code](err)
	return ok
}

// Unauthenticated reports whether a server has ended the session because the client is not
// authenticated (ZOOKEEPER-1634): any other session would end in the same way.
func Unauthenticated(err error) bool { return errors.Is(err, wire.SessionClosedAuth) }

// Stopped reports whether err ends a call whatever the servers say.
func Stopped(err error) bool {
	return errors.Is(err, ErrSessionLost) || errors.Is(err, ErrClosed) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
