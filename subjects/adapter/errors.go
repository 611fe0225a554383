package adapter

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Broken is the error of a program that breaks the protocol: it printed something else,
// ended by itself, does not answer, or speaks another version. That is a defect of the
// adapter or its environment, never of the recipe. It wraps [subjects.ErrProcess].
type Broken struct {
	Client  int
	Command string // as it was started
	Problem string // what it did: "ended by itself: exit status 1"
	Stderr  string // the last lines that it wrote to standard error; may be empty

	noEffect bool
}

func (e *Broken) Error() string {
	text := fmt.Sprintf("the adapter of client %d (%s) %s", e.Client, e.Command, e.Problem)
	switch {
	case e.Stderr == "" && strings.HasPrefix(e.Problem, "ended"): // standard error may say why
		return text + "; it wrote nothing to standard error"
	case e.Stderr == "":
		return text
	}
	return text + "; the end of its standard error: " + strings.ReplaceAll(e.Stderr, "\n", " | ")
}

// Unwrap returns [subjects.ErrProcess].
func (*Broken) Unwrap() error { return subjects.ErrProcess }

// NoEffect reports whether the call did not reach the program because that was known to be broken.
func (e *Broken) NoEffect() bool { return e.noEffect }

// unsent returns e for a call that did not reach the program.
func (e *Broken) unsent() *Broken {
	c := *e
	c.noEffect = true
	return &c
}

// downError is the error of calls to a process that was killed, or closed.
type downError struct {
	client int
	what   string
	unsent bool // the call did not reach it
}

func (e *downError) Error() string {
	return fmt.Sprintf("%v of client %d %s", subjects.ErrProcess, e.client, e.what)
}
func (*downError) Unwrap() error    { return subjects.ErrProcess }
func (e *downError) NoEffect() bool { return e.unsent }

// Error is the error that the other process reported for an operation.
type Error struct {
	Code    string // stable and short: see docs/adapter-protocol.md
	Message string

	noEffect bool
}

func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Message
}

// NoEffect reports whether the program promised that the operation had no effect.
func (e *Error) NoEffect() bool { return e.noEffect }

// Unwrap returns the error that the code stands for, if any.
func (e *Error) Unwrap() error { return contracts.ErrorOf(e.Code) }

// Codes of errors about a request itself, in addition to the codes of contracts.Code.
const (
	codeUnknown     = "unknown-op"
	codeVersion     = "version"
	codeUnsupported = "unsupported" // no such recipe here
)

// failed converts an error to the form in which it is sent.
func failed(err error) *failure {
	f := &failure{Code: contracts.Code(err), Message: err.Error(), NoEffect: subjects.NoEffect(err)}
	if e, ok := errors.AsType[*Error](err); ok {
		f.Code = e.Code
	}
	return f
}

// of converts a failure that was received to the error of a call with the context ctx. If the
// program reports a cancel, the reason is why ctx ended: the program knows no time limits.
func (f *failure) of(ctx context.Context) error {
	e := &Error{Code: f.Code, Message: f.Message, noEffect: f.NoEffect}
	if cause := context.Cause(ctx); cause != nil && f.Code == history.CodeCancelled {
		e.Code = contracts.Code(cause)
	}
	return e
}
