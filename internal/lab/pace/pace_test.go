package pace

import (
	"strings"
	"testing"
	"time"
)

// A test ends at the end of its budget, or early enough before its deadline to be able to report.
func TestLimit(t *testing.T) {
	began := time.Now()
	for name, c := range map[string]struct {
		budget, deadline, want time.Duration // since the beginning of the test; 0: none
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
