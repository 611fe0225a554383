//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zklab/zklab/internal/sweep"
)

// However often a sweep is killed, wherever it is, it goes on: each seed has one line in the
// end, the very one that it has where nothing was killed; and nothing lives on.
func TestSweepKilledAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the standard library, the first time")
	}
	binary := exactBinary(t)
	args := []string{
		"sweep", "lock", "--subject", "broken:ignores-expiry", "--seeds", "1..12", "--faults", "expire",
		"--fault-interval", "500ms", "--time-limit", "1s", "--quiet",
	}
	undisturbed := t.TempDir()
	sweepToItsEnd(t, binary, append(args, "--out", undisturbed))
	want := mergedJSON(t, binary, undisturbed)
	if want.Violation == 0 || want.Violation == want.Runs {
		t.Errorf("%d of %d runs are kept", want.Violation, want.Runs)
	}
	for _, jobs := range []string{"1", "2"} {
		t.Run(jobs+" jobs", func(t *testing.T) {
			out := t.TempDir()
			args := append(slices.Clone(args), "--out", out, "--jobs", jobs)
			kills, share := 0, len(journalsIn(t, undisturbed))/8 // so that there are some more to come
			for range 8 {
				if !killedOnTheWay(t, binary, args, out, rand.IntN(share)) {
					break
				}
				kills++
			}
			sweepToItsEnd(t, binary, args)
			if kills < 3 {
				t.Errorf("killed only %d times", kills)
			}
			wantSame(t, want, mergedJSON(t, binary, out))
			compareLines(t, undisturbed, out)
		})
	}
}

// sweepToItsEnd runs a sweep that nobody disturbs.
func sweepToItsEnd(t *testing.T, binary string, args []string) {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
	if exit, ok := err.(*exec.ExitError); err != nil && (!ok || exit.ExitCode() > exitUnknown) {
		t.Fatalf("%v: %v\n%s", args, err, text)
	}
}

// killedOnTheWay begins a sweep, or goes on with it, and kills it when it has written so many
// bytes more; now all of its processes at once, now the first one alone. It says whether the
// sweep was still under way.
func killedOnTheWay(t *testing.T, binary string, args []string, out string, after int) bool {
	t.Helper()
	before, all := len(journalsIn(t, out)), rand.IntN(2) == 0
	cmd := exec.Command(binary, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
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
	return cmd.ProcessState.ExitCode() == -1 // by a signal
}

// killSession kills all processes of a session.
func killSession(t *testing.T, session int) {
	t.Helper()
	for _, pid := range inSession(t, session) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// inSession are the processes of a session that have not ended: groups of their own, which
// zklab makes, stay in it (proc_pid_stat(5)).
func inSession(t *testing.T, session int) (pids []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
		if len(f) > 3 && string(f[3]) == strconv.Itoa(session) && !strings.ContainsAny(string(f[0]), "ZX") {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

// journalsIn are the lines of all shards below a folder.
func journalsIn(t *testing.T, out string) (all []byte) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(out, "sweeps", "*", "*", "*", "runs.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

// linesOf are the lines of runs, in order of their seeds. It is an error if a seed has two, or
// if what was kept is not what the lines say.
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
	kept, err := filepath.Glob(filepath.Join(out, "sweeps", "*", "*", "*", "runs", "*"))
	if err != nil {
		t.Fatal(err)
	}
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

// compareLines says in which seeds two sweeps differ; when and how fast they ran is no difference.
func compareLines(t *testing.T, want, got string) {
	t.Helper()
	times := cmpopts.IgnoreFields(sweep.Line{}, "WallMS", "AtMS")
	one, other := linesOf(t, want), linesOf(t, got)
	if diff := cmp.Diff(one, other, times); diff != "" {
		t.Errorf("%d lines and %d: %s", len(one), len(other), diff)
	}
}

// mergedJSON is the summary of all below a folder, as the command has it.
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

// wantSame says in what two sweeps differ, but for their times, folders and shards.
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
