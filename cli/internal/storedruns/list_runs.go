package storedruns

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/nearest"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/lab/catalog"
)

// statesListed lists all states that a list of runs can show.
var statesListed = wordsOf(catalog.Listed)

func wordsOf(states []catalog.State) (words []string) {
	for _, s := range states {
		words = append(words, string(s))
	}
	return words
}

// listedRun is the JSON of an entry of the store. docs/results.md describes it.
type listedRun struct {
	catalog.Entry
	Error string `json:"error,omitempty"`
}

// listedRuns returns the entries of a store that a choice selects, newest first.
func listedRuns(root string, c catalog.Choice) ([]listedRun, error) {
	entries, err := catalog.List(root, c)
	if err != nil {
		return nil, err
	}
	all := make([]listedRun, 0, len(entries))
	for _, e := range entries {
		l := listedRun{Entry: e}
		if e.Err != nil {
			l.Error = usage.OneLine(e.Err)
		}
		all = append(all, l)
	}
	return all, nil
}

// stateNamed returns the state that the flag --verdict names, or an error that lists all.
func stateNamed(verdict string) (catalog.State, error) {
	state := catalog.Named(verdict)
	if verdict == "" || slices.Contains(catalog.Listed, state) {
		return state, nil
	}
	return "", usage.Errorf("no run has the verdict %q%sverdicts are %s", verdict, nearest.DidYouMean(verdict, statesListed), strings.Join(statesListed, ", "))
}

func printRuns(w io.Writer, root string, c catalog.Choice) error {
	all, err := listedRuns(root, c)
	if err != nil {
		return err
	}
	return terminal.PrintJSON(w, all)
}

// listRuns prints a table, and below it why something could not be read.
func listRuns(w io.Writer, root string, c catalog.Choice) error {
	runs, err := listedRuns(root, c)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		text := "no runs in " + root
		if c != (catalog.Choice{}) {
			text = "no such runs in " + root
		}
		fmt.Fprintln(w, text)
		return nil
	}
	t := table(w)
	fmt.Fprintln(t, "RUN, SWEEP, EXPLORATION OR MATRIX\tRECIPE\tSUBJECT\tVERDICT\tRUNS\tOPERATIONS\tLABEL")
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
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Path, r.Recipe, r.Subject, r.State, number, operations)
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
