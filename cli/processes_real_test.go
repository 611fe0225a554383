//go:build real && linux

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/testkit/must"
)

// workerProcesses returns the process ids of all workers of the command.
func workerProcesses(t *testing.T) (pids []int) {
	t.Helper()
	program := must.Get(exec.LookPath("zklab"))(t)
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // the process has ended
		}
		args := strings.Split(string(b), "\x00")
		if len(args) > 1 && args[0] == program && args[1] == "worker" {
			pids = append(pids, integer(t, strings.Split(path, "/")[2]))
		}
	}
	return pids
}

// frozen starts a run whose clients are processes, and returns it when all of them are stopped.
func frozen(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("zklab", "run", "lock", "--clients-as", "process", "--clients", "3", "--session-timeout", "1s",
		"--time-limit", "5m", "--faults", "freeze:all@500ms+4m", "--quiet")
	cmd.Dir = t.TempDir()
	must.Do(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	within(t, "all workers are stopped", func() bool {
		pids := workerProcesses(t)
		return len(pids) == 3 && !slices.ContainsFunc(pids, func(pid int) bool { return !stopped(t, pid) })
	})
	return cmd
}

// A killed run leaves no process behind, not even a stopped one.
func TestRealKilledRunLeavesNoProcess(t *testing.T) {
	cmd := frozen(t)
	harness := childOf(t, cmd.Process.Pid)
	must.Do(t, syscall.Kill(harness, syscall.SIGKILL))
	if got := ended(t, cmd); got != usage.ExitFailed {
		t.Errorf("exit code %d", got)
	}
	within(t, "no worker is left", func() bool { return len(workerProcesses(t)) == 0 })
}

// An interrupt ends the load, continues stopped processes, and leads to a verdict; the workers notice
// only that they are told to quit.
func TestRealInterruptedRunOfProcesses(t *testing.T) {
	cmd := frozen(t)
	must.Do(t, cmd.Process.Signal(syscall.SIGINT))
	if got := ended(t, cmd); got != usage.ExitValid && got != usage.ExitUnknown { // how much had happened by then varies
		t.Errorf("exit code %d", got)
	}
	if left := workerProcesses(t); len(left) > 0 {
		t.Errorf("workers %v are left", left)
	}
}
