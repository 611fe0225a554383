package sweep

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/filelock"
	"github.com/zklab/zklab/internal/testkit/must"
)

func description(seeds string) Description {
	s, err := ParseSeeds(seeds)
	if err != nil {
		panic(err)
	}
	return Description{Settings: []Setting{{"recipe", "lock"}, {"faults", "all"}}, Seeds: s, Command: "zklab sweep lock"}
}

// open opens a journal, and fails the test if that is impossible.
func open(t *testing.T, dir string, d Description) *Journal {
	t.Helper()
	l := must.Get(OpenJournal(dir, d, 1))(t)
	t.Cleanup(func() { l.Close() })
	return l
}

// keep creates the folder of a run like a runner.
func keep(t *testing.T, l *Journal, seed int64, text string) {
	t.Helper()
	must.Do(t, os.MkdirAll(l.Folder(seed), 0o755))
	must.Do(t, os.WriteFile(filepath.Join(l.Folder(seed), "history.jsonl"), []byte(text), 0o644))
}

func write(t *testing.T, l *Journal, line Line) {
	t.Helper()
	must.Do(t, l.Write(line))
}

// A sweep whose process was killed can be continued, at whatever byte its journal was cut off: seeds
// with a complete line are not run again, all others are, and folders without a line are removed.
func TestLedgerKilledAnywhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sweep")
	l := open(t, dir, description("1..3"))
	keep(t, l, 2, "of a run that failed")
	for seed, verdict := range map[int64]checker.Result{1: checker.Valid, 2: checker.Violation, 3: checker.Unknown} {
		// The torn line is longer than what is written next: all of it must be removed.
		write(t, l, Line{Seed: seed, Verdict: verdict, Drawn: strings.Repeat("x", 500), NotValid: []Property{{Name: "p", Result: verdict, Shape: "x"}}})
	}
	l.Close()
	whole := must.Get(os.ReadFile(filepath.Join(dir, JournalFile)))(t)
	for n := range len(whole) + 1 {
		if n%9 != 0 && n < len(whole) && !strings.Contains(string(whole[max(0, n-2):n+1]), "\n") {
			continue // all bytes within a line are alike
		}
		dir := filepath.Join(t.TempDir(), "sweep")
		l := open(t, dir, description("1..3"))
		keep(t, l, 2, "of a run that failed")
		l.Close()
		must.Do(t, os.WriteFile(filepath.Join(dir, JournalFile), whole[:n], 0o644))
		l = open(t, dir, description("1..3"))
		for seed := int64(1); seed <= 3; seed++ {
			there := strings.Contains(string(whole[:n]), "\n"+lineOf(whole, seed)+"\n")
			if l.Done(seed) != there {
				t.Fatalf("cut at %d: seed %d done: %v", n, seed, !there)
			}
			if seed == 2 {
				if _, err := os.Stat(l.Folder(2)); (err == nil) != there {
					t.Fatalf("cut at %d: the folder of seed 2 is there: %v", n, err == nil)
				}
			}
			if !there {
				if seed == 2 {
					keep(t, l, 2, "again")
				}
				write(t, l, Line{Seed: seed, Verdict: checker.Valid})
			}
		}
		if err := readable(dir); err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if s := l.Tally.Summary(); s.Runs != 3 {
			t.Fatalf("cut at %d: %d runs", n, s.Runs)
		}
		l.Close()
		merged, err := Merge([]string{dir})
		if err != nil || merged.Runs != 3 || !merged.Complete() {
			t.Fatalf("cut at %d: merged %+v, %v", n, merged, err)
		}
	}
}

// readable returns an error unless every byte of a journal belongs to a line.
func readable(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, JournalFile))
	if err != nil {
		return err
	}
	whole, err := readJournal(bytes.NewReader(b), func(entry) error { return nil })
	if err == nil && whole != int64(len(b)) {
		err = fmt.Errorf("%d of %d bytes are of no line", int64(len(b))-whole, len(b))
	}
	return err
}

// lineOf returns the line of a seed.
func lineOf(journal []byte, seed int64) string {
	for line := range strings.SplitSeq(string(journal), "\n") {
		if strings.HasPrefix(line, `{"seed":`+string(rune('0'+seed))) {
			return line
		}
	}
	return "none"
}

// A journal refuses a sweep other than its own with an error of one line that says what differs. More
// seeds do not make another sweep.
func TestLedgerOfAnotherSweep(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, description("1..10"))
	if _, err := OpenJournal(dir, description("1..10"), 1); !errors.Is(err, filelock.ErrHeld) {
		t.Errorf("opened twice: %v", err)
	}
	write(t, l, Line{Seed: 1, Verdict: checker.Valid})
	l.Close()

	faults, shard, fewer, less := description("1..10"), description("1..10"), description("2..9"), description("1..10")
	faults.Settings[1].Value = "pause"
	shard.Shard = Shard{1, 2}
	less.Settings = less.Settings[:1]
	for want, d := range map[string]Description{
		"faults is all there and pause here": faults, "shard 1/1 is there, and not 1/2": shard,
		"the seeds there are 1..10": fewer, "faults is all there but not set here": less,
	} {
		_, err := OpenJournal(dir, d, 1)
		if !errors.Is(err, ErrOtherSweep) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v; want %q", err, want)
		}
	}
	l = open(t, dir, description("1..12"))
	if !l.Done(1) || l.Done(2) || l.Tally.Description.Seeds.String() != "1..12" {
		t.Errorf("with more seeds: %+v", l.Tally.Description)
	}
}

// Text that is not a line of a sweep is an error with its position, and nothing is overwritten.
func TestLedgerDamaged(t *testing.T) {
	first := `{"sweep":{"format":1,"settings":[{"name":"recipe","value":"lock"},{"name":"faults","value":"all"}],"seeds":"1..10","shard":{"index":0,"of":0}}}` + "\n"
	for text, want := range map[string]string{
		first + "{\"seed\":\"one\"}\n":             "line 2: seed is a string",
		first + "{\"seed\":0}\n":                   "line 2: seed is 0",
		first + "{\"index\":0}\n":                  "line 2: it is not a line of a sweep",
		first + "garbage\n{\"seed\":1}\n":          "line 2: expected a JSON object",
		"{\"seed\":1}\n":                           "line 1: its first line, which describes the sweep, is missing",
		"{\"sweep\":{\"format\":2}}\n":             "line 1: its format is 2",
		"{\"sweep\":{\"seeds\":\"9..1\"}}\n":       "the range runs backwards",
		strings.Repeat("x", mostLine+1<<20) + "\n": "longer than",
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, JournalFile)
		must.Do(t, os.WriteFile(path, []byte(text), 0o644))
		_, err := OpenJournal(dir, description("1..10"), 1)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60q: %v; want %q", text, err, want)
		}
		if now, _ := os.ReadFile(path); string(now) != text {
			t.Errorf("%.60q was changed", text)
		}
	}
}

// A line is read as it was written.
func TestLineRoundTrip(t *testing.T) {
	want := Line{
		Seed: 7, Verdict: checker.Violation, Error: "e", Drawn: "clients 3", Valid: []string{"order"},
		NotValid:   []Property{{Name: "exclusion", Result: checker.Violation, Measured: true, Why: "w", Shape: "s", Faults: []string{"pause"}}},
		Operations: 1, Events: 2, VirtualMS: 3, WallMS: 4, AtMS: 5, Struck: Struck{Faults: map[string][2]int{"pause": {2, 1}}, Unanswered: []string{"pause"}},
		Met: Exercised{"acquire": {Count: 3, Met: map[string]int{"pause": 1}}}, Kept: "runs/7",
	}
	b := must.Get(render(entry{Line: &want}))(t)
	e, err := parseEntry(b)
	if err != nil || e.Line == nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, *e.Line); diff != "" {
		t.Error(diff)
	}
}
