package cli

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
	exitValid = 0
	// a property is violated, or a gate exceeded
	exitViolation = 1
	// a property or a gate could not be decided, none is violated, and none exceeded
	exitUnknown = 2
	// the experiment could not be run or read: no Docker engine, an unhealthy ensemble, an unreadable file
	exitFailed = 3
	// wrong usage: unknown command, flag, recipe, fault or value, on the command line or in a file of `--config`
	exitUsage = 64
	// a defect of zklab itself
	exitDefect = 70
	// interrupted before there was a result, or twice
	exitInterrupted = 130
)

// verdictError carries a verdict's exit code through cobra. It prints nothing:
// the summary has said it all.
type verdictError struct{ code int }

func (verdictError) Error() string { return "" }

// finish turns what a command came to into an exit code, and prints an error
// as one line. usage means that no command had begun: the arguments were wrong. commands are the names of
// all commands, for an error that tells which to use.
func finish(err error, usage bool, commands []string, stderr io.Writer) int {
	var verdict verdictError
	switch {
	case err == nil:
		return exitValid
	case errors.As(err, &verdict):
		return verdict.code
	}
	if !unheard(err) {
		fmt.Fprintf(stderr, "error: %s\n", renamed(oneLine(err), commands))
	}
	var undecided undecidedError
	switch {
	case errors.As(err, &undecided):
		return exitUnknown
	case usage || errors.Is(err, engine.ErrUsage) || errors.Is(err, errBadFlag):
		return exitUsage
	case errors.Is(err, workers.ErrDied):
		return exitDefect
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailed
}

// unheard reports whether nobody reads the command's output any more, as behind head: there
// is nobody to tell.
func unheard(err error) bool {
	var write *fs.PathError
	return errors.As(err, &write) && write.Path == os.Stdout.Name() && errors.Is(err, syscall.EPIPE)
}

func oneLine(err error) string {
	text := strings.TrimPrefix(err.Error(), engine.ErrUsage.Error()+": ")
	text = strings.TrimSuffix(text, ": "+context.Canceled.Error()) // by whom, it says before
	if text == context.Canceled.Error() {
		text = "interrupted"
	}
	if advice, name := zkconn.Advice(err); advice != "" && strings.HasSuffix(text, name) {
		text += ": " + advice
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	return printable.Text(text, 4000) // it may quote a file
}

// usageError is an error in the arguments that a command found itself.
func usageError(format string, args ...any) error {
	return engine.Usage(format, args...)
}

// errBadFlag marks errors in flags that are found after the command has begun.
var errBadFlag = errors.New("")

func badFlag(format string, args ...any) error {
	return fmt.Errorf("%s%w", fmt.Sprintf(format, args...), errBadFlag)
}

// undecidedError is an error about a run that this program cannot decide.
type undecidedError struct{ text string }

func (e undecidedError) Error() string { return e.text }
