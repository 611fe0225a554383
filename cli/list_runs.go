package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
)

// What stands in the place of a verdict.
const (
	unfinished = "unfinished" // the run or the sweep goes on, or it crashed
	unreadable = "unreadable"
)

// verdictsListed are all that a list of runs can say.
var verdictsListed = []string{string(checker.Valid), string(checker.Violation), string(checker.Unknown), unfinished, unreadable}

// listedRun is a stored run, sweep or exploration as --json prints it. docs/results.md describes it.
type listedRun struct {
	Path     string `json:"path"`
	Runs     *int   `json:"runs,omitempty"` // of a sweep or an exploration
	Recipe   string `json:"recipe"`
	Subject  string `json:"subject,omitempty"`
	Ensemble string `json:"ensemble,omitempty"`
	Seed     *int64 `json:"seed,omitempty"`
	Label    string `json:"label,omitempty"`

	Started     time.Time     `json:"started,omitzero"`
	Duration    time.Duration `json:"duration,omitempty"`
	Verdict     string        `json:"verdict"`
	Violated    []string      `json:"violated"`
	Interrupted bool          `json:"interrupted"`
	Operations  *int          `json:"operations,omitempty"`
	Error       string        `json:"error,omitempty"`

	// One of them is set.
	run      *store.Run
	swept    *sweep.Stored
	explored *explore.Entry
	// exceeded means that a gate was; alive that a process works on it, as far as that is known.
	exceeded, alive bool
}

// listedRuns are the runs, sweeps and explorations in a store that a choice takes, newest first.
func listedRuns(root string, c choiceOfRuns) ([]listedRun, error) {
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
	all := make([]listedRun, 0, len(runs)+len(sweeps)+len(explorations))
	for _, s := range runs {
		if c.wants(s.Recipe, s.Started) {
			all = append(all, listedRunOf(s))
		}
	}
	for _, s := range sweeps {
		if c.wants(s.Recipe, s.Began) {
			all = append(all, listedSweep(s))
		}
	}
	for _, k := range explorations {
		if c.wants(k.Recipe, k.Stored.Began) {
			all = append(all, listedExploration(k))
		}
	}
	all = slices.DeleteFunc(all, func(r listedRun) bool { return c.verdict != "" && r.Verdict != c.verdict })
	slices.SortStableFunc(all, func(a, b listedRun) int { return b.Started.Compare(a.Started) })
	return all, nil
}

// choiceOfRuns chooses among runs, sweeps and explorations. Its zero value takes all.
type choiceOfRuns struct {
	recipe, verdict string
	since, before   time.Time // zero: any
}

// wants reports whether the choice takes runs of a recipe that began then, whatever their verdicts. Runs
// whose beginning is not known are taken by no time.
func (c choiceOfRuns) wants(recipe string, began time.Time) bool {
	return (c.recipe == "" || c.recipe == recipe) &&
		(c.since.IsZero() || !began.Before(c.since)) &&
		(c.before.IsZero() || !began.IsZero() && began.Before(c.before))
}

// checkVerdict says what a verdict can be.
func checkVerdict(verdict string) error {
	if verdict == "" || slices.Contains(verdictsListed, verdict) {
		return nil
	}
	return usageError("no run has the verdict %q%sverdicts are %s", verdict, nearest.DidYouMean(verdict, verdictsListed), strings.Join(verdictsListed, ", "))
}

// listedRunOf describes a run, by its experiment if it has no result.
func listedRunOf(s store.Summary) listedRun {
	l := listedRun{Path: s.Run.Path(), Recipe: s.Recipe, Started: s.Started, Verdict: unfinished, Violated: []string{}, run: s.Run}
	if s.Err != nil {
		l.Verdict, l.Error = unreadable, oneLine(s.Err)
	}
	if r := s.Result; r != nil {
		l.Subject, l.Ensemble, l.Seed, l.Label = r.Subject, r.Ensemble.Backend, &r.Seed, r.Label
		l.Verdict, l.Interrupted = string(r.Verdict), r.Interrupted
		l.Violated = append(l.Violated, r.Violated()...)
		l.Duration, l.Operations = r.Stats.Load, &r.Stats.Operations
		l.exceeded = exitOfGates(exitValid, r.Gates) == exitViolation
	} else if x, err := store.ReadExperiment(s.Run.Experiment()); err == nil {
		l.Subject, l.Ensemble, l.Seed, l.Label = x.Subject, x.Ensemble, x.Seed, x.Label
	}
	return l
}

// listedSweep adds up what the runs of a sweep came to. While it goes on, its verdict is not known, unless
// a violation was found.
func listedSweep(s sweep.Stored) listedRun {
	l := listedRun{Path: s.Path, Recipe: s.Recipe, Started: s.Began, Verdict: unreadable, Violated: []string{}, swept: &s, alive: s.Running}
	sum, err := (*sweep.Summary)(nil), s.Err
	if err == nil {
		sum, err = sweep.Merge([]string{s.Path})
	}
	if err != nil {
		l.Error = oneLine(err)
		return l
	}
	d := sum.Description
	l.Subject, l.Ensemble, l.Label = d.Setting("subject"), d.Setting("ensemble"), d.Label()
	l.Runs, l.Operations, l.Duration, l.Verdict = &sum.Runs, &sum.Operations, sum.Virtual, string(sum.Verdict)
	for _, f := range sum.Findings {
		if !f.Measured && !slices.Contains(l.Violated, f.Property) {
			l.Violated = append(l.Violated, f.Property)
		}
	}
	if s.Running && sum.Verdict != checker.Violation {
		l.Verdict = unfinished
	}
	return l
}

// listedExploration describes an exploration.
func listedExploration(k explore.Entry) listedRun {
	x := k.Stored
	l := listedRun{Path: k.Path, Recipe: k.Recipe, Started: x.Began, Verdict: unreadable, Violated: []string{}, explored: &k}
	if k.Err != nil {
		l.Error = oneLine(k.Err)
		return l
	}
	l.Subject, l.Ensemble, l.Seed, l.Label = x.Subject, inProcess, &x.Seed, x.Label
	l.Runs, l.Duration, l.Verdict = &x.Runs, x.Took, string(x.Verdict)
	for _, found := range x.Found {
		if !slices.Contains(l.Violated, found.Property) {
			l.Violated = append(l.Violated, found.Property)
		}
	}
	return l
}

func printRuns(w io.Writer, root string, c choiceOfRuns) error {
	all, err := listedRuns(root, c)
	if err != nil {
		return err
	}
	return printJSON(w, all)
}

// listRuns prints a table, and below it why something could not be read.
func listRuns(w io.Writer, root string, c choiceOfRuns) error {
	runs, err := listedRuns(root, c)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		text := "no runs in " + root
		if c != (choiceOfRuns{}) {
			text = "no such runs in " + root
		}
		fmt.Fprintln(w, text)
		return nil
	}
	t := table(w)
	fmt.Fprintln(t, "RUN, SWEEP OR EXPLORATION\tRECIPE\tSUBJECT\tVERDICT\tRUNS\tOPERATIONS\tLABEL")
	for _, r := range runs {
		number, operations := "1", ""
		if r.Runs != nil {
			number = fmt.Sprint(*r.Runs)
		}
		if r.Operations != nil {
			operations = fmt.Sprint(*r.Operations)
		}
		if r.Label != "" {
			operations += "\t" + printable.Text(r.Label, 100)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Path, r.Recipe, r.Subject, r.Verdict, number, operations)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	tellUnreadable(w, runs)
	return nil
}

// tellUnreadable prints why something could not be read.
func tellUnreadable(w io.Writer, runs []listedRun) {
	for _, r := range runs {
		if r.Error != "" {
			fmt.Fprintln(w, "unreadable: "+r.Error)
		}
	}
}
