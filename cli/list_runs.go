package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/store"
)

// What stands in the place of a verdict.
const (
	unfinished = "unfinished" // the run goes on, or it crashed
	unreadable = "unreadable"
)

// listedRun is a stored run as --json prints it. docs/results.md describes it.
type listedRun struct {
	Path     string `json:"path"`
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
}

// listedRuns are the runs in a store, newest first.
func listedRuns(root string) ([]listedRun, error) {
	runs, err := store.List(root)
	if err != nil {
		return nil, err
	}
	all := make([]listedRun, 0, len(runs))
	for _, s := range runs {
		all = append(all, listedRunOf(s))
	}
	return all, nil
}

// listedRunOf tells of a run without a result what its experiment says.
func listedRunOf(s store.Summary) listedRun {
	l := listedRun{Path: s.Run.Path(), Recipe: s.Recipe, Started: s.Started, Verdict: unfinished, Violated: []string{}}
	if s.Err != nil {
		l.Verdict, l.Error = unreadable, oneLine(s.Err)
	}
	if r := s.Result; r != nil {
		l.Subject, l.Ensemble, l.Seed, l.Label = r.Subject, r.Ensemble.Backend, &r.Seed, r.Label
		l.Verdict, l.Interrupted = string(r.Verdict), r.Interrupted
		l.Violated = append(l.Violated, r.Violated()...)
		l.Duration, l.Operations = r.Stats.Load, &r.Stats.Operations
	} else if x, err := store.ReadExperiment(s.Run.Experiment()); err == nil {
		l.Subject, l.Ensemble, l.Seed, l.Label = x.Subject, x.Ensemble, x.Seed, x.Label
	}
	return l
}

func printRuns(w io.Writer, root string) error {
	all, err := listedRuns(root)
	if err != nil {
		return err
	}
	return printJSON(w, all)
}

// listRuns prints a table, and below it why something could not be read.
func listRuns(w io.Writer, root string) error {
	runs, err := listedRuns(root)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		fmt.Fprintf(w, "no runs in %s\n", root)
		return nil
	}
	t := table(w)
	fmt.Fprintln(t, "RUN\tRECIPE\tSUBJECT\tVERDICT\tOPERATIONS\tLABEL")
	for _, r := range runs {
		operations := ""
		if r.Operations != nil {
			operations = fmt.Sprint(*r.Operations)
		}
		if r.Label != "" {
			operations += "\t" + printable.Text(r.Label, 100)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Path, r.Recipe, r.Subject, r.Verdict, operations)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range runs {
		if r.Error != "" {
			fmt.Fprintln(w, "unreadable: "+r.Error)
		}
	}
	return nil
}
