package gotests

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/pace"
	"github.com/zklab/zklab/internal/virtual/bubble"
)

// repeating returns the property to show and the smallest run that violates it. It runs the seed of that run
// again; if the property is not violated again, it chooses another property and run that is. If there is
// none, note says so. With the overlay every run is repeatable, so it runs nothing again.
func (s *simulations) repeating(t *testing.T) (property string, o *experiment.Outcome, note string) {
	t.Helper()
	property, o = s.told()
	if bubble.Exact() || violatesAgain(t, o, property) {
		return property, o, ""
	}
	tried := []*experiment.Outcome{o}
	for _, other := range slices.Sorted(maps.Keys(s.properties)) {
		smallest := s.properties[other].smallest
		if slices.Contains(tried, smallest) {
			continue
		}
		if violatesAgain(t, smallest, other) {
			return other, smallest, ""
		}
		tried = append(tried, smallest)
	}
	return property, o, fmt.Sprintf("\n  repeats no: run again, %s violated nothing, because Go's runtime made other choices.\n"+
		"          With go test $(zklab overlay) every seed repeats: docs/simulation.md\n", seeds(tried))
}

// violatesAgain runs the seed of a run again, and reports whether the run violates a property. It also
// returns true if the pattern of go test -run excludes the run.
func violatesAgain(t *testing.T, o *experiment.Outcome, property string) bool {
	t.Helper()
	again := true
	t.Run("again", func(t *testing.T) {
		x := o.Made
		x.Quick, x.CheckFor = true, func() time.Duration { return pace.AccuseTime(t) }
		second, err := x.Simulate(t.Context(), t)
		again = err == nil && slices.Contains(second.Result.Violated(), property)
	})
	return again
}

// seeds names the seeds of some runs.
func seeds(runs []*experiment.Outcome) string {
	var numbers []string
	for _, o := range runs {
		numbers = append(numbers, fmt.Sprint(o.Result.Seed))
	}
	return prose.Noun(len(numbers), "seed") + " " + prose.List(numbers, "and")
}
