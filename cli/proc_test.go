//go:build linux

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
)

// procStatus holds what the kernel reports about a process (proc_pid_stat(5)).
type procStatus struct {
	state           byte // T: stopped; Z and X: ended
	parent, session int
}

// processes returns all running processes, by their ids.
func processes(t *testing.T) map[int]procStatus {
	t.Helper()
	stats := must.Get(filepath.Glob("/proc/[0-9]*/stat"))(t)
	all := map[int]procStatus{}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // the process has ended
		}
		fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
		all[integer(t, filepath.Base(filepath.Dir(path)))] = procStatus{
			fields[0][0], integer(t, string(fields[1])), integer(t, string(fields[3])),
		}
	}
	return all
}

func integer(t *testing.T, text string) int {
	t.Helper()
	n := must.Get(strconv.Atoi(text))(t)
	return n
}

// childOf returns the only child of a process.
func childOf(t *testing.T, parent int) int {
	t.Helper()
	for pid, p := range processes(t) {
		if p.parent == parent {
			return pid
		}
	}
	t.Fatalf("process %d has no child", parent)
	return 0
}

// stopped reports whether a process is stopped.
func stopped(t *testing.T, pid int) bool {
	t.Helper()
	return processes(t)[pid].state == 'T'
}

// within waits until so returns true. Its time limit matters only for tests that fail.
func within(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !so(); time.Sleep(30 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not so after two minutes: %s", what)
		}
	}
}
