package clients

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/guard"
)

// Exit codes of commands that run a program of the user's, besides the program's own, which are as in
// a shell (guard.Outcome).
const (
	ExitNotObtained = 75 // EX_TEMPFAIL of sysexits.h
	ExitLost        = 76
)

// guardianName is the command of the process between zklab and the program. That process ends
// everything that the program has started. It is not supervised: it has to outlive zklab.
const guardianName = "guardian"

func newGuardian() *cobra.Command {
	return &cobra.Command{
		Use: guardianName + " PROGRAM ARGUMENT...", Hidden: true, DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return guard.Serve(args, func(format string, args ...any) { terminal.Warn(cmd, format, args...) })
		},
	}
}

// guarded returns the configuration with which a program runs. env has variables for the program.
func (f *programFlags) guarded(cmd *cobra.Command, command, env []string) guard.Config {
	return guard.Config{
		Command: command, Env: env, Grace: f.grace, Guardian: []string{guardianName},
		Say: func(format string, args ...any) { terminal.Warn(cmd, format, args...) },
	}
}

// leaseOf returns how long a hold certainly lasts after zklab was stopped: the client pings three times
// per session timeout, so at least two thirds of the timeout are left.
func leaseOf(session time.Duration) time.Duration { return session * 2 / 3 }

// asExit returns the error of a command that has run a program. The error carries the exit code.
func asExit(cmd *cobra.Command, o guard.Outcome, err error) error {
	switch {
	case err != nil:
		return err
	case o.Failure != "":
		fmt.Fprintf(cmd.ErrOrStderr(), "error: %s\n", usage.OneLine(errors.New(o.Failure)))
		return usage.VerdictError{Code: o.Code}
	case o.Code != 0:
		return usage.VerdictError{Code: o.Code}
	}
	return nil
}

// receivedSignals returns a channel that receives the signals for the program. stop ends their
// delivery.
func receivedSignals() (signals <-chan os.Signal, stop func()) {
	all := make(chan os.Signal, 8)
	if wanted := guard.Signals(); len(wanted) > 0 { // without arguments, Notify would relay all signals
		signal.Notify(all, wanted...)
	}
	return all, func() { signal.Stop(all) }
}
