package mutants

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/dev/command"
	"github.com/zklab/zklab/specimens"
)

// The table says for each mutant what found it, and counts the mutants found.
func TestTable(t *testing.T) {
	got := table([]found{
		{Specimen: specimens.Specimen{Recipe: "lock", Name: "broken:a"}, by: "`sweep`: seed 3", broken: []string{"exclusion", "progress"}, runs: 12, took: 1500 * time.Millisecond},
		{Specimen: specimens.Specimen{Recipe: "queue", Name: "broken:b"}, runs: 900, took: time.Minute},
	})
	want := "1 of 2 mutants were found:\n\n" +
		"| recipe | mutant | found by | property | runs | after |\n|---|---|---|---|---|---|\n" +
		"| lock | a | `sweep`: seed 3 | exclusion, progress | 12 | 1.5 s |\n" +
		"| queue | b | **not found** | – | 900 | 60.0 s |\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

// The page has the marks for the table.
func TestPageHasMarks(t *testing.T) {
	b, err := os.ReadFile("../../../docs/track-record.md")
	begins, ends := command.Marks("mutants")
	if err != nil || !strings.Contains(string(b), begins) || !strings.Contains(string(b), ends) {
		t.Error("docs/track-record.md has no marks for the table", err)
	}
}
