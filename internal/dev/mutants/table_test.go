package mutants

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/specimens"
)

// The table says for each mutant what found it, and counts the mutants found.
func TestTable(t *testing.T) {
	all := []found{
		{Specimen: specimens.Specimen{Recipe: "lock", Name: "broken:a"}, by: "sweep: seed 3", broken: []string{"exclusion", "progress"}, runs: 12, took: 1500 * time.Millisecond},
		{Specimen: specimens.Specimen{Recipe: "queue", Name: "broken:b"}, runs: 900, took: time.Minute},
	}
	want := [][]string{
		{"recipe", "mutant", "found by", "property", "runs", "after"},
		{"lock", "a", "sweep: seed 3", "exclusion, progress", "12", "1.5 s"},
		{"queue", "b", "not found", "–", "900", "60.0 s"},
	}
	if diff := cmp.Diff(want, table(all)); diff != "" {
		t.Error(diff)
	}
	if got := count(all); got != "1 of 2 mutants were found.\n" {
		t.Error(got)
	}
}
