package manyruns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/cli/internal/experiments"
	"github.com/zklab/zklab/cli/internal/process"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/cli/internal/verdicts"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// scenario holds the usual values of a scenario's flags.
var scenario = map[string]string{
	"clients": strconv.Itoa(explore.UsualClients), "ops": strconv.Itoa(explore.UsualOps), "keys": strconv.Itoa(explore.UsualKeys),
	"rate": strconv.Itoa(explore.UsualRate), "time-limit": explore.UsualLength.String(),
}

// liveScenario holds the values that differ for scenarios in real time, where each run must be short.
var liveScenario = map[string]string{"time-limit": "20s", "session-timeout": "2s", "op-timeout": "3s"}

// exploreFlags holds the flags of explore that run does not have.
type exploreFlags struct {
	forTime time.Duration
	jobs    jobs
	page    string // file for the page; "" is none
	shard   string
	config  explore.Config
	program programFlags
}

func newExplore(catalog specimens.Catalog) *cobra.Command {
	x, seed, minLoad := experiments.Defaults()
	f := experiments.Flags{Catalog: catalog}
	var e exploreFlags
	cmd := &cobra.Command{
		Use:   "explore RECIPE | -- COMMAND...",
		Short: "Try each fault at each message of a recipe's small scenario, or of any program's own tests",
		Long: "Explore runs a small scenario once and lists its messages. Then it tries each fault at each\n" +
			"message: it loses requests and replies, cuts connections before and after, expires sessions,\n" +
			"freezes clients until their sessions expire, crashes clients, and kills the connection's server\n" +
			"and the leader. Then it tries pairs of these until --for is over, starting with the pairs that\n" +
			"differ most. It delays watch events only with --faults late-event, since no network does that.\n" +
			"Runs are simulated, except with --subject-command, which runs in real time. RECIPE is\n" +
			"one of " + strings.Join(catalog.Recipes(), ", ") + ".\n\n" +
			"A single run is too short to call a property valid, so all runs are judged together.\n" +
			"Each finding comes with the --faults with which zklab run repeats it. What was found is kept below\n" +
			"OUT/explorations/RECIPE, where zklab serve finds it; the runs are not. The same command continues\n" +
			"after the last pair tried; a different zklab or a different flag begins anew. Several machines can\n" +
			"take a shard of the pairs each, as with zklab sweep; zklab merge combines them.\n" +
			"Exit codes: 0 each single fault was tried, took effect and broke nothing, and each property was\n" +
			"exercised, 1 a property violated, 2 undecided, 3 could not be run, 64 wrong usage. Interrupt\n" +
			"to stop it.\n\n" +
			"With -- COMMAND, explore tests any program by its own tests. It runs COMMAND twice without a fault, then\n" +
			"once with each fault at each message that COMMAND sent, on a new embedded server each time. COMMAND finds\n" +
			"the server in the environment variable ZKLAB_SERVERS, or in {servers} or {port} among its words, and passes\n" +
			"if its exit code is 0. A finding is a run that fails, hangs, sends requests without end, or leaves znodes that\n" +
			"runs without a fault do not leave.",
		Example: "  zklab explore lock --for 1m\n  zklab explore lock --subject go-zookeeper --singles\n" +
			"  zklab explore lock --clients 3 --ops 2\n" +
			"  zklab explore counter --subject-command 'python3 examples/kazoo/adapter.py' --for 2m\n" +
			"  zklab explore -- python3 test_counter.py {servers}",
		Args: recipeOrProgram,
		RunE: func(cmd *cobra.Command, args []string) error { return e.explore(cmd, args, &f, x) },
	}
	scenarioFlags(cmd, x, seed, minLoad, &f)
	flags := cmd.Flags()
	flags.DurationVar(&e.forTime, "for", time.Minute, "time during which runs are started; without it, a COMMAND is tried with all faults")
	e.jobs.addTo(flags)
	flags.StringVar(&e.shard, "shard", "1/1", "part of the pairs to try, and the number of parts: 3/20, auto or auto/20")
	flags.BoolVar(&e.config.Singles, "singles", false, "try single faults only, no pairs")
	flags.BoolVar(&e.config.First, "first", false, "stop at the first finding")
	flags.StringVar(&e.page, "page", "", "another file for the page with what was tried and found (default: "+explore.PageFile+" in the folder below --out)")
	usage.CompletesFiles(cmd, "page")
	e.program.addTo(flags)
	flags.BoolVar(&f.Quiet, "quiet", false, "print no progress")
	flags.BoolVar(&f.JSON, "json", false, "print the report as JSON")
	usage.VerboseFlag(cmd)
	return cmd
}

// explore checks the flags, and explores.
func (e *exploreFlags) explore(cmd *cobra.Command, args []string, f *experiments.Flags, x *store.Experiment) error {
	if e.forTime <= 0 {
		return usage.Errorf("--for must be more than zero")
	}
	for _, name := range notExplored {
		if cmd.Flags().Changed(name) {
			return usage.Errorf("explore has no --%s: it chooses the faults itself, and judges all runs together", name)
		}
	}
	if err := errors.Join(e.jobs.validate(cmd), applies(cmd)); err != nil {
		return err
	}
	if isProgram(cmd) {
		return e.exploreProgram(cmd, args, f, x.Nodes)
	}
	shard, err := sweep.ParseShard(e.shard, os.LookupEnv)
	if err != nil {
		return usage.Errorf("--shard: %v", err)
	}
	e.config.Shard = shard
	kinds := f.Faults
	stored, err := mergeScenario(cmd, f, x, args)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("faults") {
		e.config.Kinds, stored.Faults = kindsOf(kinds), nil
	}
	if stored.Ops == 0 {
		return usage.Errorf("--ops must be more than zero: explore needs a scenario of limited size")
	}
	if !shard.Whole() && !stored.Simulate {
		return usage.Errorf("--shard: runs in real time do not repeat, so their pairs cannot be divided")
	}
	return runExplore(cmd, stored, f, *e)
}

// scenarioFlags adds the flags that describe the scenario.
func scenarioFlags(cmd *cobra.Command, x *store.Experiment, seed *int64, minLoad *int, f *experiments.Flags) {
	experiments.AddFlags(cmd, x, minLoad, f)
	usage.Completes(cmd, "faults", usage.ListOf(exploredKinds))
	flags := cmd.Flags()
	for _, name := range slices.Concat(notExplored, alwaysEmbedded) {
		_ = flags.MarkHidden(name)
	}
	flags.Lookup("out").Usage = "folder in which the result is kept"
	flags.Lookup("ops").Usage = "number of times each client begins something, such as a critical section, a put or a round"
	flags.Lookup("time-limit").Usage = "longest duration of a run"
	flags.Lookup("faults").Usage = "kinds of faults to try, such as lose-reply,expire (default: all)"
	for name, usual := range scenario {
		flag := flags.Lookup(name)
		flag.DefValue = usual
		_ = flag.Value.Set(usual)
	}
	experiments.PlayedByDefault(cmd)
	flags.Int64Var(seed, "seed", 1, "seed of the scenario's operations")
}

// exploreWorkerName is the hidden command of the processes that run the scenario for an exploration
// of more than one job.
const exploreWorkerName = "explore-worker"

func newExploreWorker(catalog specimens.Catalog) *cobra.Command {
	x, seed, minLoad := experiments.Defaults()
	f := experiments.Flags{Catalog: catalog}
	cmd := &cobra.Command{
		Use: exploreWorkerName + " RECIPE", Hidden: true, Args: usage.AtMostOne,
		Short: "Run the scenario for zklab explore (internal)",
		RunE: func(cmd *cobra.Command, args []string) error {
			stored, err := mergeScenario(cmd, &f, x, args)
			if err != nil {
				return err
			}
			e, err := experiments.Of(stored, &f)
			if err != nil {
				return err
			}
			run, err := explore.RunnerOf(e)
			if err != nil {
				return err
			}
			return serveTasks(cmd, explore.Served(run))
		},
	}
	scenarioFlags(cmd, x, seed, minLoad, &f)
	return cmd
}

// exploreRunners returns the runners for a number of jobs: nil, which is this process, for one, workers for more.
func exploreRunners(cmd *cobra.Command, catalog specimens.Catalog, recipe string, jobs int) (runners []explore.Runner, closeAll func(), err error) {
	if jobs == 1 {
		return nil, func() {}, nil
	}
	cfg, err := workersOf(exploreWorkerName, workersArguments(cmd, recipe, newExploreWorker(catalog), "faults", "out"))
	if err != nil {
		return nil, nil, err
	}
	runners, closeAll = startWorkers(jobs, cfg, explore.NewWorker, func(w explore.Worker) explore.Runner { return w.Run })
	return runners, closeAll, nil
}

// notExplored lists the flags of run that do not apply if every message is tried.
var notExplored = []string{"fault-interval", "min-load"}

// alwaysEmbedded lists the flags of run that do not apply if all runs use an embedded ensemble.
var alwaysEmbedded = []string{
	"simulate", "ensemble", "image", "upgrade-to", "servers", "pause-command", "resume-command", "kill-command", "stop-command", "start-command", "where-command",
}

// exploredKinds completes the kinds of faults that can be tried.
func exploredKinds() (values []cobra.Completion) {
	e, err := embedded.Config{}.Sketch()
	if err != nil {
		return nil
	}
	defer e.Close()
	for _, c := range explore.Usual(faults.Setting{Ensemble: e, Processes: true}, time.Second) {
		k, _ := faults.Named(c.Fault.Kind())
		if value := cobra.CompletionWithDesc(k.Name, k.About); !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values
}

// kindsOf returns the kinds of faults that a flag names; nil means all.
func kindsOf(list string) []string {
	if list == "" || list == "all" {
		return nil
	}
	return strings.Split(list, ",")
}

// mergeScenario is like experiments.Merge, with the defaults of a scenario.
func mergeScenario(cmd *cobra.Command, f *experiments.Flags, x *store.Experiment, args []string) (store.Experiment, error) {
	flags := cmd.Flags()
	x.Simulate = x.SubjectCommand == ""
	if !x.Simulate {
		for name, usual := range liveScenario {
			if !flags.Changed(name) {
				_ = flags.Lookup(name).Value.Set(usual)
			}
		}
	}
	limit := x.TimeLimit
	stored, err := experiments.Merge(cmd, f, x, args)
	if err != nil {
		return stored, err
	}
	stored.TimeLimit = cmp.Or(stored.TimeLimit, limit)
	experiments.PlayUnlessGiven(f, &stored)
	return stored, nil
}

// explored is the JSON form of the report.
type explored struct {
	Verdict checker.Result `json:"verdict"`
	Why     []string       `json:"why,omitempty"`
	explore.Report
	Again string `json:"again,omitempty"` // the command that runs a finding again, without its faults
	Zklab string `json:"zklab"`           // of this program
}

// runExplore runs an exploration and prints its report. Its error carries the exit code.
func runExplore(cmd *cobra.Command, stored store.Experiment, f *experiments.Flags, e exploreFlags) error {
	x, err := experiments.Of(stored, f)
	if err != nil {
		return err
	}
	ctx, stop := terminal.UntilSignal()
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, e.forTime)
	defer cancel()
	screen := terminal.NewScreen(cmd.ErrOrStderr(), f.Quiet || f.JSON)
	e.config.Progress = func(r explore.Report) {
		screen.Show("explore", fmt.Sprintf("%d of %d single faults, %d of %d pairs; %d break a promise",
			r.Singles.Tried, r.Singles.All, r.Pairs.Tried, r.Pairs.All, len(r.Findings)))
	}
	begun, jobs := false, e.jobs.of(stored.Simulate, endlessRuns)
	e.config.Begins = func(s plan.Schedule) {
		if !begun { // everything in the command line is valid
			screen.Say("exploring %s of %s with %d clients, %s", stored.Recipe, x.Subject, stored.Clients, howLong(stored))
		}
		begun = true
		if jobs == 1 {
			process.NoteRun(againWith(f.Catalog.Program(), stored, s))
		}
	}
	if err := e.check(x, f.Out); err != nil { // before anything is written
		return err
	}
	kept, err := openKept(cmd, stored, x.Subject, f, e.config)
	if err != nil {
		return err
	}
	defer kept.Close()
	began := time.Now()
	var report explore.Report
	kept.State.Header.Declared = workloads.DeclaredBy(x.Workload)
	if kept.State.Done(e.config) {
		report, _, err = explore.Merge([]explore.State{kept.State})
	} else {
		report, err = exploreOn(ctx, cmd, f.Catalog, x, e, kept)
	}
	screen.End()
	if unrun, ok := errors.AsType[*explore.RunError](err); ok {
		return fmt.Errorf("seed %d, %w; repeat this run with: %s", *stored.Seed, err, againWith(f.Catalog.Program(), stored, unrun.Schedule))
	}
	if err != nil {
		return err
	}
	all := exploredOf(f.Catalog.Program(), stored, report)
	content := explorationPage(f.Catalog.Program(), stored, x.Subject, all)
	page, err := keepExploration(f.Catalog, f.Out, stored, x.Subject, began, all)
	if err == nil && e.page != "" {
		page, err = e.page, reports.WriteExploration(e.page, content)
	}
	if err != nil {
		return err
	}
	return tellExplored(cmd, all, content, page, f.JSON, f.Quiet)
}

// check returns an error if an exploration cannot begin.
func (e *exploreFlags) check(x experiment.Experiment, out string) error {
	if err := usage.Writable("--out", out); err != nil {
		return err
	}
	if err := usage.WritablePage(e.page); err != nil {
		return err
	}
	return explore.Check(x, e.config)
}

// howLong says how long the load of a run lasts.
func howLong(x store.Experiment) string {
	if x.Ops == 0 {
		return "for " + x.TimeLimit.String()
	}
	return fmt.Sprintf("%d times each", x.Ops)
}

// exploreOn continues an exploration from where it ended.
func exploreOn(ctx context.Context, cmd *cobra.Command, catalog specimens.Catalog, x experiment.Experiment, e exploreFlags, kept *explore.Kept) (explore.Report, error) {
	var closeAll func()
	var err error
	if e.config.Runners, closeAll, err = exploreRunners(cmd, catalog, kept.Description.Setting("recipe"), e.jobs.of(x.Command == nil, endlessRuns)); err != nil {
		return explore.Report{}, err
	}
	defer closeAll()
	if x.Command == nil { // runs in real time are different each time
		e.config.From, e.config.Keep = &kept.State, kept.Keep
	}
	return explore.Experiment(ctx, x, e.config, explore.WayOf(x))
}

// exploredOf returns what the command prints about an exploration.
func exploredOf(program string, stored store.Experiment, report explore.Report) explored {
	verdict, why := report.Verdict()
	all := explored{Verdict: verdict, Why: why, Report: report, Zklab: version.Line()}
	if len(report.Findings) > 0 {
		all.Again = againCommand(program, stored)
	}
	return all
}

// tellExplored prints the outcome of an exploration. Its error carries the exit code.
func tellExplored(cmd *cobra.Command, all explored, content reports.Exploration, page string, asJSON, quiet bool) error {
	return verdicts.Print(cmd, verdicts.ExitOf(all.Verdict), all, asJSON, quiet, nil, func(screen onerun.Screen) string {
		return reports.ExplorationSummary(content, page, screen)
	})
}

// againWith returns the command that runs the scenario with a schedule.
func againWith(program string, x store.Experiment, s plan.Schedule) string {
	if len(s.String()) == 0 {
		return againCommand(program, x)
	}
	return againCommand(program, x) + " --faults " + printable.Command(s.String())
}

// againCommand returns the command that runs the scenario with the --faults of x.
func againCommand(program string, x store.Experiment) string {
	words := append([]string{program, "run"}, experiments.RecipeWords(x)...)
	if x.Simulate {
		words = append(words, "--simulate")
	}
	return printable.Command(append(append(words, scenarioWords(x)...), "--min-load", "0")...)
}

// exploreCommand returns the command that explores the scenario.
func exploreCommand(program string, x store.Experiment) string {
	return printable.Command(slices.Concat([]string{program, "explore"}, experiments.RecipeWords(x), scenarioWords(x))...)
}

// scenarioWords returns the flags that describe the scenario.
func scenarioWords(x store.Experiment) (words []string) {
	if x.Simulate {
		words = append(words, "--subject", x.Subject, "--clients-as", x.ClientsAs)
	} else {
		words = append(words, "--subject-command", x.SubjectCommand)
	}
	add := func(flag string, value any) { words = append(words, "--"+flag, fmt.Sprint(value)) }
	add("nodes", x.Nodes)
	add("clients", x.Clients)
	add("ops", x.Ops)
	add("keys", x.Keys)
	add("rate", x.Rate)
	add("time-limit", x.TimeLimit)
	add("session-timeout", x.SessionTimeout)
	add("op-timeout", x.OpTimeout)
	add("seed", *x.Seed)
	if x.Latencies != "" {
		add("latencies", x.Latencies)
	}
	if x.Strict {
		words = append(words, "--strict")
	}
	return words
}
