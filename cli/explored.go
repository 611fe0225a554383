package cli

import (
	"time"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/store"
)

// keepExploration keeps what an exploration found in a store.
func keepExploration(out string, x store.Experiment, subject string, began time.Time, report explore.Report) error {
	kept := explore.Stored{
		Recipe: x.Recipe, Subject: subject, Label: x.Label, Seed: *x.Seed, Began: began.UTC().Truncate(time.Millisecond), Took: time.Since(began), Zklab: version.Line(),
	}
	kept.Of(report, func(s plan.Schedule) string { return againWith(x, s) })
	_, err := kept.Write(out)
	return err
}
