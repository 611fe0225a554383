package zklab

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/shrink"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// smallestText shows the smallest of the runs with a violation, shrunk if possible, and says where
// both runs are and how to repeat them. The run has been kept.
func smallestText(t *testing.T, first *Outcome) string {
	t.Helper()
	small, err := shrinkKept(t, first)
	if err != nil {
		return fmt.Sprintf("the smallest: %s%s  shrunk  no: %v\n", violationText(first), whereText(first), err)
	}
	text := fmt.Sprintf("the smallest, made smaller: %s\n  shrunk  to %s, in %s, from the run of seed %d\n",
		violationText(small.outcome), small.To, prose.Count(small.Runs, "run"), first.Result.Seed)
	for _, mattered := range small.mattered() {
		text += "          " + mattered + "\n"
	}
	text += fmt.Sprintf("  test    %s\n  report  %s\n", small.outcome.Run.GoTest(), small.outcome.Run.Report())
	return text + "\n  " + firstText(first) + whereText(first)
}

// shrinkKept shrinks a run that was kept, and keeps the smaller one beside it.
func shrinkKept(t *testing.T, o *Outcome) (small *shrunk, err error) {
	t.Helper()
	shown := o.shown()
	err = errLeftOut
	t.Run("shrink", func(t *testing.T) {
		causes := sweep.CausesOf(o.Result, o.History)
		at := max(0, slices.IndexFunc(causes, func(c sweep.Cause) bool { return c.Property == shown.Property }))
		small, err = shrinkSimulated(t, o.made, o, shrink.Config{Cause: causes[at], For: shrinkTime(t)})
	})
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(o.Run.Dir, "shrunk")
	return small, small.keep(folder, o.Run.Dir, "go test, with "+(&store.Run{Dir: folder}).GoTest()+" in a package that has your constructor")
}

// firstText names the violation in the original run. Shrinking keeps to its cause, so it is taken for
// the same defect; a smaller run may have other faults, and its calls other errors.
func firstText(first *Outcome) string {
	v := first.shown()
	text := "That run as it was found: " + v.Property + " is violated"
	if v.Reason != "" {
		text += ": " + printable.Text(v.Reason, 300)
	}
	return text + "\n"
}

// shown returns the violation to show. Violations of safety come before violations of liveness,
// since a stuck client shows less of the cause.
func (o *Outcome) shown() checker.Verdict {
	all := o.Result.Decisive(checker.Violation)
	for _, v := range all {
		if !checker.Liveness(o.Result.Recipe, v.Property) {
			return v
		}
	}
	return all[0]
}
