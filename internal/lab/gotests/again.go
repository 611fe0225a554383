package gotests

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/virtual/bubble"
)

// repeating returns the violated run to show: the smallest one, or another one if only that violates
// its property again when its seed runs again. If none does, note says so. With the overlay every
// run repeats, so none runs again.
func (s *simulations) repeating(t *testing.T) (o *experiment.Outcome, note string) {
	t.Helper()
	if bubble.Exact() {
		return s.smallest, ""
	}
	tried := []*experiment.Outcome{s.smallest}
	for _, name := range slices.Sorted(maps.Keys(s.properties)) {
		if other := s.properties[name].smallest; !slices.Contains(tried, other) {
			tried = append(tried, other)
		}
	}
	for _, o := range tried {
		if violatesAgain(t, o) {
			return o, ""
		}
	}
	return s.smallest, fmt.Sprintf("\n  repeats no: run again, %s violated nothing, because Go's runtime made other choices.\n"+
		"          With go test $(zklab overlay) every seed repeats: docs/simulation.md\n", seeds(tried))
}

// violatesAgain reports whether the seed of a run violates the property that is shown when it runs
// again, or could not run, since the pattern of go test -run excludes it.
func violatesAgain(t *testing.T, o *experiment.Outcome) bool {
	t.Helper()
	again := true
	t.Run("again", func(t *testing.T) {
		second, err := o.Made.Simulate(t.Context(), t)
		again = err == nil && slices.Contains(second.Result.Violated(), shown(o).Property)
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
