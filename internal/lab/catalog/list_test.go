package catalog_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/lab/catalog"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) { testmain.Main(m) }

// stored makes a store with a run for each verdict, an exploration, a matrix, and a sweep and a matrix that
// cannot be read.
func stored(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"lock/2026-01-05T00-00-00.000Z/history.jsonl":                 "",
		"lock/2026-01-05T00-00-00.000Z/experiment.yaml":               "recipe: lock\nsubject: curator\nlabel: night\n",
		"lock/2026-01-04T00-00-00.000Z/history.jsonl":                 "",
		"lock/2026-01-04T00-00-00.000Z/result.json":                   `{"verdict": "unknown", "gates": [{"gate": "errors<1%", "result": "exceeded"}]}`,
		"queue/2026-01-03T00-00-00.000Z/history.jsonl":                "",
		"queue/2026-01-03T00-00-00.000Z/result.json":                  `{"verdict": "violation", "verdicts": [{"property": "order", "result": "violation"}]}`,
		"queue/2026-01-02T00-00-00.000Z/history.jsonl":                "",
		"queue/2026-01-02T00-00-00.000Z/result.json":                  `{"verdict": "splendid"}`,
		"explorations/lock/2026-01-01T00-00-00.000Z/exploration.json": `{"recipe": "lock", "began": "2026-01-01T00:00:00Z", "verdict": "valid", "runs": 9, "found": []}`,
		"matrices/0123456789abcdef/matrix.json":                       `{"verdict": "violation", "began": "2025-12-31T00:00:00Z", "experiments": [{"experiment": "queue"}, {"experiment": "lock"}]}`,
		"matrices/broken/matrix.json":                                 "{",
		"matrices/mine/notes.txt":                                     "",
		"sweeps/lock/3f70694aa4cfaf8e/notes.txt":                      "",
		"mine/notes.txt":                                              "",
	} {
		file := filepath.Join(root, filepath.FromSlash(name))
		must.Do(t, os.MkdirAll(filepath.Dir(file), 0o755))
		must.Do(t, os.WriteFile(file, []byte(text), 0o644))
	}
	return root
}

// Everything in a store is listed once, newest first, with its state.
func TestList(t *testing.T) {
	root := stored(t)
	type line struct {
		Path  string
		Kind  catalog.Kind
		State catalog.State
		Word  string // in JSON
		Why   bool   // the entry has an error
	}
	list := func(c catalog.Choice) (lines []line) {
		all := must.Get(catalog.List(root, c))(t)
		for _, e := range all {
			path, _ := filepath.Rel(root, e.Path)
			lines = append(lines, line{filepath.ToSlash(path), e.Kind(), e.State, e.Verdict, e.Err != nil})
		}
		return lines
	}
	all := []line{
		{"lock/2026-01-05T00-00-00.000Z", catalog.Run, catalog.Unfinished, "unfinished", false},
		{"lock/2026-01-04T00-00-00.000Z", catalog.Run, catalog.Undecided, "unknown", false},
		{"queue/2026-01-03T00-00-00.000Z", catalog.Run, catalog.Violation, "violation", false},
		{"queue/2026-01-02T00-00-00.000Z", catalog.Run, catalog.Unreadable, "unreadable", true},
		{"explorations/lock/2026-01-01T00-00-00.000Z", catalog.Exploration, catalog.Valid, "valid", false},
		{"matrices/0123456789abcdef", catalog.Matrix, catalog.Violation, "violation", false},
		{"sweeps/lock/3f70694aa4cfaf8e", catalog.Sweep, catalog.Unreadable, "unreadable", true},
		{"matrices/broken", catalog.Matrix, catalog.Unreadable, "unreadable", true},
	}
	if diff := cmp.Diff(all, list(catalog.Choice{})); diff != "" {
		t.Error(diff)
	}
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		choice catalog.Choice
		want   []line
	}{
		"recipe": {catalog.Choice{Recipe: "queue"}, []line{all[2], all[3], all[5]}},
		"state":  {catalog.Choice{State: catalog.Unreadable}, []line{all[3], all[6], all[7]}},
		"since":  {catalog.Choice{Since: day(3)}, all[:3]},
		"before": {catalog.Choice{Before: day(3)}, all[3:6]}, // the beginning of the sweep is not known
	} {
		if diff := cmp.Diff(c.want, list(c.choice)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Both words for an undecided run name its state, and each verdict has one.
func TestNamed(t *testing.T) {
	for word, want := range map[string]catalog.State{"unknown": catalog.Undecided, "undecided": catalog.Undecided, "valid": catalog.Valid, "bad": "bad"} {
		if got := catalog.Named(word); got != want {
			t.Errorf("%s is %s, want %s", word, got, want)
		}
	}
}
