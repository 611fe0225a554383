//go:build real && linux

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
)

// A killed sweep continues where it was: in the end each seed has one line, the same as in a sweep
// without kills, and no process is left.
func TestRealSweepKilled(t *testing.T) {
	t.Parallel()
	k := newKilled(t, "1..16")
	// These kills hit the only process, which runs the seeds itself; the first process of a sweep with two
	// jobs alone; and all processes.
	k.kill(t, "1", 1, false)
	k.kill(t, "2", k.share(t, 2), false)
	k.kill(t, "2", k.share(t, 2), true)
	k.comesToTheSame(t)
}

// killed is a sweep that is killed again and again.
type killed struct {
	binary           string
	args             []string
	undisturbed, out string // the folders of the same sweep without kills, and of this one
}

func newKilled(t *testing.T, seeds string) *killed {
	t.Helper()
	k := &killed{binary: exactBinary(t), undisturbed: t.TempDir(), out: t.TempDir(), args: []string{
		"sweep", "lock", "--subject", "broken:ignores-expiry", "--seeds", seeds, "--faults", "expire",
		"--fault-interval", "500ms", "--time-limit", "1s", "--quiet",
	}}
	sweepToItsEnd(t, k.binary, append(k.args, "--out", k.undisturbed))
	if s := mergedJSON(t, k.binary, k.undisturbed); s.Violation == 0 || s.Violation == s.Runs {
		t.Errorf("%d of %d runs are kept", s.Violation, s.Runs)
	}
	return k
}

// share returns how many bytes the given number of sixteenths of the sweep is.
func (k *killed) share(t *testing.T, parts int) int {
	return parts * len(journalsIn(t, k.undisturbed)) / 16
}

// kill continues the sweep, and kills it when it has written so many more bytes.
func (k *killed) kill(t *testing.T, jobs string, after int, all bool) {
	t.Helper()
	if !killedOnTheWay(t, k.binary, append(slices.Clone(k.args), "--out", k.out, "--jobs", jobs), k.out, after, all) {
		t.Error("it came to its end before it was killed")
	}
}

// comesToTheSame runs the sweep to its end and compares it with the undisturbed one.
func (k *killed) comesToTheSame(t *testing.T) {
	t.Helper()
	sweepToItsEnd(t, k.binary, append(slices.Clone(k.args), "--out", k.out, "--jobs", "2"))
	wantSame(t, mergedJSON(t, k.binary, k.undisturbed), mergedJSON(t, k.binary, k.out))
	compareLines(t, k.undisturbed, k.out)
}

// sweepToItsEnd runs a whole sweep without kills.
func sweepToItsEnd(t *testing.T, binary string, args []string) {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
	if exit, ok := err.(*exec.ExitError); err != nil && (!ok || exit.ExitCode() > usage.ExitUnknown) {
		t.Fatalf("%v: %v\n%s", args, err, text)
	}
}

// killedOnTheWay begins or continues a sweep, and kills it when it has written so many more bytes: all
// of its processes, or only the first one. It reports whether the sweep was still under way.
func killedOnTheWay(t *testing.T, binary string, args []string, out string, after int, all bool) bool {
	t.Helper()
	before := len(journalsIn(t, out))
	cmd := exec.Command(binary, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	must.Do(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	bound := time.Now().Add(3 * time.Minute)
	for len(journalsIn(t, out)) < before+after {
		select {
		case <-ended:
			return false
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(bound) {
			killSession(t, cmd.Process.Pid)
			t.Fatalf("it wrote no more for minutes:\n%s", journalsIn(t, out))
		}
	}
	_ = cmd.Process.Kill()
	if all {
		killSession(t, cmd.Process.Pid)
	}
	<-ended
	gone := time.Now().Add(time.Minute)
	for len(inSession(t, cmd.Process.Pid)) > 0 {
		if time.Now().After(gone) {
			t.Fatalf("processes live on: %v", inSession(t, cmd.Process.Pid))
		}
		time.Sleep(10 * time.Millisecond)
	}
	return cmd.ProcessState.ExitCode() == -1 // ended by a signal
}

// killSession kills all processes of a session.
func killSession(t *testing.T, session int) {
	t.Helper()
	for _, pid := range inSession(t, session) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// inSession returns the processes of a session that have not ended. Process groups that zklab creates
// stay in the session.
func inSession(t *testing.T, session int) (pids []int) {
	t.Helper()
	for pid, p := range processes(t) {
		if p.session == session && p.state != 'Z' && p.state != 'X' {
			pids = append(pids, pid)
		}
	}
	return pids
}

// journalsIn returns the lines of all shards below a folder.
func journalsIn(t *testing.T, out string) (all []byte) {
	t.Helper()
	paths := must.Get(filepath.Glob(filepath.Join(out, "sweeps", "*", "*", "*", "runs.jsonl")))(t)
	for _, path := range paths {
		b := must.Get(os.ReadFile(path))(t)
		all = append(all, b...)
	}
	return all
}

// linesOf returns the lines of runs in the order of their seeds. It fails if a seed has two lines, or
// if the kept runs are not those that the lines name.
func linesOf(t *testing.T, out string) (all []sweep.Line) {
	t.Helper()
	for text := range bytes.Lines(journalsIn(t, out)) {
		var l sweep.Line
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if l.Seed > 0 {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b sweep.Line) int { return int(a.Seed - b.Seed) })
	kept := must.Get(filepath.Glob(filepath.Join(out, "sweeps", "*", "*", "*", "runs", "*")))(t)
	told := 0
	for i, l := range all {
		if i > 0 && all[i-1].Seed == l.Seed {
			t.Errorf("seed %d ran twice", l.Seed)
		}
		if l.Kept == "" {
			continue
		}
		told++
		if !slices.ContainsFunc(kept, func(path string) bool { return filepath.Base(path) == fmt.Sprint(l.Seed) }) {
			t.Errorf("the run of seed %d is not in its folder", l.Seed)
		}
	}
	if told != len(kept) {
		t.Errorf("%d runs are kept, of which lines know %d", len(kept), told)
	}
	return all
}

// compareLines reports the seeds in which two sweeps differ, other than in the times and speeds of
// runs.
func compareLines(t *testing.T, want, got string) {
	t.Helper()
	times := cmpopts.IgnoreFields(sweep.Line{}, "WallMS", "AtMS")
	one, other := linesOf(t, want), linesOf(t, got)
	if diff := cmp.Diff(one, other, times); diff != "" {
		t.Errorf("%d lines and %d: %s", len(one), len(other), diff)
	}
}

// mergedJSON returns the summary of all sweeps below a folder that the command gives.
func mergedJSON(t *testing.T, binary, out string) (s sweep.Summary) {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), binary, "merge", out, "--json").Output()
	if len(text) == 0 {
		t.Fatalf("merge: %v", err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return s
}

// wantSame reports how two sweeps differ, other than in times, folders and shards.
func wantSame(t *testing.T, want, got sweep.Summary) {
	t.Helper()
	if len(want.Findings) == 0 {
		t.Errorf("nothing was found, which many sweeps have in common")
	}
	diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(sweep.ShardState{}),
		cmpopts.IgnoreFields(sweep.Summary{}, "Wall", "Spent", "Shards"), cmpopts.IgnoreFields(sweep.Example{}, "Kept"),
		cmpopts.IgnoreFields(sweep.Description{}, "Shard", "Command", "Replay"))
	if diff != "" {
		t.Error(diff)
	}
}
