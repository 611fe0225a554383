package zklab

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// A test ends at the end of its budget, or so long before its deadline that it can still report.
func TestLimit(t *testing.T) {
	began := time.Now()
	for name, c := range map[string]struct {
		budget, deadline, want time.Duration // since it began; 0: none
		why                    string
	}{
		"a budget alone":                {time.Minute, 0, time.Minute, "the budget of 1m0s is over (Field sets another)"},
		"a deadline much later":         {time.Minute, time.Hour, time.Minute, "budget"},
		"a deadline soon":               {time.Minute, time.Minute, 45 * time.Second, "go test -timeout"},
		"a deadline with time to spare": {time.Hour, 10 * time.Minute, 10*time.Minute - reserved, "go test -timeout"},
		"no budget":                     {-1, 10 * time.Minute, 10*time.Minute - reserved, "go test -timeout"},
		"neither":                       {-1, 0, 0, ""},
	} {
		var deadline, want time.Time
		if c.deadline > 0 {
			deadline = began.Add(c.deadline)
		}
		if c.want > 0 {
			want = began.Add(c.want)
		}
		if got := limitOf(began, c.budget, "Field", deadline); !got.at.Equal(want) || !strings.Contains(got.why, c.why) {
			t.Errorf("%s: after %s: %s", name, got.at.Sub(began), got.why)
		}
	}
}

// Ten single faults that break one promise in one way, of the first ten, are enough.
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
