package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/matrix"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/store"
)

// Choice chooses among the entries of a store. The zero value selects all of them.
type Choice struct {
	Recipe        string
	State         State
	Since, Before time.Time // zero: any
}

// wants reports whether the choice selects an entry with these recipes and this beginning, whatever its
// state. No choice with Since or Before selects an entry whose beginning is unknown.
func (c Choice) wants(began time.Time, recipes ...string) bool {
	return (c.Recipe == "" || slices.Contains(recipes, c.Recipe)) &&
		(c.Since.IsZero() || !began.Before(c.Since)) &&
		(c.Before.IsZero() || !began.IsZero() && began.Before(c.Before))
}

// List returns the runs, sweeps, explorations and matrices in a store that a choice selects, newest first.
// An entry that cannot be read is in the list, with its error. List reads only what the choice can select.
func List(root string, c Choice) ([]Entry, error) {
	runs, err := store.List(root)
	if err != nil {
		return nil, err
	}
	sweeps, err := sweep.InStore(root)
	if err != nil {
		return nil, err
	}
	explorations, err := explore.InStore(root)
	if err != nil {
		return nil, err
	}
	matrices, err := matrix.InStore(root)
	if err != nil {
		return nil, err
	}
	all := make([]Entry, 0, len(runs)+len(sweeps)+len(explorations)+len(matrices))
	for _, s := range runs {
		if c.wants(s.Started, s.Recipe) {
			all = append(all, ofRun(s))
		}
	}
	for _, s := range sweeps {
		if c.wants(s.Began, s.Recipe) {
			all = append(all, ofSweep(s))
		}
	}
	for _, k := range explorations {
		if c.wants(k.Stored.Began, k.Recipe) {
			all = append(all, ofExploration(k))
		}
	}
	for _, m := range matrices {
		if c.wants(m.Stored.Began, m.Stored.Names()...) {
			all = append(all, ofMatrix(m))
		}
	}
	for i := range all {
		all[i].Verdict = all[i].State.inFiles()
	}
	all = slices.DeleteFunc(all, func(e Entry) bool { return c.State != "" && e.State != c.State })
	slices.SortStableFunc(all, func(a, b Entry) int { return b.Started.Compare(a.Started) })
	return all, nil
}

// ofRun describes a run, by its experiment if it has no result.
func ofRun(s store.Summary) Entry {
	e := Entry{Path: s.Run.Path(), Recipe: s.Recipe, Started: s.Started, State: Unfinished, Violated: []string{}, run: s.Run}
	if s.Err != nil {
		e.State, e.Err = Unreadable, s.Err
	}
	if r := s.Result; r != nil {
		e.Subject, e.Ensemble, e.Seed, e.Label = r.Subject, r.Ensemble.Backend, &r.Seed, r.Label
		e.State, e.Interrupted = Of(r.Verdict), r.Interrupted
		e.Violated = append(e.Violated, r.Violated()...)
		e.Duration, e.Operations = r.Stats.Load, &r.Stats.Operations
		if e.State == Unreadable {
			e.Err = fmt.Errorf("%s has the verdict %q", s.Run.Path(), r.Verdict)
		}
		e.Exceeded = slices.ContainsFunc(r.Gates, func(g gates.Result) bool { return g.Result == gates.Exceeded })
	} else if x, err := store.ReadExperiment(s.Run.Experiment()); err == nil {
		e.Subject, e.Ensemble, e.Seed, e.Label = x.Subject, x.Ensemble, x.Seed, x.Label
	}
	return e
}

// ofSweep adds up the runs of a sweep. While the sweep runs, it has no verdict unless it has found a
// violation.
func ofSweep(s sweep.Stored) Entry {
	e := Entry{Path: s.Path, Recipe: s.Recipe, Started: s.Began, State: Unreadable, Violated: []string{}, Alive: s.Running, swept: &s}
	sum, err := (*sweep.Summary)(nil), s.Err
	if err == nil {
		sum, err = sweep.Merge([]string{s.Path})
	}
	if err != nil {
		e.Err = err
		return e
	}
	d := sum.Description
	e.Subject, e.Ensemble, e.Label = d.Setting("subject"), d.Setting("ensemble"), d.Label()
	e.Runs, e.Operations, e.Duration, e.State = &sum.Runs, &sum.Operations, sum.Virtual, Of(sum.Verdict)
	for _, f := range sum.Findings {
		if !f.Measured && !slices.Contains(e.Violated, f.Property) {
			e.Violated = append(e.Violated, f.Property)
		}
	}
	if s.Running && sum.Verdict != checker.Violation {
		e.State = Unfinished
	}
	return e
}

// simulated is the ensemble of explorations.
const simulated = "embedded"

// ofExploration describes an exploration.
func ofExploration(k explore.Entry) Entry {
	x := k.Stored
	e := Entry{Path: k.Path, Recipe: k.Recipe, Started: x.Began, State: Unreadable, Violated: []string{}, explored: &k}
	if k.Err != nil {
		e.Err = k.Err
		return e
	}
	e.Subject, e.Ensemble, e.Seed, e.Label = x.Subject, simulated, &x.Seed, x.Label
	e.Runs, e.Duration, e.State = &x.Runs, x.Took, Of(x.Verdict)
	for _, found := range x.Found {
		if !slices.Contains(e.Violated, found.Property) {
			e.Violated = append(e.Violated, found.Property)
		}
	}
	return e
}

// ofMatrix describes a matrix: its experiments take the place of the recipe, and its servers that of the ensemble.
func ofMatrix(m matrix.Entry) Entry {
	x := m.Stored
	e := Entry{Path: m.Path, Recipe: strings.Join(x.Names(), " "), Started: x.Began, State: Unreadable, Violated: []string{}, matrix: &m}
	if m.Err != nil {
		e.Err = m.Err
		return e
	}
	runs := x.Runs()
	e.Ensemble, e.Label, e.Runs = strings.Join(x.Servers, " "), x.Label, &runs
	e.State, e.Violated, e.Exceeded = Of(x.Verdict), x.Violated(), x.Exceeded()
	return e
}
