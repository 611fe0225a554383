package zklab

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
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
	return text + "\n  " + firstText(first, small.outcome) + whereText(first)
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

// firstText names the violation in the original run, and says if it may be a different defect than
// the one shown.
func firstText(first, small *Outcome) string {
	v := first.shown()
	text := "That run as it was found: " + v.Property + " is violated"
	if v.Reason != "" {
		text += ": " + printable.Text(v.Reason, 300)
	}
	if other := signatureOf(first).other(signatureOf(small)); other != "" {
		text += "\n  It may be another defect: " + other
	}
	return text + "\n"
}

// signature tells defects apart, as far as a violation shows: the property, the errors of the calls
// that explain it, and the faults that do.
type signature struct {
	property       string
	errors, faults []string
}

func signatureOf(o *Outcome) signature {
	v := o.shown()
	s := signature{property: v.Property}
	note := func(list *[]string, what string) {
		if !slices.Contains(*list, what) {
			*list = append(*list, what)
		}
	}
	for _, t := range v.Committed {
		for _, kind := range t.Faults {
			note(&s.faults, kind)
		}
		for _, index := range t.Calls {
			if op := o.operation(index); op != nil && op.Return != nil && op.Return.Error != nil {
				note(&s.errors, op.Return.Error.Code)
			}
		}
	}
	return s
}

// operation returns the operation that the event with this index belongs to, or nil.
func (o *Outcome) operation(index int) *history.Operation {
	if index < 0 || index >= len(o.History.Events) {
		return nil
	}
	return o.History.OperationAt(index)
}

// other says what a smaller run shows that this one does not. It returns "" if there is no
// difference.
func (s signature) other(small signature) string {
	var texts []string
	if small.property != s.property {
		texts = append(texts, fmt.Sprintf("%s is violated there, %s here", s.property, small.property))
	}
	for _, of := range []struct {
		what        string
		first, then []string
	}{{"calls ended with", s.errors, small.errors}, {"it was about the fault", s.faults, small.faults}} {
		more := slices.DeleteFunc(slices.Clone(of.then), func(one string) bool { return slices.Contains(of.first, one) })
		if len(more) > 0 && len(of.first) > 0 {
			texts = append(texts, fmt.Sprintf("%s %s there, %s here", of.what, prose.List(of.first, "and"), prose.List(more, "and")))
		}
	}
	return strings.Join(texts, "; ")
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
