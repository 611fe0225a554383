package storedruns

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/experiments"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/cli/internal/verdicts"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/judge"
	"github.com/zklab/zklab/internal/lab/shrink"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

// shrinkFlags holds the flags of shrink.
type shrinkFlags struct {
	known    specimens.Catalog
	store    string
	property string
	forTime  time.Duration
	runs     int
	times    int
	quiet    bool
}

func newShrink(known specimens.Catalog) *cobra.Command {
	f := shrinkFlags{known: known}
	cmd := &cobra.Command{
		Use:   "shrink PATH",
		Short: "Shrink a run with a violation, and say what is needed to reproduce it",
		Long: "Shrink repeats a stored run's experiment with less in it: fewer faults, clients, operations, keys\n" +
			"and servers, less time, equal latencies. It leaves a part out for good if the run still violates\n" +
			"the same property with the same kind of counterexample. It stores the smallest run in\n" +
			"the folder shrunk of the run, with the outcome without each of its remaining faults, and with a test\n" +
			"in Go if the subject is one of zklab's own.\n\n" +
			"PATH is the folder of a run or of a sweep's runs/SEED, or latest. Interrupt to end with the\n" +
			"smallest run so far. Exit codes: 1 the violation was reproduced and shrunk, 3 it was not\n" +
			"reproduced or could not be run, 64 wrong usage.",
		Example: "  zklab shrink latest\n  zklab shrink store/sweeps/lock/3f70694aa4cfaf8e/1-of-1/runs/17 --for 10s\n" +
			"  zklab shrink latest --property exclusion --times 5",
		Args:              pathArg,
		ValidArgsFunction: usage.FirstArgument(storedRun),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.forTime <= 0 || f.runs < 1 || f.times < 1 {
				return usage.Errorf("--for, --runs and --times must be more than zero")
			}
			run, err := openWhole(known, f.store, args[0])
			if err != nil {
				return err
			}
			return f.run(cmd, run)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.store, "out", "store", "folder of the stored runs, which contains latest")
	flags.StringVar(&f.property, "property", "", "violated property to preserve (default: the first)")
	flags.DurationVar(&f.forTime, "for", time.Minute, "time during which runs are started")
	flags.IntVar(&f.runs, "runs", shrink.UsualRuns, "maximum number of runs")
	flags.IntVar(&f.times, "times", 1, "number of runs without the violation after which an experiment counts as passing (more if runs differ)")
	flags.BoolVar(&f.quiet, "quiet", false, "print no progress and no timeline of the violation")
	usage.VerboseFlag(cmd)
	usage.Completes(cmd, "property", violatedProperty)
	usage.CompletesFiles(cmd, "out")
	return cmd
}

// run shrinks a run and prints the smallest; its error carries the exit code.
func (f *shrinkFlags) run(cmd *cobra.Command, run *store.Run) error {
	c, err := f.config(run)
	if err != nil {
		return err
	}
	screen := terminal.NewScreen(cmd.ErrOrStderr(), f.quiet)
	screen.Say("shrinking %s of %s: %s is violated", c.From.Recipe, c.From.Subject, c.Cause.Property)
	var from shrink.Size
	c.Progress = func(p shrink.Progress) {
		if p.From != from {
			from = p.From
			screen.Say("from %s", from)
		}
		screen.Show(p.Doing, fmt.Sprintf("%s: %s", prose.Count(p.Runs, "run"), p.To))
	}
	defer screen.Repeat()()
	ctx, stop := terminal.UntilSignal()
	defer stop()
	made := func(x store.Experiment) (experiment.Experiment, error) {
		e, err := experiments.Of(x, &experiments.Flags{Catalog: f.known, Config: run.Experiment()})
		return e, noUsage(err)
	}
	folder := filepath.Join(run.Dir, shrunkName)
	s, err := shrink.Runs(ctx, nil, c, scratch(c.From, folder), made)
	if err == nil {
		err = s.Keep(folder, run.Dir, printable.Command(f.known.Program(), "replay", folder))
	}
	screen.End()
	if err != nil {
		return backend.WayOut(fmt.Errorf("%s: %w", run.Path(), err), "--ports")
	}
	return f.print(cmd, s)
}

// shrunkName is the name of the smallest run's folder, within that of the original run.
const shrunkName = "shrunk"

// scratch returns the folder for runs in real time; "" for simulations.
func scratch(x store.Experiment, folder string) string {
	if x.Simulate {
		return ""
	}
	return folder + ".runs"
}

// config reads the run to shrink.
func (f *shrinkFlags) config(run *store.Run) (c shrink.Config, err error) {
	file, err := store.ReadExperiment(run.Experiment())
	if err != nil {
		return c, err
	}
	if err := testAlone(f.known, run, file, "zklab.Simulate shrinks such runs itself"); err != nil {
		return c, err
	}
	x, _, _ := experiments.Defaults()
	experiments.Lay(file, x)
	result, err := judge.Run(context.Background(), run, checker.Options{Strict: file.Strict})
	if err != nil {
		return c, err
	}
	h, err := run.ReadHistory()
	if err != nil {
		return c, err
	}
	cause, err := f.choose(sweep.CausesOf(result, h), run)
	return shrink.Config{From: *x, Cause: cause, Times: f.times, Runs: f.runs, For: f.forTime}, err
}

// choose returns the first cause of a violation of the property that the user asked for.
func (f *shrinkFlags) choose(causes []sweep.Cause, run *store.Run) (sweep.Cause, error) {
	if len(causes) == 0 {
		return sweep.Cause{}, usage.Errorf("%s has no violation to shrink: %s", run.Path(), advice.CheckRun.Text(run.Path()))
	}
	var names []string
	for _, c := range causes {
		if f.property == "" || c.Property == f.property {
			return c, nil
		}
		if !slices.Contains(names, c.Property) {
			names = append(names, c.Property)
		}
	}
	return sweep.Cause{}, usage.Errorf("--property: %q was not violated in %s, but %s", f.property, run.Path(), strings.Join(names, ", "))
}

// print prints the result of shrinking.
func (f *shrinkFlags) print(cmd *cobra.Command, s *shrink.Smallest) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "shrunk in %s and %.1f s", prose.Count(s.Runs, "run"), s.Took.Seconds())
	if s.NotRun > 0 {
		fmt.Fprintf(out, "; %d could not be run, the last one because %s", s.NotRun, usage.OneLine(s.Last))
	}
	if s.Ended != "" {
		fmt.Fprintf(out, "; it may shrink further: %s", s.Ended)
	}
	fmt.Fprintln(out)
	return verdicts.PrintResult(cmd, s.Outcome.Run, s.Outcome.Result, false, f.quiet)
}
