package cli

import (
	"path/filepath"
	"time"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/store"
)

// keepExploration keeps what an exploration found in a store, with its page, and returns the path of the page.
func keepExploration(out string, x store.Experiment, subject string, began time.Time, all explored) (page string, err error) {
	kept := explore.Stored{
		Recipe: x.Recipe, Subject: subject, Label: x.Label, Seed: *x.Seed, Began: began.UTC().Truncate(time.Millisecond), Took: time.Since(began), Zklab: version.Line(),
	}
	kept.Of(all.Report, func(s plan.Schedule) string { return againWith(x, s) })
	folder, err := kept.Write(out)
	if err != nil {
		return "", err
	}
	page = filepath.Join(folder, explore.PageFile)
	return page, reports.WriteExploration(page, explorationPage(x, subject, all))
}
