//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// waiting starts the command zklab-waits and gives it once its child runs.
func waiting(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(copied(t, "zklab-waits"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
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

// ended is the exit code of a command that ends within some seconds.
func ended(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	stuck := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// A signal to the supervisor ends both, with a code that says why. SIGQUIT
// makes a Go process show its stacks and exit with 2, which is not "undecided".
func TestSignalsArePassedOn(t *testing.T) {
	for s, want := range map[syscall.Signal]int{
		syscall.SIGINT: exitInterrupted, syscall.SIGTERM: exitInterrupted, syscall.SIGHUP: exitInterrupted, syscall.SIGQUIT: exitDefect,
	} {
		t.Run(s.String(), func(t *testing.T) {
			cmd := waiting(t)
			if err := cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			if got := ended(t, cmd); got != want {
				t.Errorf("exit code %d, want %d", got, want)
			}
		})
	}
}

// Ctrl-Z stops both; the shell's fg lets both go on.
func TestJobControl(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	cmd := waiting(t)
	child := childOf(t, cmd.Process.Pid)
	if err := cmd.Process.Signal(syscall.SIGTSTP); err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{cmd.Process.Pid, child} {
		becomes(t, pid, true)
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	becomes(t, child, false)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if got := ended(t, cmd); got != exitInterrupted {
		t.Errorf("exit code %d", got)
	}
}

// childOf is the only child of a process.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	tasks, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	if err != nil || len(tasks) == 0 {
		t.Skip("this kernel does not tell a process's children")
	}
	for _, task := range tasks {
		b, _ := os.ReadFile(task)
		if fields := bytes.Fields(b); len(fields) > 0 {
			child, err := strconv.Atoi(string(fields[0]))
			if err != nil {
				t.Fatal(err)
			}
			return child
		}
	}
	t.Fatal("no child")
	return 0
}

// becomes waits until a process is stopped, or is not.
func becomes(t *testing.T, pid int, stopped bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		state := b[bytes.LastIndexByte(b, ')')+2]
		if (state == 'T') == stopped {
			return
		}
	}
	t.Fatalf("process %d: stopped is not %v", pid, stopped)
}
