package sweep

import (
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/store"
)

// CausesOf returns the causes of the violations that decide a run, each once, in the order of its
// verdicts.
func CausesOf(result *store.Result, h *history.History) (all []Cause) {
	c := causesOfRun{h: h}
	for _, v := range result.Decisive(checker.Violation) {
		one := Cause{Property: v.Property, Told: sentenceOf(v)}
		one.Shape, one.Faults = c.of(v)
		one.Errors = errorsOf(c.events(v.Counterexample))
		if !slices.ContainsFunc(all, func(other Cause) bool { return other.Key() == one.Key() }) {
			all = append(all, one)
		}
	}
	return all
}

// Covers reports whether another cause is this one in a run that has less in it: the same
// property, with a counterexample that has no operation, no outcome and no sort of error that this
// one lacks. It ignores which clients acted, how often, and under which faults, since shrinking
// removes these from the run.
func (c Cause) Covers(smaller Cause) bool {
	if c.Property != smaller.Property {
		return false
	}
	return includes(c.steps(), smaller.steps()) && includes(c.Errors, smaller.Errors)
}

// Alike finds what some runs all have in common: properties that are violated in each of them, with
// counterexamples of one shape, under whatever faults. The zero value has no runs.
type Alike struct {
	Runs   int
	Causes []Cause // the causes that all runs have
}

// Add adds a run.
func (a *Alike) Add(causes []Cause) {
	if a.Runs++; a.Runs == 1 {
		a.Causes = slices.Clone(causes)
		return
	}
	a.Causes = slices.DeleteFunc(a.Causes, func(c Cause) bool {
		return !slices.ContainsFunc(causes, func(o Cause) bool { return o.Property == c.Property && o.Shape == c.Shape })
	})
}

func includes(all, some []string) bool {
	return !slices.ContainsFunc(some, func(one string) bool { return !slices.Contains(all, one) })
}

// errorsOf returns the codes of the errors in a counterexample, each once.
func errorsOf(events []*history.Event) (codes []string) {
	for _, e := range events {
		if e.Error != nil && !slices.Contains(codes, e.Error.Code) {
			codes = append(codes, e.Error.Code)
		}
	}
	return codes
}

// steps returns the steps of all clients in the shape.
func (c Cause) steps() (all []string) {
	for client := range strings.SplitSeq(c.Shape, betweenClients) {
		for step := range strings.SplitSeq(client, betweenSteps) {
			all = append(all, strings.TrimSuffix(step, again))
		}
	}
	return all
}
