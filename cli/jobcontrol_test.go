//go:build linux

package cli

import (
	"syscall"
	"testing"

	"github.com/zklab/zklab/cli/internal/usage"
)

// Ctrl-Z stops both the supervisor and its child; the shell's fg continues both.
func TestJobControl(t *testing.T) {
	cmd := waiting(t)
	child := childOf(t, cmd.Process.Pid)
	if err := cmd.Process.Signal(syscall.SIGTSTP); err != nil {
		t.Fatal(err)
	}
	within(t, "both are stopped", func() bool { return stopped(t, cmd.Process.Pid) && stopped(t, child) })
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	within(t, "the child goes on", func() bool { return !stopped(t, child) })
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if got := ended(t, cmd); got != usage.ExitInterrupted {
		t.Errorf("exit code %d", got)
	}
}
