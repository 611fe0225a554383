//go:build linux

package cli

import (
	"syscall"
	"testing"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/testkit/must"
)

// Ctrl-Z stops both the supervisor and its child; the shell's fg continues both.
func TestJobControl(t *testing.T) {
	cmd := waiting(t)
	child := childOf(t, cmd.Process.Pid)
	must.Do(t, cmd.Process.Signal(syscall.SIGTSTP))
	within(t, "both are stopped", func() bool { return stopped(t, cmd.Process.Pid) && stopped(t, child) })
	must.Do(t, cmd.Process.Signal(syscall.SIGCONT))
	within(t, "the child goes on", func() bool { return !stopped(t, child) })
	must.Do(t, cmd.Process.Signal(syscall.SIGINT))
	if got := ended(t, cmd); got != usage.ExitInterrupted {
		t.Errorf("exit code %d", got)
	}
}
