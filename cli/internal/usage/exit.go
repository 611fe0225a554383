package usage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/workers"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// The exit codes, a contract with scripts. docs/commands.md has their comments.
const (
	// every property is valid, and every `--gate` is kept
	ExitValid = 0
	// a property is violated, or a gate exceeded
	ExitViolation = 1
	// a property or a gate could not be decided, none is violated, and none exceeded
	ExitUnknown = 2
	// the experiment could not be run, stored or read: no Docker engine, an unhealthy ensemble, a full disk, an unreadable file
	ExitFailed = 3
	// wrong usage: unknown command, flag, recipe, fault or value, on the command line or in a file of `--config`
	ExitUsage = 64
	// a defect of zklab itself
	ExitDefect = 70
	// interrupted before there was a result, or twice
	ExitInterrupted = 130
)

// VerdictError carries a verdict's exit code through cobra. It prints nothing, because the summary
// has shown the verdict.
type VerdictError struct{ Code int }

func (VerdictError) Error() string { return "" }

// Finish turns the result of a command into an exit code, and prints an error as one line. usage means
// that the arguments were wrong, so no command had begun. renamed replaces the name of the program in the
// text of the error.
func Finish(err error, usage bool, renamed func(text string) string, stderr io.Writer) int {
	var verdict VerdictError
	switch {
	case err == nil:
		return ExitValid
	case errors.As(err, &verdict):
		return verdict.Code
	}
	if !Unheard(err) {
		fmt.Fprintf(stderr, "error: %s\n", renamed(OneLine(err)))
	}
	var undecided UndecidedError
	switch {
	case errors.As(err, &undecided):
		return ExitUnknown
	case usage || errors.Is(err, engine.ErrUsage) || errors.Is(err, ErrBadFlag):
		return ExitUsage
	case errors.Is(err, workers.ErrDied):
		return ExitDefect
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	}
	return ExitFailed
}

// Unheard reports whether an error means that the reader of the command's output has gone, as head
// does, so that the error need not be printed.
func Unheard(err error) bool {
	var write *fs.PathError
	return errors.As(err, &write) && write.Path == os.Stdout.Name() && errors.Is(err, syscall.EPIPE)
}

// OneLine returns the text of an error for people, in one line.
func OneLine(err error) string {
	text := strings.TrimPrefix(err.Error(), engine.ErrUsage.Error()+": ")
	text = strings.TrimSuffix(text, ": "+context.Canceled.Error()) // the text before says what canceled it
	if text == context.Canceled.Error() {
		text = "interrupted"
	}
	if advice, name := zkconn.Advice(err); advice != "" && strings.HasSuffix(text, name) {
		text += ": " + advice
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	return printable.Text(text, 4000) // it may quote a file
}

// Errorf returns an error in the arguments that a command found itself.
func Errorf(format string, args ...any) error {
	return engine.Usage(format, args...)
}

// ErrBadFlag marks errors in flags that are found after the command has begun.
var ErrBadFlag = errors.New("")

// BadFlag returns an error of wrong usage for a command that has begun.
func BadFlag(format string, args ...any) error {
	return fmt.Errorf("%s%w", fmt.Sprintf(format, args...), ErrBadFlag)
}

// UndecidedError is an error about a run that this program cannot decide.
type UndecidedError struct{ Text string }

func (e UndecidedError) Error() string { return e.Text }
