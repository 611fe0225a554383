package ensembles

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/cli/internal/process"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/tools/control"
)

// An ensemble in the background is a process that runs "up" with the same arguments in its own
// process session. Its standard error is a file. When all servers serve, it prints the connect string
// on its standard output, as every "up" does. The process in the foreground waits for that. If the
// foreground process dies first, the background process cannot print, and ends.

// inBackground starts the ensemble in another process and returns when it serves.
func (f *UpFlags) inBackground(cmd *cobra.Command) error {
	if f.name == uncontrolled || isPath(f.name) {
		return usage.Errorf("--detach with --name %s: give a name, because zklab ensemble ps and down find ensembles by name", f.name)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.Command(self, asGiven(cmd)...)
	if err := process.OwnSession(child); err != nil {
		return err
	}
	log, err := control.NewLog()
	if err != nil {
		return err
	}
	defer log.Close()
	child.Stderr = log
	child.Env = append(os.Environ(), process.DetachedEnv+"="+log.Name())
	if err := awaitUp(cmd, child, log.Name()); err != nil {
		os.Remove(log.Name()) // the log is renamed unless the start failed
		return err
	}
	return nil
}

// asGiven returns the arguments of a command as the user gave them.
func asGiven(cmd *cobra.Command) []string {
	args := strings.Fields(cmd.CommandPath())[1:]
	cmd.Flags().Visit(func(f *pflag.Flag) { args = append(args, usage.ArgumentOf(f)) })
	return args
}

// awaitUp starts the process and copies its output until its ensemble serves. If awaitUp returns an
// error, the process has ended.
func awaitUp(cmd *cobra.Command, child *exec.Cmd, log string) error {
	ctx, stop := terminal.UntilSignal()
	defer stop()
	out, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	said, err := os.Open(log)
	if err != nil {
		return err
	}
	defer said.Close()
	if err := child.Start(); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = child.Process.Signal(syscall.SIGTERM) })()
	up, enough := context.WithCancel(context.Background())
	told := make(chan struct{})
	go func() { defer close(told); follow(up, cmd.ErrOrStderr(), said) }()
	connect, err := bufio.NewReader(out).ReadString('\n')
	enough()
	<-told
	if err == nil && ctx.Err() == nil {
		_, err := io.WriteString(cmd.OutOrStdout(), connect)
		return errors.Join(err, child.Process.Release())
	}
	return notUp(ctx, child.Wait(), cmd.ErrOrStderr(), said)
}

// notUp returns the error for an ensemble that did not start. The process has printed the reason.
func notUp(ctx context.Context, err error, w io.Writer, said io.Reader) error {
	_, _ = io.Copy(w, said) // what the process printed last
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted before the ensemble was up: %w", ctx.Err())
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return usage.VerdictError{Code: process.FromChild(exit.ExitCode())}
	}
	return fmt.Errorf("the ensemble's process ended before the ensemble was up: %w (zklab clean --remove removes what it left behind)", err)
}

// logLook is the interval between two reads of the log.
const logLook = 20 * time.Millisecond

// follow copies what is appended to a file until ctx ends, and then the rest.
func follow(ctx context.Context, w io.Writer, file io.Reader) {
	for {
		last := ctx.Err() != nil
		_, _ = io.Copy(w, file)
		if last {
			return
		}
		_ = await.Sleep(ctx, logLook)
	}
}
