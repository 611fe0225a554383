package subjects

import (
	"context"
	"errors"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// CodeBadRequest is the code of [ErrBadValue], and of every other request that an adapter
// cannot accept.
const CodeBadRequest = "bad-request"

// codes are the errors that have a name in records and in the adapter protocol. If an error
// matches several, the first one counts.
var codes = []struct {
	err  error
	code string
}{
	{ErrRefused, history.CodeRefused},
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
	{ErrMismatch, models.CodeMismatch},
	{ErrConflict, models.CodeConflict},
	{zk.ErrNoAuth, "no-auth"},
	{zk.ErrNoNode, "no-node"},
}

// Codes returns all codes, in no particular order.
func Codes() []string {
	var all []string
	for _, c := range codes {
		all = append(all, c.code)
	}
	return all
}

// Code returns the name of an error, the same for every subject in any process;
// history.CodeError for an error without a name.
func Code(err error) string {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return history.CodeError
}

// ErrorOf returns the error that a code stands for; nil if the code is unknown.
func ErrorOf(code string) error {
	for _, c := range codes {
		if c.code == code {
			return c.err
		}
	}
	return nil
}
