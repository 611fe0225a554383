package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"time"

	"github.com/spf13/cobra"
)

// Exit codes of commands that run a program of the user's, besides the
// program's own. 126 and 127 are a shell's.
const (
	exitNotObtained = 75 // EX_TEMPFAIL of sysexits.h
	exitLost        = 76
	exitNotRunnable = 126
	exitNotFound    = 127
	exitSignalled   = 128 // and the number of the signal that ended the program
)

// guarded is a program that runs while something is held, or registered.
type guarded struct {
	command []string
	env     []string      // besides zklab's own
	grace   time.Duration // from the signal that asks the program to end to the one that ends it
	onLost  os.Signal
	signals <-chan os.Signal // that came to zklab
	say     func(format string, args ...any)
}

// notStarted is why a program could not be run, with the exit code of a shell.
type notStarted struct {
	error
	code int
}

func (n notStarted) Unwrap() error { return n.error }

// run runs the program and gives its exit code. lost says that the hold was lost before the
// program had ended; then the program was asked to end. A hold that is nil cannot be lost.
func (g *guarded) run(hold <-chan struct{}) (code int, lost bool, err error) {
	cmd := exec.Command(g.command[0], g.command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), g.env...)
	endWithParent(cmd)
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		defer keepThread()()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		code := exitNotRunnable
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			code = exitNotFound
		}
		return 0, false, notStarted{err, code}
	}
	var kill <-chan time.Time
	for {
		select {
		case err := <-ended:
			return exitCode(cmd.ProcessState, err), lost, nil
		case s := <-g.signals:
			if s != os.Interrupt || !isTerminal(os.Stdin) { // a terminal's Ctrl-C has come to the program by itself
				_ = cmd.Process.Signal(s)
			}
			if s != os.Interrupt {
				kill = time.After(g.grace)
			}
		case <-hold:
			hold, lost = nil, true
			g.say("the lock is lost: sending %q to the program", g.onLost)
			_ = cmd.Process.Signal(g.onLost)
			kill = time.After(g.grace)
		case <-kill:
			g.say("the program did not end within %s: killing it", g.grace)
			_ = cmd.Process.Kill()
		}
	}
}

// asExit is the error of a command that has run a program; it carries the exit code.
func asExit(cmd *cobra.Command, code int, err error) error {
	var not notStarted
	switch {
	case errors.As(err, &not):
		fmt.Fprintf(cmd.ErrOrStderr(), "error: %s\n", oneLine(err))
		return verdictError{not.code}
	case err != nil:
		return err
	case code != 0:
		return verdictError{code}
	}
	return nil
}

// exitCode is the code of a program that has ended, as a shell gives it.
func exitCode(state *os.ProcessState, err error) int {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return exitNotRunnable
	}
	if s := killedBy(state); s != nil {
		return exitSignalled + signalNumber(s)
	}
	return state.ExitCode()
}

// receivedSignals gives the signals that ask for an end as they come. stop ends that.
func receivedSignals() (signals <-chan os.Signal, stop func()) {
	all := make(chan os.Signal, 8)
	signal.Notify(all, stopSignals...)
	return all, func() { signal.Stop(all) }
}
