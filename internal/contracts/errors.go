package contracts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// CodeBadRequest is the code of [ErrBadValue], and of every other request that an adapter
// cannot accept.
const CodeBadRequest = "bad-request"

// codes lists the errors that have a name in records and in the adapter protocol. If an error
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
	{subjects.ErrPanicked, history.CodePanic},
	{subjects.ErrCannot, "not-offered"},
	{ErrBadValue, CodeBadRequest},
	{subjects.ErrMismatch, models.CodeMismatch},
	{subjects.ErrConflict, models.CodeConflict},
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

// ErrRefused is the error of a call whose answer is an error that the operation declares (see [Refused]).
var ErrRefused = errors.New("refused")

// Refused returns the error of an operation of a declared object (package object) that refused a call and
// changed nothing. The record contains the text of the reason.
func Refused(reason error) error { return refusal{reason} }

type refusal struct{ error }

func (refusal) NoEffect() bool    { return true }
func (e refusal) Unwrap() error   { return e.error }
func (refusal) Is(err error) bool { return err == ErrRefused }

// ErrBadValue is the error for a value that an operation does not accept.
var ErrBadValue = errors.New("bad value")

// badValue is an ErrBadValue with the value. The operation did nothing.
type badValue struct{ value json.RawMessage }

func (e badValue) Error() string { return fmt.Sprintf("%v: %.80s", ErrBadValue, e.value) }
func (badValue) Unwrap() error   { return ErrBadValue }
func (badValue) NoEffect() bool  { return true }
