//go:build unix

package cli

import (
	"bufio"
	"errors"
	"io"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/testkit/must"
)

// waiting starts the command zklab-waits and returns it once its child runs.
func waiting(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("zklab-waits")
	out := must.Get(cmd.StdoutPipe())(t)
	must.Do(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return cmd
}

// ended returns the exit code of a command that ends soon.
func ended(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	stuck := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// A signal to the supervisor ends both it and its child, with an exit code that tells why. SIGQUIT
// makes a Go process show its stacks and exit with 2, which is not "undecided".
func TestSignalsArePassedOn(t *testing.T) {
	for s, want := range map[syscall.Signal]int{
		syscall.SIGINT: usage.ExitInterrupted, syscall.SIGTERM: usage.ExitInterrupted, syscall.SIGHUP: usage.ExitInterrupted, syscall.SIGQUIT: usage.ExitDefect,
	} {
		t.Run(s.String(), func(t *testing.T) {
			cmd := waiting(t)
			must.Do(t, cmd.Process.Signal(s))
			if got := ended(t, cmd); got != want {
				t.Errorf("exit code %d, want %d", got, want)
			}
		})
	}
}
