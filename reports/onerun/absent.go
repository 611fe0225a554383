package onerun

import (
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
)

// Unchecked names the properties that could not be checked in some of the runs, with the reasons, as
// the end of a sentence about the runs; "" if there are none.
func Unchecked(all []sweep.Unchecked, runs int) string {
	var without []checker.NotAvailable
	for _, u := range all {
		name := u.Property
		if u.Runs < runs {
			name += " in " + words.Plural(u.Runs, "run")
		}
		without = append(without, checker.NotAvailable{Kind: "property", Name: name, Why: u.Why})
	}
	return verdicts.Unchecked(without)
}
