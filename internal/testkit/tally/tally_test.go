package tally

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
)

// A tally counts each run once, and each property once a run.
func TestTally(t *testing.T) {
	var c, twice Tally
	c.Count(checker.Violation, []string{"x", "y", "x"})
	c.Count(checker.Valid, nil)
	c.Count(checker.Unknown, nil)
	twice.Add(c)
	twice.Add(c)
	want := Tally{Runs: 6, Violated: 2, Undecided: 2, Properties: map[string]int{"x": 2, "y": 2}}
	if diff := cmp.Diff(want, twice); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
