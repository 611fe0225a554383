package manyruns

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/cli/internal/verdicts"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/stats/gates"
)

// SweepFlags holds the flags of sweep that run does not have.
type SweepFlags struct {
	seeds      string
	forTime    time.Duration
	Violations int
	jobs       jobs
	shard      string
	Swarm      bool
	gates      []string
}

// endless has the seeds of a sweep that ends only after a time.
const endless = "1..1000000000"

func newSweep(catalog specimens.Catalog) *cobra.Command {
	return SweepCommand(&SweepFlags{}, NewSwept(catalog))
}

// SweepCommand returns the command sweep, with its flags bound to s and swept.
func SweepCommand(s *SweepFlags, swept *swept) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sweep RECIPE",
		Short: "Run a recipe's workload with many seeds, and summarize the findings",
		Long: "Sweep runs a recipe with many seeds. A run that passes leaves one line, a run that fails its\n" +
			"whole folder. Findings are grouped by cause, each with its smallest run and its frequency.\n" +
			"Each seed also draws the run's parameters: which faults, how many clients and keys, how long\n" +
			"timeouts are. Parameters given as flags are not drawn; --swarm=false draws none.\n\n" +
			"Everything is stored below OUT/sweeps/RECIPE. If interrupted or killed, the same command resumes;\n" +
			"a different zklab or a different flag begins a new sweep.\n\n" +
			"Several machines can take a shard each: --shard 3/20, or --shard auto in a job array of Slurm, AWS\n" +
			"Batch, GitLab or CircleCI (auto/20 in Kubernetes, which does not tell the number of jobs). Each leaves\n" +
			"an archive beside its folder; zklab merge combines them into one page.\n\n" +
			"Exit codes: 0 each property that counts was valid in some run and violated in none, 1 a property\n" +
			"violated or a --gate exceeded, 2 undecided, 3 could not be run, 64 wrong usage. Interrupt once to let current runs\n" +
			"finish, twice to stop; the verdict is not valid then unless all seeds were run.",
		Example: "  zklab sweep lock --seeds 1..1000 --faults all --time-limit 5s\n" +
			"  zklab sweep queue --subject broken --for 10m --until-violations 5 --jobs 4\n" +
			"  zklab sweep lock --faults all --shard 3/20",
		Args: usage.AtMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := swept.Complete(cmd, args, s.Swarm); err != nil {
				return err
			}
			return runSweep(cmd, swept, *s)
		},
	}
	swept.flags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&s.seeds, "seeds", "1..1000", "seeds to run: 42, 1..10000 or 1..100,7 (with --for: unlimited)")
	flags.DurationVar(&s.forTime, "for", 0, "time during which runs are started (default: until all seeds have run)")
	flags.IntVar(&s.Violations, "until-violations", 0, "stop after this number of runs with a violation (default: never)")
	s.jobs.addTo(flags)
	flags.StringVar(&s.shard, "shard", "1/1", "part of the seeds to run, and the number of parts: 3/20, auto or auto/20")
	flags.BoolVar(&s.Swarm, "swarm", true, "let each seed draw its run's parameters (default: true, with --config false)")
	flags.Lookup("swarm").DefValue = "false" // the usage says it in words
	flags.BoolVar(&swept.f.Quiet, "quiet", false, "print no progress")
	flags.BoolVar(&swept.f.JSON, "json", false, "print the summary as JSON")
	verdicts.Flags(cmd)
	verdicts.GateFlag(cmd, &s.gates)
	return cmd
}

// Plan returns the sweep that the flags ask for.
func (s SweepFlags) Plan(cmd *cobra.Command, swept *swept) (d sweep.Description, err error) {
	switch {
	case s.forTime < 0, s.forTime == 0 && cmd.Flags().Changed("for"):
		return d, usage.Errorf("--for must be more than zero: without it, a sweep runs all seeds")
	case s.Violations < 0:
		return d, usage.Errorf("--until-violations must not be negative")
	}
	if err := s.jobs.validate(cmd); err != nil {
		return d, err
	}
	if _, err := gates.ParseAll(s.gates, verdicts.Gated(swept.f.Catalog, swept.stored.Recipe), false); err != nil {
		return d, usage.Errorf("--%v", err)
	}
	seeds := s.seeds
	if s.forTime > 0 && !cmd.Flags().Changed("seeds") {
		seeds = endless
	}
	if d.Seeds, err = sweep.ParseSeeds(seeds); err != nil {
		return d, usage.Errorf("--seeds: %v", err)
	}
	if d.Shard, err = sweep.ParseShard(s.shard, os.LookupEnv); err != nil {
		return d, usage.Errorf("--shard: %v", err)
	}
	if d.Settings, err = swept.settings(); err != nil {
		return d, err
	}
	d.Asked = swept.asked
	command := append([]string{swept.f.Catalog.Program(), "sweep"}, swept.arguments...)
	d.Command = printable.Command(append(command, "--seeds", seeds, "--out", swept.f.Out)...)
	d.Replay = printable.Command(append(command, "--seeds")...) + " {seed} --out " + printable.Command(filepath.Join(swept.f.Out, "again"))
	return d, nil
}

// runSweep runs a sweep and prints its summary. Its error carries the exit code.
func runSweep(cmd *cobra.Command, swept *swept, s SweepFlags) error {
	d, err := s.Plan(cmd, swept)
	if err != nil {
		return err
	}
	if _, err := swept.Experiment(d.Seeds[0].First); err != nil { // before anything is written
		return err
	}
	if err := usage.Writable("--out", swept.f.Out); err != nil {
		return err
	}
	screen := terminal.NewScreen(cmd.ErrOrStderr(), swept.f.Quiet || swept.f.JSON)
	ctx, interrupt, stop := terminal.Interruptible(context.Background(), screen, noMoreRuns)
	defer stop()
	err = s.perform(ctx, swept, d, interrupt, screen, "sweep")
	screen.End()
	if err != nil {
		return err
	}
	folder := swept.folder(d)
	return printMerged(cmd, swept.f.Catalog, []string{folder}, filepath.Join(folder, SweepPage), swept.f.JSON, false, s.gates)
}

// noMoreRuns is the message about the effect of the first interrupt of many runs.
const noMoreRuns = "starting no more runs, and waiting for the current ones"

// folder returns the folder of a sweep.
func (s *swept) folder(d sweep.Description) string {
	return filepath.Join(s.f.Out, sweep.StoreFolder, s.stored.Recipe, d.Name())
}

// perform runs the seeds of a planned sweep that have no line yet, and shows its progress on the screen, as a phase.
func (s SweepFlags) perform(ctx context.Context, swept *swept, d sweep.Description, interrupt <-chan struct{}, screen *terminal.Screen, phase string) error {
	folder := swept.folder(d)
	jobs := s.jobs.of(swept.stored.Simulate, d.Shard.Seeds(d.Seeds))
	journal, err := sweep.OpenJournal(filepath.Join(folder, d.Shard.Name()), d, jobs)
	if err != nil {
		return err
	}
	defer journal.Close()
	runners, closeAll, err := swept.runners(jobs)
	if err != nil {
		return err
	}
	defer closeAll()
	screen.Say("sweeping %s of %s%s in %s", swept.stored.Recipe, cmp.Or(swept.stored.SubjectCommand, swept.stored.Subject), swept.clock(), folder)
	_, err = sweep.Run(ctx, journal, sweep.Config{
		Runners: runners, For: s.forTime, Violations: s.Violations, Interrupt: interrupt,
		Grace:    time.Minute + 2*swept.longest,
		Progress: func(p sweep.Progress) { screen.Show(phase, describeSweep(p)) },
	})
	return err
}

// The pages of a sweep and of an exploration, in its folder.
const (
	SweepPage   = sweep.PageFile
	explorePage = "explore.html"
)

// describeSweep returns a sweep's progress in one line.
func describeSweep(p sweep.Progress) string {
	const width = 20
	full := int(min(p.Done*width/max(p.Seeds, 1), width))
	text := fmt.Sprintf("[%s%s] %d of %d", strings.Repeat("#", full), strings.Repeat("-", width-full), p.Done, p.Seeds)
	switch {
	case p.PerSecond >= 1:
		text += fmt.Sprintf(", %.1f runs a second", p.PerSecond)
	case p.PerSecond > 0:
		text += fmt.Sprintf(", a run every %s", time.Duration(float64(time.Second)/p.PerSecond).Round(100*time.Millisecond))
	}
	text += fmt.Sprintf("; %d violated (%s), %d undecided", p.Violations, prose.Count(p.Causes, "cause"), p.Undecided)
	if p.Errors > 0 {
		text += fmt.Sprintf(", %d not run", p.Errors)
	}
	if p.Left > 0 {
		text += fmt.Sprintf("; %s left", p.Left.Round(time.Second))
	}
	return text
}

// printMerged makes a page of folders and archives, and prints the summary; its error carries
// the exit code. whole means that all shards of the sweep should be there.
func printMerged(cmd *cobra.Command, catalog specimens.Catalog, paths []string, page string, asJSON, whole bool, bounds []string) error {
	if _, err := gates.ParseAll(bounds, nil, false); err != nil { // of whatever recipe
		return usage.Errorf("--%v", err)
	}
	s, err := sweep.Merge(paths)
	if err != nil {
		return err
	}
	if !whole {
		s.Absent = nil // other machines have them
	}
	s.RequireWhole()
	if s.Gates, err = gates.JudgeAll(bounds, verdicts.Gated(catalog, s.Description.Setting("recipe")), &s.Samples); err != nil {
		return usage.Errorf("--%v", err)
	}
	if page != "" {
		if err := reports.WriteSweep(page, s); err != nil {
			return err
		}
	}
	return verdicts.Print(cmd, verdicts.ExitOfGates(verdicts.ExitOf(s.Verdict), s.Gates), s, asJSON, false, reports.SweepAnnotations(s), func(screen onerun.Screen) string {
		return reports.SweepSummary(s, page, screen)
	})
}

// newSweepWorker returns the command of the processes that run seeds for a sweep with more than one
// job.
func newSweepWorker(catalog specimens.Catalog) *cobra.Command {
	swept := NewSwept(catalog)
	swarm := false
	cmd := &cobra.Command{
		Use: sweepWorkerName + " RECIPE", Hidden: true, Args: usage.AtMostOne,
		Short: "Run seeds for zklab sweep (internal)",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := swept.Complete(cmd, args, swarm); err != nil {
				return err
			}
			return serveTasks(cmd, swept.run)
		},
	}
	swept.flags(cmd)
	cmd.Flags().BoolVar(&swarm, "swarm", true, "")
	return cmd
}

// sweepWorkerName is the hidden command of such a process. It is not supervised: the sweep
// looks after it.
const sweepWorkerName = "sweep-worker"

// sweepsHere names the sweeps that the usual store has.
func sweepsHere() string {
	sweeps, _ := filepath.Glob(sweepsInStore)
	if len(sweeps) == 0 {
		return "store/sweeps has none; zklab sweep leaves them below its --out"
	}
	const most = 3
	text := "there are " + strings.Join(sweeps[:min(len(sweeps), most)], ", ")
	if more := len(sweeps) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// sweepsInStore matches the folders of sweeps below the default --out.
var sweepsInStore = filepath.Join("store", sweep.StoreFolder, "*", "*")

func newMerge(catalog specimens.Catalog) *cobra.Command {
	var page string
	var asJSON bool
	var gates []string
	cmd := &cobra.Command{
		Use:   "merge PATH...",
		Short: "Merge the shards of a sweep or an exploration into one summary and page",
		Long: "Merge summarizes the shards of a sweep from their folders and archives (.jsonl.gz), or from a\n" +
			"folder that contains them. Of an exploration it takes the folders of its shards, the files\n" +
			"explored.json in them, or the folder that contains them. It works at any time, even while shards run or after some died: it\n" +
			"lists missing seeds with the command that runs them. Exit codes are those of zklab sweep; while\n" +
			"runs are missing, the verdict is not valid.",
		Example: "  zklab merge store/sweeps/lock/3f70694aa4cfaf8e-of-20\n  zklab merge shards --page sweep.html",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("%s needs folders or archives of a sweep: %s", cmd.Name(), sweepsHere())
			}
			return nil
		},
		ValidArgsFunction: sweptPath,
		RunE: func(cmd *cobra.Command, args []string) error {
			usual := SweepPage
			explorations, err := explore.KeptIn(args)
			if err != nil {
				return err
			}
			if len(explorations) > 0 {
				usual = explorePage
			}
			if err := usage.WritablePage(page); err != nil {
				return err
			}
			if info, err := os.Stat(args[0]); page == "" && len(args) == 1 && err == nil && info.IsDir() {
				page = filepath.Join(args[0], usual)
			}
			if len(explorations) > 0 {
				return mergeExplorations(cmd, catalog, explorations, page, asJSON)
			}
			return printMerged(cmd, catalog, args, page, asJSON, true, gates)
		},
	}
	cmd.Flags().StringVar(&page, "page", "", "file for the page (default: "+SweepPage+" or "+explorePage+" in the folder, if one is given)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the summary as JSON")
	verdicts.Flags(cmd)
	verdicts.GateFlag(cmd, &gates)
	usage.CompletesFiles(cmd, "page")
	return cmd
}

// sweptPath completes the folders of sweeps in the default store; if none begins with the text, the
// shell completes files.
func sweptPath(_ *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	sweeps, _ := filepath.Glob(sweepsInStore)
	return usage.OrFiles(usage.Beginning(toComplete, sweeps))
}
