package subjects

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
)

// CodeBadRequest is the code of [ErrBadValue], and of every other request that an
// adapter cannot take.
const CodeBadRequest = "bad-request"

// codes are the errors that have a name of their own in records and on the way from
// an adapter. Of an error that is several of them, the first counts.
var codes = []struct {
	err  error
	code string
}{
	{context.DeadlineExceeded, history.CodeTimeout},
	{context.Canceled, history.CodeCancelled},
	{zk.ErrSessionExpired, "session-expired"},
	{zk.ErrConnectionClosed, "connection-loss"},
	{zk.ErrNoServer, "no-server"},
	{zk.ErrClosing, "closing"},
	{zk.ErrSessionMoved, "session-moved"},
	{ErrPanicked, history.CodePanic},
	{ErrCannot, "not-offered"},
	{ErrBadValue, CodeBadRequest},
	{ErrMismatch, history.CodeMismatch},
	{ErrConflict, history.CodeConflict},
	{zk.ErrNoAuth, "no-auth"},
	{zk.ErrNoNode, "no-node"},
}

// Codes are all codes, in no order that matters.
func Codes() []string {
	var all []string
	for _, c := range codes {
		all = append(all, c.code)
	}
	return all
}

// Code is what an error is called, the same for every subject, wherever it lives;
// history.CodeError for one that has no name.
func Code(err error) string {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return history.CodeError
}

// ErrorOf is the error that a code stands for; nil: none is known by it.
func ErrorOf(code string) error {
	for _, c := range codes {
		if c.code == code {
			return c.err
		}
	}
	return nil
}
