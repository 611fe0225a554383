// Package gotests runs experiments as Go tests: one run, simulations with many seeds, or an exploration. It
// writes the outcome of the runs to the test's log, and keeps the folders of runs that failed.
package gotests

import (
	"errors"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
)

// Test runs an experiment as a test; see zklab.Test.
func Test(t testing.TB, x experiment.Experiment) *experiment.Outcome {
	t.Helper()
	x, err := forTest(x, t.Name())
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	x, made, err := place(t, x)
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	x.Brief = made != nil
	outcome, err := x.Run(t.Context())
	if err != nil {
		t.Fatalf("zklab: the experiment could not be run: %v", errors.Join(err, discard(made)))
	}
	r := outcome.Result
	if made == nil || !x.Passes(r) { // the folder stays
		tellUnwritten(t, outcome)
	}
	switch {
	case r.Verdict == checker.Violation:
		keep(t, made)
		t.Errorf("zklab: %s%s", violationText(outcome, shown(outcome)), whereText(outcome))
		return outcome
	case !x.Decided(r):
		keep(t, made)
		t.Errorf("zklab: nothing was violated, but not everything was decided\n%s%s", undecidedText(r), whereText(outcome))
		return outcome
	case !x.KeepsGates(r.Gates):
		keep(t, made)
		t.Errorf("zklab: %s%s", gatesText(r.Gates), whereText(outcome))
		return outcome
	case r.Verdict != checker.Valid:
		t.Logf("zklab: not everything was decided\n%s", undecidedText(r))
	}
	var l looked
	l.add(r)
	t.Logf("zklab: %s, seed %d, %s%s\n%s", r.Verdict, r.Seed, prose.Count(r.Stats.Operations, "operation"), faultless(r), inGo(l.text(r.Recipe)))
	if err := discard(made); err != nil {
		t.Errorf("zklab: %v", err)
	}
	return outcome
}
