//go:build campaign && linux

package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/store"
)

// TestLargeRuns prints the table of docs/checking.md: the processor time and the memory that zklab check and
// zklab report need for simulated runs of about as many operations as ZKLAB_LARGE says. Both must grow in
// proportion, and 600 MB must be enough for a million operations.
func TestLargeRuns(t *testing.T) {
	const rate = 5000
	dir := t.TempDir()
	zklab := filepath.Join(dir, "zklab")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", zklab, "../cmd/zklab").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sizes := "100000,300000,1000000"
	if of := os.Getenv("ZKLAB_LARGE"); of != "" {
		sizes = of
	}
	table := "| operations | history.jsonl | check | | report | |\n|--:|--:|--:|--:|--:|--:|\n"
	var first, last [2]needs
	var firstOps, lastOps int
	for size := range strings.SplitSeq(sizes, ",") {
		n := must.Get(strconv.Atoi(size))(t)
		out := filepath.Join(dir, size)
		of(t, zklab, "run", "register", "--simulate", "--clients", "100", "--keys", "20", "--seed", "1", "--quiet",
			"--rate", strconv.Itoa(rate), "--time-limit", (time.Duration(n) * time.Second / rate).String(), "--out", out)
		run := filepath.Join(out, store.Latest)
		text := must.Get(os.ReadFile(filepath.Join(run, "result.json")))(t)
		var result store.Result
		must.Do(t, json.Unmarshal(text, &result))
		history := must.Get(os.Stat(filepath.Join(run, "history.jsonl")))(t)
		last = [2]needs{of(t, zklab, "check", run), of(t, zklab, "report", run)}
		lastOps = result.Stats.Operations
		if firstOps == 0 {
			first, firstOps = last, lastOps
		}
		table += fmt.Sprintf("| %s | %d MB | %s | %s |\n", prose.Grouped(lastOps), history.Size()/1e6, last[0], last[1])
		t.Logf("\n%s", table)
	}
	for i, command := range []string{"check", "report"} {
		if each, was := last[i].seconds/float64(lastOps), first[i].seconds/float64(firstOps); each > 1.5*was {
			t.Errorf("%s: %.1f µs for each of %d operations, and %.1f µs of %d", command, 1e6*each, lastOps, 1e6*was, firstOps)
		}
		if lastOps <= 1_000_000 && last[i].peak > 600e6 {
			t.Errorf("%s of %d operations takes %s", command, lastOps, last[i])
		}
	}
}

// needs holds what a command used.
type needs struct {
	seconds float64 // of processor time in its own code
	peak    int64   // bytes
}

func (n needs) String() string { return fmt.Sprintf("%.1f s | %d MB", n.seconds, n.peak/1e6) }

func of(t *testing.T, zklab string, arguments ...string) needs {
	t.Helper()
	command := exec.Command(zklab, arguments...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("zklab %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	usage := command.ProcessState.SysUsage().(*syscall.Rusage)
	return needs{command.ProcessState.UserTime().Seconds(), usage.Maxrss << 10}
}
