package gotests

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/declared"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/pace"
)

// costs holds the costs of the checks of some runs, and the runs whose checks took longer than their share of the test's
// time. The outcome of such a run is not known: it counts neither as decided nor as undecided.
type costs struct {
	took  map[string]time.Duration // by property
	own   map[string]string        // properties that the program declares, each with a description
	cut   []string                 // the seeds of the runs whose checks took longer
	first *experiment.Outcome      // the first of these runs
}

// mostCut is the number of runs whose checks exceed their time after which no other run begins. A function
// that does not return occupies a processor until the process ends.
const mostCut = 3

// charge adds the time of a run's checks. It reports whether the run's outcome is known: a violation stands even if
// other checks exceeded their time.
func (c *costs) charge(o *experiment.Outcome) (done bool) {
	if c.took == nil {
		c.took, c.own = map[string]time.Duration{}, map[string]string{}
	}
	for name, took := range o.Cost.Took {
		c.took[name] += took
	}
	for _, v := range o.Result.Verdicts {
		switch {
		case v.Declared && v.Decider == declared.Search:
			c.own[v.Property] = "specification"
		case v.Declared:
			c.own[v.Property] = "property"
		}
	}
	if !o.Cost.Cut || o.Result.Verdict == checker.Violation {
		return true
	}
	if c.cut = append(c.cut, fmt.Sprint(o.Result.Seed)); len(c.cut) == 1 {
		c.first = o
	}
	return false
}

// tooSlow returns why no other run may begin, or "".
func (c *costs) tooSlow() string {
	if len(c.cut) < mostCut {
		return ""
	}
	return fmt.Sprintf("the checks of %d took too long", len(c.cut))
}

// dear names the property whose checks took most of the time, if they took at least a quarter of passed. It returns ""
// if none did.
func (c *costs) dear(passed time.Duration) string {
	name := ""
	for _, other := range slices.Sorted(maps.Keys(c.took)) {
		if name == "" || c.took[other] > c.took[name] {
			name = other
		}
	}
	if name == "" || 4*c.took[name] < passed {
		return ""
	}
	what := "the property"
	if c.own[name] != "" {
		what = "your " + c.own[name]
	}
	return fmt.Sprintf("%s went into %s %s", c.took[name].Round(100*time.Millisecond), what, name)
}

// tellCut reports the runs whose checks took too long. It fails the test if there are too many of them and nothing
// was violated.
func (s *simulations) tellCut(t *testing.T, x experiment.Experiment) {
	t.Helper()
	n := len(s.cut)
	if n == 0 {
		return
	}
	text := fmt.Sprintf("the checks of %d of %s were ended, since they took longer than their share of the test's time: %s %s",
		n, prose.Count(s.runs+n, "simulation"), prose.Noun(n, "seed"), prose.List(s.cut, "and"))
	if dear := s.dear(s.pace.Passed()); dear != "" {
		text += "; " + dear
	}
	if s.violated > 0 || mostOpen*n < s.runs+n || x.AllowUnknown {
		t.Logf("zklab: %s", text)
		return
	}
	keepFailed(t, x, s.first)
	t.Errorf("zklab: nothing was violated, but %s\n%s", text, whereText(s.first))
}

// inFull decides a violated run again, so that the counterexample of a property becomes small.
func inFull(t *testing.T, o *experiment.Outcome, property string) *experiment.Outcome {
	return o.InFull(t.Context(), pace.AccuseTime(t), property)
}

// join joins the texts that are not empty.
func join(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(text string) bool { return text == "" }), "; ")
}
