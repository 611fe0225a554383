package storedruns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/experiments"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/cli/internal/verdicts"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

// replay holds what the command line asks for.
type replay struct {
	known specimens.Catalog
	store string
	times int
}

func newReplay(known specimens.Catalog) *cobra.Command {
	r := replay{known: known}
	cmd := &cobra.Command{
		Use:   "replay PATH",
		Short: "Repeat a stored run, and compare the outcome",
		Long: "Replay runs the experiment of a stored run again, --times times. A replay of a simulated run must\n" +
			"have the same record and transactions, byte for byte; for other runs, replay counts how often\n" +
			"the same property is violated again. Nothing is written. Interrupt once to end the current replay\n" +
			"early, check its record and skip the others; twice to stop.\n\n" +
			"PATH is a run's folder, or latest. Exit codes are those of zklab run, for the worst replay.",
		Example:           "  zklab replay latest\n  zklab replay store/lock/2026-01-31T12-00-00.000Z --times 20",
		Args:              pathArg,
		ValidArgsFunction: usage.FirstArgument(storedRun),
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.times < 1 {
				return usage.Errorf("--times must be more than zero")
			}
			run, err := openWhole(known, r.store, args[0])
			if err != nil {
				return err
			}
			return r.run(cmd, run)
		},
	}
	cmd.Flags().IntVar(&r.times, "times", 2, "number of times to run the experiment")
	cmd.Flags().StringVar(&r.store, "out", "store", "folder of the stored runs, which contains latest")
	usage.CompletesFiles(cmd, "out")
	return cmd
}

// run replays a run, and prints a line for each replay and one for all.
func (r *replay) run(cmd *cobra.Command, run *store.Run) error {
	before, err := run.ReadResult()
	if err != nil {
		return err
	}
	x, simulated, err := storedExperiment(r.known, run)
	if err != nil {
		return err
	}
	screen := terminal.NewScreen(cmd.ErrOrStderr(), false)
	ctx, interrupt, stop := terminal.Interruptible(context.Background(), screen, "ending this replay early, checking its record, and skipping the others")
	defer stop()
	x.Interrupt, x.Progress = interrupt, screen.Progress
	if simulated && before.Interrupted {
		screen.Say("warning: the stored run was interrupted after %s of load: a replay continues beyond that", before.Stats.Load.Round(time.Millisecond))
	}
	whole, same, worst := 0, 0, checker.Valid
	for n := range r.times {
		var a again
		if simulated {
			a, err = simulatedAgain(ctx, x, run)
		} else {
			a, err = really(ctx, x, before)
		}
		screen.End()
		if err != nil {
			return err
		}
		if worst != checker.Violation && a.verdict != checker.Valid {
			worst = a.verdict
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%d of %d: %s, %s\n", n+1, r.times, a.verdict, a.text)
		if a.interrupted {
			break
		}
		whole++
		if a.same {
			same++
		}
	}
	if whole > 0 {
		fmt.Fprintf(cmd.OutOrStdout(), "replays %d of %d\n", same, whole)
	}
	if code := verdicts.ExitOf(worst); code != usage.ExitValid {
		return usage.VerdictError{Code: code}
	}
	return nil
}

// storedExperiment returns the experiment of a stored run, and whether it was simulated.
func storedExperiment(known specimens.Catalog, run *store.Run) (e experiment.Experiment, simulated bool, err error) {
	file, err := store.ReadExperiment(run.Experiment())
	if err != nil {
		return e, false, err
	}
	if err := testAlone(known, run, file, ""); err != nil {
		return e, false, err
	}
	x, _, _ := experiments.Defaults()
	experiments.Lay(file, x)
	e, err = experiments.Of(*x, &experiments.Flags{Catalog: known, Config: run.Experiment()})
	return e, x.Simulate, noUsage(err)
}

// again is the outcome of one replay.
type again struct {
	verdict     checker.Result
	same        bool
	text        string
	interrupted bool // the replay ended early, so it is not compared
}

// simulatedAgain runs a simulation again, and compares the bytes of the records.
func simulatedAgain(ctx context.Context, x experiment.Experiment, run *store.Run) (again, error) {
	o, err := x.Simulate(ctx, nil)
	if err != nil {
		return again{}, err
	}
	if o.Result.Interrupted {
		return cutShort(o.Result), nil
	}
	a := again{verdict: o.Result.Verdict, same: true, text: "the same history"}
	history, transactions := o.Record()
	for _, f := range []struct {
		path    string
		content []byte
	}{{run.History(), history}, {run.Transactions(), transactions}} {
		stored, err := os.ReadFile(f.path)
		if err != nil {
			return a, err
		}
		if line := firstDifference(stored, f.content); line > 0 {
			a.same, a.text = false, fmt.Sprintf("a different history, from line %d of %s on", line, f.path)
			break
		}
	}
	return a, nil
}

// cutShort returns the outcome of a replay that was interrupted.
func cutShort(r *store.Result) again {
	return again{verdict: r.Verdict, interrupted: true, text: fmt.Sprintf("interrupted after %s of load: not compared", r.Stats.Load.Round(time.Millisecond))}
}

// firstDifference returns the number of the first line in which two texts differ; 0 if they are
// equal.
func firstDifference(a, b []byte) int {
	if bytes.Equal(a, b) {
		return 0
	}
	as, bs := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(as), len(bs)) {
		if !bytes.Equal(as[i], bs[i]) {
			return i + 1
		}
	}
	return min(len(as), len(bs)) + 1
}

// really runs an experiment in real time again, and checks whether it violates the same properties
// as before.
func really(ctx context.Context, x experiment.Experiment, before *store.Result) (a again, err error) {
	out, err := store.NewScratch("replay", "replay")
	if err != nil {
		return again{}, err
	}
	defer func() { err = errors.Join(err, out.Discard()) }()
	x.Out = out.Dir
	o, err := x.Run(ctx)
	if err != nil {
		return again{}, backend.WayOut(err, "--ports")
	}
	if o.Result.Interrupted {
		return cutShort(o.Result), nil
	}
	was, is := before.Violated(), o.Result.Violated()
	a = again{verdict: o.Result.Verdict}
	switch i := slices.IndexFunc(was, func(p string) bool { return slices.Contains(is, p) }); {
	case i >= 0:
		a.same, a.text = true, was[i]+" was violated again"
	case len(was) > 0:
		a.text = was[0] + " was kept this time"
	default:
		a.same, a.text = len(is) == 0, "nothing was violated before"
	}
	return a, nil
}
