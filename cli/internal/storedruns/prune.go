package storedruns

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/catalog"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

// pruning holds what the command line of zklab prune asks for.
type pruning struct {
	out         string
	older       string
	choice      catalog.Choice
	verdict     string
	keepFailing bool
	tests       bool
	remove      bool
}

func newPrune(known specimens.Catalog) *cobra.Command {
	var p pruning
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove old runs, sweeps and explorations from the store, or old runs of failed Go tests",
		Long: "Prune removes the stored runs, sweeps and explorations that began longer ago than --older-than. Without\n" +
			"--remove it only lists them. It spares runs and sweeps that still go on, and everything else in the\n" +
			"store, such as folders that you renamed. The folders of runs that a sweep kept go with the sweep.\n" +
			"The saved progress of an exploration goes by its own age.\n\n" +
			"With --keep-failing it keeps every run whose verdict is not valid, or that exceeded a gate, and every\n" +
			"sweep with such a verdict.\n\n" +
			"With --failed-tests it removes from the temporary folder, not from a store: the runs that failed Go\n" +
			"tests of this user left there, unless a test still uses them.",
		Example: "  zklab prune --older-than 30d --keep-failing\n" +
			"  zklab prune --older-than 30d --keep-failing --remove\n" +
			"  zklab prune --older-than 12h --recipe lock --verdict valid --remove\n" +
			"  zklab prune --failed-tests --older-than 7d --remove",
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.older == "" {
				return usage.Errorf("prune needs --older-than, such as --older-than 30d")
			}
			state, err := stateNamed(p.verdict)
			if err != nil {
				return err
			}
			age, err := parseAge("older-than", p.older)
			if err != nil {
				return err
			}
			if p.tests {
				for _, name := range []string{"out", "keep-failing", "recipe", "verdict"} {
					if cmd.Flags().Changed(name) {
						return usage.Errorf("--failed-tests goes by age alone, not by what is in a store: leave --%s out", name)
					}
				}
				return p.pruneTests(cmd.OutOrStdout(), time.Now().Add(-age))
			}
			if cmd.Flags().Changed("out") {
				if err := store.Exists(p.out); err != nil {
					return err
				}
			}
			if r := p.choice.Recipe; r != "" && !slices.Contains(known.Recipes(), r) && !slices.Contains(recipesIn(p.out), r) {
				return usage.Errorf("--recipe %q: zklab does not know it, and there is nothing of it in %s", r, p.out)
			}
			p.choice.State, p.choice.Before = state, time.Now().Add(-age)
			return p.run(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&p.out, "out", "store", "folder of the stored runs and sweeps")
	flags.StringVar(&p.older, "older-than", "", "age from which runs and sweeps are removed, such as 12h or 30d")
	flags.BoolVar(&p.keepFailing, "keep-failing", false, "keep what is not valid")
	flags.StringVar(&p.choice.Recipe, "recipe", "", "only runs and sweeps of this recipe")
	flags.StringVar(&p.verdict, "verdict", "", "only those with this verdict: "+strings.Join(statesListed, ", "))
	flags.BoolVar(&p.remove, "remove", false, "really remove them")
	flags.BoolVar(&p.tests, "failed-tests", false, "instead of a store: the runs that failed Go tests left in the temporary folder")
	usage.CompletesFiles(cmd, "out")
	usage.Completes(cmd, "recipe", storedRecipes)
	usage.Completes(cmd, "verdict", usage.ChoiceOf(statesListed...))
	return cmd
}

// run removes old entries, or says what it would remove, and prints a summary.
func (p *pruning) run(w io.Writer) error {
	all, err := listedRuns(p.out, p.choice)
	if err != nil {
		return err
	}
	var failed []error
	removed, bytes := map[catalog.Kind]int{}, int64(0)
	for _, r := range all {
		if why := p.spares(&r); why != "" {
			fmt.Fprintf(w, "keeps %s: %s\n", r.Path, why)
			continue
		}
		size := catalog.Size(r.Path)
		doing := "would remove"
		if p.remove {
			doing = "removed"
			if err := r.Remove(); err != nil {
				failed = append(failed, err)
				continue
			}
		}
		fmt.Fprintf(w, "%s %s (%s, %s)\n", doing, r.Path, r.State, megabytes(size))
		bytes += size
		removed[r.Kind()]++
	}
	if p.choice.State == "" {
		bytes += p.forget(w, removed, &failed)
	}
	what := []string{prose.Count(removed[catalog.Run], string(catalog.Run)), prose.Count(removed[catalog.Sweep], string(catalog.Sweep))}
	for _, kind := range []catalog.Kind{catalog.Exploration, catalog.Matrix, aState} {
		if n := removed[kind]; n > 0 {
			what = append(what, prose.Count(n, string(kind)))
		}
	}
	p.sum(w, fmt.Sprintf("%s, %s", prose.List(what, "and"), megabytes(bytes)), len(removed) == 0 && len(failed) == 0, p.out)
	return errors.Join(failed...)
}

// pruneTests removes what failed Go tests left before a time, or says what it would remove.
func (p *pruning) pruneTests(w io.Writer, before time.Time) error {
	bytes := int64(0)
	old, _, err := store.CleanScratch(before, false)
	for _, path := range old {
		size := catalog.Size(path)
		bytes += size
		doing := "would remove"
		if p.remove {
			doing = "removes"
		}
		fmt.Fprintf(w, "%s %s (%s)\n", doing, path, megabytes(size))
	}
	if err == nil && p.remove {
		_, _, err = store.CleanScratch(before, true)
	}
	if err != nil {
		return err
	}
	p.sum(w, fmt.Sprintf("%s of failed tests, %s", prose.Count(len(old), "folder"), megabytes(bytes)), len(old) == 0, os.TempDir())
	return nil
}

// sum prints the last line: what was found in a folder, if anything was, and whether it was removed.
func (p *pruning) sum(w io.Writer, found string, nothing bool, where string) {
	switch {
	case nothing:
		fmt.Fprintf(w, "nothing to remove in %s\n", where)
	case p.remove:
		fmt.Fprintf(w, "removed %s\n", found)
	default:
		fmt.Fprintf(w, "this was a dry run: with --remove, prune removes %s\n", found)
	}
}

// forget removes the saved states of old explorations, from which the same command would continue. It returns
// their size in bytes.
func (p *pruning) forget(w io.Writer, removed map[catalog.Kind]int, failed *[]error) (bytes int64) {
	folders, err := explore.Idle(p.out, p.choice.Recipe, p.choice.Before)
	if err != nil {
		*failed = append(*failed, err)
	}
	for _, folder := range folders {
		size, doing := catalog.Size(folder), "would remove"
		if p.remove {
			doing = "removed"
			if err := explore.RemoveKept(folder); err != nil {
				*failed = append(*failed, err)
				continue
			}
		}
		fmt.Fprintf(w, "%s %s (how far an exploration came, %s)\n", doing, folder, megabytes(size))
		bytes += size
		removed[aState]++
	}
	return bytes
}

// resting is how long nothing may have been written to the record of a run without a result for the run to
// count as crashed.
const resting = time.Hour

// spares returns why a run or sweep is not removed; "" if it is.
func (p *pruning) spares(r *listedRun) string {
	switch run := r.Run(); {
	case r.Alive:
		return "it goes on"
	case r.State == catalog.Unreadable:
		return "it cannot be read: " + r.Error
	case run != nil && !run.Named():
		return "its folder was renamed"
	case run != nil && r.State == catalog.Unfinished && writtenLately(run.History()):
		return "it has no result, and may still go on"
	case p.keepFailing && (r.State != catalog.Valid || r.Exceeded):
		return "it is " + whyFailing(r)
	}
	return ""
}

// writtenLately reports whether a file was written within the last resting. It returns true if that is
// not known.
func writtenLately(file string) bool {
	info, err := os.Stat(file)
	return err != nil || info.ModTime().After(time.Now().Add(-resting))
}

// whyFailing says why a run or a sweep counts as failed.
func whyFailing(r *listedRun) string {
	switch {
	case r.State == catalog.Valid:
		return "over a gate"
	case len(r.Violated) > 0:
		return "a violation of " + prose.List(r.Violated, "and")
	}
	return string(r.State)
}

// aState is the kind under which prune counts the saved states of explorations.
const aState catalog.Kind = "exploration state"

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
