package reports

import (
	"fmt"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// findingRate formats how often a finding occurred, with its interval.
func findingRate(f sweep.Finding) string {
	return fmt.Sprintf("in %s of %s, %s (%s to %s)", prose.Grouped(f.Count), plural(f.Of, "run"),
		percent(float64(f.Count)/float64(max(f.Of, 1))), percent(f.Low), percent(f.High))
}

// metWords lists the faults of a cause.
func metWords(c sweep.Cause) string {
	switch {
	case len(c.Faults) == 0:
		return "no fault hit them meanwhile"
	case c.Faults[0] == sweep.ManyKinds:
		return "several kinds of faults hit them meanwhile"
	}
	return prose.List(c.Faults, "and") + " hit them meanwhile"
}
