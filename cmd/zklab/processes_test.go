//go:build linux

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// workersOf are the process ids of all workers of a program.
func workersOf(program string) (pids []int) {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		args := strings.Split(string(b), "\x00")
		if len(args) > 1 && args[0] == program && args[1] == workerName {
			pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
			pids = append(pids, pid)
		}
	}
	return pids
}

// running starts a run whose clients are processes, and gives it when the text
// has come on its standard error.
func running(t *testing.T, program, text string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program, append([]string{"run", "lock", "--clients-as", "process", "--clients", "3", "--session-timeout", "1s"}, args...)...)
	cmd.Dir = t.TempDir()
	messages, err := cmd.StderrPipe()
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
	stuck := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	lines := bufio.NewScanner(messages)
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			go func() {
				for lines.Scan() {
				}
			}()
			return cmd
		}
	}
	t.Fatalf("it ended without %q", text)
	return nil
}

// state is the letter for what a process does: T for one that is stopped.
func state(pid int) byte {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	return b[bytes.LastIndexByte(b, ')')+2]
}

// within waits until something is so.
func within(t *testing.T, limit time.Duration, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not so after %s: %s", limit, what)
		}
	}
}

// A run that is killed leaves no process behind, stopped ones neither.
func TestKilledRunLeavesNoProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("real processes in real time")
	}
	program := copied(t, "zklab")
	cmd := running(t, program, "load", "--time-limit", "2m", "--faults", "freeze:all@1s+1m")
	within(t, 20*time.Second, "all workers are stopped", func() bool {
		pids := workersOf(program)
		return len(pids) == 3 && !slices.ContainsFunc(pids, func(pid int) bool { return state(pid) != 'T' })
	})
	harness := childOf(t, cmd.Process.Pid)
	if err := syscall.Kill(harness, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if got := ended(t, cmd); got != exitFailed {
		t.Errorf("exit code %d", got)
	}
	within(t, 5*time.Second, "no worker is left", func() bool { return len(workersOf(program)) == 0 })
}

// An interruption ends the load, heals what is stopped, and comes to a verdict;
// the workers hear nothing of it but that they are to quit.
func TestInterruptedRunOfProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("real processes in real time")
	}
	program := copied(t, "zklab")
	cmd := running(t, program, "load", "--time-limit", "2m", "--faults", "freeze:all@1s+1m", "--min-load", "10")
	within(t, 20*time.Second, "all workers are stopped", func() bool {
		pids := workersOf(program)
		return len(pids) == 3 && !slices.ContainsFunc(pids, func(pid int) bool { return state(pid) != 'T' })
	})
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	done := make(chan int, 1)
	go func() {
		_ = cmd.Wait()
		done <- cmd.ProcessState.ExitCode()
	}()
	select {
	case got := <-done:
		if got != exitValid && got != exitUnknown {
			t.Errorf("exit code %d", got)
		}
	case <-time.After(40 * time.Second):
		t.Fatal("it did not end")
	}
	if left := workersOf(program); len(left) > 0 {
		t.Errorf("workers %v are left", left)
	}
}
