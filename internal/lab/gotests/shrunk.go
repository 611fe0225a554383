package gotests

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/pace"
	"github.com/zklab/zklab/internal/lab/shrink"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// smallestText shows the smallest of the runs that violate a property, shrunk if possible, and says
// where both runs are and how to repeat them. The run has been kept; small and err are the outcome of [shrunk].
func smallestText(first *experiment.Outcome, property string, small *shrink.Smallest, err error) string {
	if err == nil {
		folder := filepath.Join(first.Run.Dir, "shrunk")
		err = small.Keep(folder, first.Run.Dir, printable.Command("cp", (&store.Run{Dir: folder}).GoTest(), ".")+" && go test")
	}
	if err != nil {
		return fmt.Sprintf("the smallest: %s%s  shrunk  no: %v\n", violationText(first, property), whereText(first), err)
	}
	text := fmt.Sprintf("the smallest, made smaller: %s\n  shrunk  to %s, in %s, from the run of seed %d\n",
		violationText(small.Outcome, property), small.To, prose.Count(small.Runs, "run"), first.Result.Seed)
	if small.Ended != "" {
		text += fmt.Sprintf("          it may shrink further: %s\n", small.Ended)
	}
	for _, mattered := range small.WhatMattered() {
		text += "          " + mattered + "\n"
	}
	text += fmt.Sprintf("  test    %s\n  report  %s\n", small.Outcome.Run.GoTest(), small.Outcome.Run.Report())
	return text + "\n  " + firstText(first, property) + whereText(first)
}

// shrinkRuns is the largest number of runs with which a failed test shrinks: they take a few seconds.
const shrinkRuns = 200

// shrinkChecks divides the time for shrinking: the checks of one run may take one part in so many.
const shrinkChecks = 10

// errShrinkTime means that the run could not even be repeated in the time for shrinking.
var errShrinkTime = errors.New("the time for it was up before the run had been repeated")

// shrunk shrinks a run that violates a property.
func shrunk(t *testing.T, o *experiment.Outcome, property string) (small *shrink.Smallest, err error) {
	t.Helper()
	err = errLeftOut
	t.Run("shrink", func(t *testing.T) {
		causes := sweep.CausesOf(o.Result, o.History)
		at := max(0, slices.IndexFunc(causes, func(c sweep.Cause) bool { return c.Property == property }))
		begins, ends := pace.ShrinkTime(t)
		x := o.Made
		x.CheckFor = func() time.Duration { return begins / shrinkChecks }
		ctx, cancel := context.WithTimeoutCause(t.Context(), ends, errShrinkTime)
		defer cancel()
		small, err = shrink.Simulated(ctx, t, x, o, shrink.Config{Cause: causes[at], Runs: shrinkRuns, For: begins})
	})
	return small, err
}

// shrunk shrinks a run that violates a property. If it cannot, it shrinks another run that does, and returns that; if
// none of them can be shrunk, it returns the first, and why.
func (s *simulations) shrunk(t *testing.T, first *experiment.Outcome, property string) (*experiment.Outcome, *shrink.Smallest, error) {
	t.Helper()
	first = inFull(t, first, property)
	small, err := shrunk(t, first, property)
	if err == nil || errors.Is(err, errLeftOut) {
		return first, small, err
	}
	for _, o := range s.properties[property].others {
		if o.Result.Seed == first.Result.Seed {
			continue
		}
		o = inFull(t, o, property)
		if small, err := shrunk(t, o, property); err == nil {
			return o, small, nil
		}
	}
	return first, nil, err
}

// firstText names the violation of a property in the original run. Shrinking keeps to the cause of this violation,
// so the smaller run counts as the same defect; a smaller run may have other faults, and its calls other errors.
func firstText(first *experiment.Outcome, property string) string {
	return "That run as it was found: " + violationOf(first, property).Property + " is violated\n"
}
