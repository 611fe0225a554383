package mutants

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/workloads"
)

// The table says of each mutant what found it, and counts what was found.
func TestTable(t *testing.T) {
	got := table([]found{
		{Subject: workloads.Subject{Recipe: "lock", Name: "broken:a"}, by: "`sweep`: seed 3", broken: []string{"exclusion", "progress"}, runs: 12, took: 1500 * time.Millisecond},
		{Subject: workloads.Subject{Recipe: "queue", Name: "broken:b"}, runs: 900, took: time.Minute},
	})
	want := "1 of 2 mutants were found:\n\n" +
		"| recipe | mutant | found by | property | runs | after |\n|---|---|---|---|---|---|\n" +
		"| lock | a | `sweep`: seed 3 | exclusion, progress | 12 | 1.5 s |\n" +
		"| queue | b | **not found** | – | 900 | 60.0 s |\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

// It replaces what was there before, and refuses a file without a place for it.
func TestWriteInto(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	for _, text := range []string{"old\n", "new\n"} {
		if text == "old\n" {
			if err := os.WriteFile(file, []byte("before\n"+begins+ends+"\nafter\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := writeInto(file, text); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "before\n"+begins+"new\n"+ends+"\nafter\n" {
		t.Errorf("%q, %v", b, err)
	}
	if err := os.WriteFile(file, []byte("nothing"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeInto(file, ""); err == nil || !strings.Contains(err.Error(), "has no marks") {
		t.Error(err)
	}
}

// The page has the place.
func TestPageHasMarks(t *testing.T) {
	b, err := os.ReadFile("../../../docs/track-record.md")
	if err != nil || !strings.Contains(string(b), begins) || !strings.Contains(string(b), ends) {
		t.Error("docs/track-record.md has no marks for the table", err)
	}
}
