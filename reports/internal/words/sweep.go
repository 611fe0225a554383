package words

import (
	"fmt"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// FindingRate formats how often a finding occurred, with its interval.
func FindingRate(f sweep.Finding) string {
	return fmt.Sprintf("in %s of %s, %s (%s to %s)", prose.Grouped(f.Count), Plural(f.Of, "run"),
		Percent(float64(f.Count)/float64(max(f.Of, 1))), Percent(f.Low), Percent(f.High))
}

// Met lists the faults of a cause.
func Met(c sweep.Cause) string {
	switch {
	case len(c.Faults) == 0:
		return "no fault hit them meanwhile"
	case c.Faults[0] == sweep.ManyKinds:
		return "several kinds of faults hit them meanwhile"
	}
	return prose.List(c.Faults, "and") + " hit them meanwhile"
}
