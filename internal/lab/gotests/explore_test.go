package gotests

import (
	"testing"

	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// If the first ten single faults all break the same promise in the same way, that is enough.
func TestFaultsThatFailAlike(t *testing.T) {
	report := func(tried, found int, last string) (r explore.Report) {
		r.Singles.Tried = tried
		for range found - 1 {
			r.Findings = append(r.Findings, explore.Finding{Causes: []sweep.Cause{{Property: "exclusion", Shape: "acquire ok"}}})
		}
		r.Findings = append(r.Findings, explore.Finding{Causes: []sweep.Cause{{Property: "exclusion", Shape: last}}})
		return r
	}
	for name, c := range map[string]struct {
		r      explore.Report
		enough bool
	}{
		"ten of ten":           {report(10, 10, "acquire ok"), true},
		"nine of nine":         {report(9, 9, "acquire ok"), false},
		"ten of eleven":        {report(11, 10, "acquire ok"), false},
		"the last one differs": {report(10, 10, "release ok"), false},
	} {
		if why := singlesFailAlike(c.r); (why != "") != c.enough || c.enough && why != "the first 10 failed alike (exclusion: acquire ok)" {
			t.Errorf("%s: %q", name, why)
		}
	}
}
