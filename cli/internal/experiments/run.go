package experiments

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/connect"
	"github.com/zklab/zklab/cli/internal/terminal"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/cli/internal/verdicts"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Flags holds the flags of run that an experiment file cannot contain.
type Flags struct {
	// Catalog has the recipes of this program.
	Catalog specimens.Catalog

	Config string
	Object string // the file that declares the objects
	Out    string
	ports  []int
	Quiet  bool
	JSON   bool
	points bool
	Faults string
	gates  []string
	// servers is the connect string of an external ensemble.
	servers string
	control string // how to control that ensemble's servers
	others  bool   // its servers may be harmed although they have other clients
	plan    bool
	// auth has the names of files and variables with credentials for that ensemble.
	auth []string
	// anyClients means that the user did not choose how clients run: a simulation treats clients as
	// processes if its faults need that.
	anyClients bool
	// given reports whether the command line sets a field of the experiment file; nil means that it
	// sets none.
	given func(field string) bool
}

// Repeater performs the experiment of a command with n seeds, from a first one.
type Repeater func(run *cobra.Command, args []string, n int, seed int64) error

func newRun(catalog specimens.Catalog, repeat Repeater) *cobra.Command {
	x, seed, minLoad := Defaults()
	return RunCommand(x, seed, minLoad, &Flags{Catalog: catalog}, repeat)
}

// RunCommand returns the command run. Its flags fill in the experiment, its seed and minimal load,
// and f. repeat performs the runs of --repeat.
func RunCommand(x *store.Experiment, seed *int64, minLoad *int, f *Flags, repeat Repeater) *cobra.Command {
	var times int
	cmd := &cobra.Command{
		Use:   "run RECIPE",
		Short: "Run a recipe's workload, with or without faults, and check the result",
		Long: "Run starts an ensemble, lets clients use a recipe on it while it injects faults, checks the\n" +
			"recorded history and writes a report. RECIPE is one of\n" + strings.Join(f.Catalog.Recipes(), ", ") + ".\n\n" +
			"On an external ensemble (--ensemble external --servers host:port,...[/chroot]), a run works below a\n" +
			"znode of its own, /zklab/TIME in the chroot, and removes it at the end. It harms servers only with\n" +
			"the commands that you give, each together with the command that undoes it, or with those of their\n" +
			"--control. They run with sh -c on this machine; in them {id} is the server's number, from 1 in the\n" +
			"order of --servers, {ordinal} that from 0, and {host} and {port} are its address.\n\n" +
			"With --repeat N, it runs the experiment with N seeds, one run after the other in real time, as\n" +
			"zklab sweep --swarm=false does: a run that passes leaves one line, a run that fails its folder.\n\n" +
			"Exit codes: 0 every property valid and every --gate kept, 1 a property violated or a gate exceeded,\n" +
			"2 undecided, 3 could not be run, 64 wrong usage. Interrupt once to end the load early and still get a report, twice to stop.",
		Example: "  zklab run lock --faults pause,expire --time-limit 60s\n" +
			"  zklab run lock --faults kill:leader --repeat 20\n" +
			"  zklab run lock --ensemble external --servers zk1:2181,zk2:2181,zk3:2181 --faults expire,pause \\\n" +
			"    --pause-command 'docker pause zk{id}' --resume-command 'docker unpause zk{id}'\n" +
			"  zklab run lock --ensemble external --servers 127.0.0.1:2181,127.0.0.1:2182,127.0.0.1:2183 --faults kill,pause --control compose:compose.yaml\n" +
			"  zklab run lock --clients-as process --faults freeze,crash\n" +
			"  zklab run lock --subject broken\n" +
			"  zklab run register --subject broken:retry-cas-blind --faults lose-reply:setData:who=all/1s",
		Args: usage.AtMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("repeat") && !f.plan {
				return repeat(cmd, args, times, *seed)
			}
			stored, err := Merge(cmd, f, x, args)
			if err != nil {
				return err
			}
			return runExperiment(cmd, stored, f)
		},
	}
	AddFlags(cmd, x, minLoad, f)
	usage.Completes(cmd, "faults", FaultExpression)
	cmd.Flags().IntSliceVar(&f.ports, "ports", nil, "client ports on 127.0.0.1, one per server (default: free ports)")
	cmd.Flags().Int64Var(seed, "seed", 0, "seed of the operations and the schedule of faults (default: random)")
	cmd.Flags().IntVar(&times, "repeat", 0, "run the experiment with this many seeds, from --seed or 1, and summarize the findings")
	cmd.Flags().BoolVar(&f.Quiet, "quiet", false, "print no progress and no timeline of a violation")
	cmd.Flags().BoolVar(&f.plan, "plan", false, "print the commands that the run may give to harm the servers of --servers, and what undoes them; run nothing")
	cmd.Flags().BoolVar(&f.points, "points", false, "list the messages at which faults can be injected, in points.txt of the run's folder")
	cmd.Flags().BoolVar(&f.JSON, "json", false, "print the content of result.json instead of a summary")
	verdicts.Flags(cmd)
	verdicts.GateFlag(cmd, &f.gates)
	return cmd
}

// AddFlags adds the flags that describe a run, the same for all commands that run something.
func AddFlags(cmd *cobra.Command, x *store.Experiment, minLoad *int, f *Flags) {
	flags := cmd.Flags()
	backend.EnsembleFlag(cmd, &x.Ensemble, backend.AllKinds)
	backend.ExternalFlags(cmd, &f.servers, &f.control, &f.others, &f.auth, x)
	backend.ImageFlag(cmd, &x.Image)
	backend.UpgradeFlag(cmd, &x.UpgradeTo)
	flags.StringVar(&x.Subject, "subject", x.Subject, "subject to test: zklab, go-zookeeper, broken, broken:NAME (see zklab list subjects)")
	flags.StringVar(&x.ClientsAs, "clients-as", x.ClientsAs, "how clients run: goroutine, or process (each in its own process, which can be frozen and crashed; simulated with --simulate, and then the default if --faults do that)")
	flags.StringVar(&x.SubjectCommand, "subject-command", "", "shell command of an adapter to test, run once per client (see docs/adapters.md)")
	flags.StringVar(&f.Object, "object", "", "file that declares objects of a kind that zklab does not know, which the --subject-command serves (see docs/declared-objects.md)")
	flags.StringVar(&f.Faults, "faults", "", "faults to inject, such as pause,expire:holder+3s, kill@20s, cut@client1/acquire#2/create#1, all, or none (see zklab list faults)")
	flags.IntVar(minLoad, "min-load", *minLoad, "number of operations that must succeed before the first fault for a verdict of valid (fewer if the first fault comes soon)")
	knobFlags(flags, &x.Settings)
	simulateFlags(cmd, x)
	flags.StringVar(&f.Out, "out", "store", "folder for stored runs")
	flags.StringVar(&f.Config, "config", "", "experiment file to start from (a run's experiment.yaml)")
	cmd.ValidArgsFunction = recipeArgument(f.Catalog)
	usage.Completes(cmd, "subject", subjectOf(f.Catalog))
	usage.Completes(cmd, "clients-as", usage.ChoiceOf(waysOfClients...))
	usage.CompletesFiles(cmd, "subject-command", "object", "out", "config")
}

// knobFlags binds the flags of all knobs to settings.
func knobFlags(flags *pflag.FlagSet, s *settings.Settings) {
	for _, k := range settings.Knobs {
		switch field := k.Field(s).(type) {
		case *int:
			flags.IntVar(field, k.Name(), *field, k.Usage())
		case *float64:
			flags.Float64Var(field, k.Name(), *field, k.Usage())
		case *time.Duration:
			flags.DurationVar(field, k.Name(), *field, k.Usage())
		case *string:
			flags.StringVar(field, k.Name(), *field, k.Usage())
		case *bool:
			flags.BoolVar(field, k.Name(), *field, k.Usage())
		}
	}
}

// Defaults returns the experiment, the seed and the minimal load that apply if no flag changes
// them: the defaults of package zklab.
func Defaults() (x *store.Experiment, seed *int64, minLoad *int) {
	usual, err := experiment.Experiment{Config: engine.Config{Workload: workloads.Lock{New: subjects.NewLock}}}.Complete()
	if err != nil {
		panic(err) // every field has a default
	}
	seed = new(int64)
	return &store.Experiment{
		Subject: workloads.Own, Ensemble: backend.InProcess, ClientsAs: store.Goroutine, Settings: settings.Usual(),
		Seed: seed, MinLoad: &usual.MinLoad,
	}, seed, &usual.MinLoad
}

// Merge returns the experiment of a command line: flags override the experiment file, which
// overrides the defaults. The flags are bound to x.
func Merge(cmd *cobra.Command, f *Flags, x *store.Experiment, args []string) (store.Experiment, error) {
	given := cmd.Flags().Changed
	f.given = func(field string) bool { return given(field) || field == "recipe" && len(args) > 0 }
	f.anyClients = !given("clients-as") && f.Config == ""
	limited, loaded, spaced := given("time-limit"), given("min-load"), given("fault-interval")
	if limited && x.TimeLimit <= 0 {
		return *x, usage.Errorf("--time-limit must be more than zero")
	}
	if spaced && x.FaultInterval == 0 {
		return *x, usage.Errorf("--fault-interval must be more than zero")
	}
	if f.Config != "" {
		if info, err := os.Stat(f.Config); err == nil && info.Size() > longFile {
			terminal.NewScreen(cmd.ErrOrStderr(), f.Quiet || f.JSON).Say("reading %s (%s)", f.Config, prose.Bytes(info.Size()))
		}
		file, err := store.ReadExperiment(f.Config)
		if err != nil {
			return *x, wrongContent(err)
		}
		limited, loaded, spaced = limited || file.TimeLimit != 0, loaded || file.MinLoad != nil, spaced || file.FaultInterval != 0
		if err := applyFile(cmd, x, file); err != nil {
			return *x, err
		}
	}
	if err := mergeEnsemble(cmd, f, x); err != nil {
		return *x, err
	}
	if len(args) == 1 {
		x.Recipe = args[0]
	}
	if err := readObject(cmd, f, x); err != nil {
		return *x, err
	}
	if x.Recipe == "" {
		return *x, usage.Errorf("%s needs a recipe: one of %s", cmd.Name(), strings.Join(f.Catalog.Recipes(), ", "))
	}
	if given("subject") && x.SubjectCommand != "" {
		return *x, usage.Errorf("--subject and --subject-command both name what is tested: give one of them")
	}
	if !given("subject") && x.Subject == workloads.Own {
		x.Subject = firstSubject(f.Catalog, x.Recipe)
	}
	if given("faults") {
		x.Faults, x.Schedule = nil, nil
		if f.Faults != noFaults {
			x.Faults = store.Faults{f.Faults}
		}
	}
	if !limited {
		x.TimeLimit = 0 // the default depends on the faults
	}
	if !loaded {
		x.MinLoad = nil // the default depends on the rate, and on when the first fault comes
	}
	if !spaced {
		x.FaultInterval = 0 // the default depends on the time limit
	}
	return *x, nil
}

// mergeEnsemble adds the flags that say on which ensemble to run.
func mergeEnsemble(cmd *cobra.Command, f *Flags, x *store.Experiment) error {
	given := cmd.Flags().Changed
	if given("servers") {
		var err error
		if x.Servers, x.Chroot, err = connect.ParseServers(f.servers); err != nil {
			return err
		}
	}
	if given("auth") {
		x.Access.Auth = f.auth
	}
	if given("control") {
		if err := backend.Controlled(cmd, f.control, x); err != nil {
			return err
		}
	}
	if err := backend.CheckKind(cmd, *x, f.ports); err != nil {
		return err
	}
	if x.Ensemble == backend.FromElsewhere {
		x.Nodes = len(x.Servers)
	}
	return nil
}

// noFaults is the value of --faults for a run without faults, whatever the experiment file says.
const noFaults = "none"

// applyFile overrides the defaults with the experiment file, and the file with the given flags. If the
// flags choose another kind of ensemble, it ignores the file's settings for its own ensemble.
func applyFile(cmd *cobra.Command, x *store.Experiment, file store.Experiment) error {
	kind := x.Ensemble
	if !cmd.Flags().Changed("ensemble") {
		kind = cmp.Or(file.Ensemble, kind)
	}
	if kind != file.Ensemble && file.Ensemble != "" {
		file.Image, file.UpgradeTo = "", ""
	}
	if kind != backend.FromElsewhere {
		file.Servers, file.Chroot, file.Commands, file.Access = nil, "", ensemble.Commands{}, ensemble.Access{}
	}
	given := map[*pflag.Flag]string{}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if _, list := flag.Value.(pflag.SliceValue); !list { // no field of x is bound to one
			given[flag] = flag.Value.String()
		}
	})
	Lay(file, x)
	for flag, text := range given {
		if err := flag.Value.Set(text); err != nil {
			return err
		}
	}
	return nil
}

// Lay overrides the fields of an experiment with those that a file sets.
func Lay(file store.Experiment, x *store.Experiment) {
	from, to := reflect.ValueOf(file), reflect.ValueOf(x).Elem()
	for i := range from.NumField() {
		switch v := from.Field(i); {
		case v.IsZero():
		case v.Type() == reflect.TypeFor[settings.Settings]():
			x.Settings = file.Over(x.Settings)
		case v.Kind() == reflect.Pointer: // it points to the variable of a flag
			to.Field(i).Elem().Set(v.Elem())
		default:
			to.Field(i).Set(v)
		}
	}
}

// Of turns the stored form of an experiment into one that can be run.
func Of(x store.Experiment, f *Flags) (experiment.Experiment, error) {
	e, err := assembled(x, f)
	return e, f.inFile(err)
}

func assembled(x store.Experiment, f *Flags) (experiment.Experiment, error) {
	var none experiment.Experiment
	if err := positive(x); err != nil {
		return none, err
	}
	command, err := clientCommand(x)
	if err != nil {
		return none, err
	}
	named := x.Subject
	if x.SubjectCommand != "" { // the name of the command's subject is not known
		named, x.Subject = firstSubject(f.Catalog, x.Recipe), x.SubjectCommand
	}
	workload, err := f.workloadOf(x, named)
	if err != nil {
		return none, err
	}
	schedule, err := Schedule(x, f)
	if err != nil {
		return none, err
	}
	if f.given != nil && f.given("upgrade-to") && !schedule.Has(kinds.Upgrade.Name) {
		return none, usage.Errorf("--upgrade-to is for the fault upgrade: add it to --faults")
	}
	starter, err := starter(x, f)
	if err != nil {
		return none, err
	}
	arrivals, err := engine.GivenArrivals(x.Arrivals)
	if err != nil {
		return none, usage.Errorf("%s: %v", f.of("arrivals"), err)
	}
	if _, err := gates.ParseAll(f.gates, workloads.ModelOf(workload), false); err != nil {
		return none, usage.Errorf("--%v", err)
	}
	return experiment.Experiment{
		Config: engine.Config{
			Workload: workload, Subject: x.Subject, Command: command, Ensemble: starter, Settings: x.Settings, MinLoad: minLoad(x),
			Seed: *x.Seed, Out: f.Out, Faults: schedule, Arrivals: arrivals,
		},
		PlayProcesses: x.Simulate && x.ClientsAs == store.Process, OneProcess: !f.anyClients,
		Gates: f.gates, Program: f.Catalog.Program(),
	}, nil
}

// workloadOf returns the workload of a recipe, or of the object that the experiment declares.
func (f *Flags) workloadOf(x store.Experiment, subject string) (workloads.Workload, error) {
	if x.Object != "" && !f.servedHere(x) {
		return objectWorkload(x)
	}
	w, err := f.Catalog.Named(x.Recipe, subject)
	switch {
	case err == nil:
		return w, nil
	case !slices.Contains(f.Catalog.Recipes(), x.Recipe):
		return nil, usage.ValueError{Field: "recipe", Problem: err.Error(), Whole: true}
	}
	return nil, usage.ValueError{Field: "subject", Problem: err.Error(), Whole: true}
}

// minLoad returns the minimal load of an experiment. An explicit 0 differs from one that is left out.
func minLoad(x store.Experiment) int {
	switch {
	case x.MinLoad == nil:
		return 0
	case *x.MinLoad == 0:
		return -1
	}
	return *x.MinLoad
}

// Schedule returns the faults of the flags or the file: drawn by a fault expression, or exactly the
// steps of the file if it has no expression.
func Schedule(x store.Experiment, f *Flags) (plan.Schedule, error) {
	tooMany := func(field string, n int) error {
		if n <= mostFaults {
			return nil
		}
		return usage.ValueError{Field: field, Problem: fmt.Sprintf("has %d faults: a run can have at most %d", n, mostFaults)}
	}
	if x.Faults.Expression() == "" {
		if err := tooMany("schedule", len(x.Schedule)); err != nil {
			return nil, err
		}
		s, err := engine.Given(x.Schedule)
		if err != nil {
			return nil, usage.Errorf("%s: %v", f.of("schedule"), err)
		}
		return s, nil
	}
	var s plan.Schedule
	var err error
	if x.FaultInterval != 0 {
		s, err = plan.Parse(x.Faults.Expression(), x.FaultInterval)
	} else { // neither the flags nor the file give it
		s, err = plan.ParseWithin(x.Faults.Expression(), settings.Usual().FaultInterval, x.TimeLimit)
	}
	if err != nil && f.Faults == "" {
		return nil, usage.Errorf("%s: %v", f.of("faults"), err)
	} else if err != nil {
		return nil, usage.Errorf("--faults %v", err)
	}
	if err := tooMany("faults", len(s.Faults())); err != nil {
		return nil, err
	}
	if late := s.Late(x.TimeLimit); x.TimeLimit > 0 && len(late) > 0 {
		return nil, usage.ValueError{Field: "time-limit", Problem: "is too short: " + prose.Some(len(late), 10, func(i int) string { return late[i] })}
	}
	for _, part := range s {
		if part.Interval > 0 && x.TimeLimit/part.Interval > mostFaults {
			return nil, usage.ValueError{Field: "time-limit", Problem: fmt.Sprintf("must be shorter: a run can have at most %d faults, and there is one every %s", mostFaults, part.Interval)}
		}
	}
	return s, nil
}

// positive returns an error for numbers that make no sense in an experiment.
func positive(x store.Experiment) error {
	if x.FaultInterval == 0 { // neither the flags nor the file give it
		x.FaultInterval = settings.Usual().FaultInterval
	}
	if k, problem := x.Settings.Problem(); problem != "" {
		return usage.ValueError{Field: k.Name(), Problem: problem}
	}
	switch {
	case x.MinLoad != nil && *x.MinLoad < 0:
		return usage.ValueError{Field: "min-load", Problem: usage.NotNegative}
	case *x.Seed < 0:
		return usage.ValueError{Field: "seed", Problem: usage.NotNegative}
	}
	return nil
}

// mostFaults is how many faults a schedule may have: more would take all memory of the machine
// before the load begins.
const mostFaults = 100_000

// longFile is from how many bytes on the reading of an experiment file is announced: it takes seconds.
const longFile = 1 << 20

func starter(x store.Experiment, f *Flags) (ensemble.Starter, error) {
	if x.Simulate {
		return simulatedServers(x, f.ports)
	}
	if x.Latencies != "" {
		return nil, usage.ValueError{Field: "latencies", Problem: "are for simulations: add --simulate"}
	}
	if x.Ensemble == backend.FromElsewhere {
		return backend.Elsewhere(x, f.others)
	}
	if n := len(f.ports); n != 0 && n != x.Nodes {
		return nil, usage.Errorf("--ports names %d ports for %d servers", n, x.Nodes)
	}
	return backend.Backend{Kind: x.Ensemble, Nodes: x.Nodes, Image: x.Image, UpgradeTo: x.UpgradeTo, Host: backend.Loopback, Ports: f.ports}.Starter()
}

// perform runs an experiment until it is over or a signal comes.
func perform(x experiment.Experiment, stored store.Experiment, screen *terminal.Screen) (*experiment.Outcome, error) {
	begin := func(doing, where, clock string) {
		screen.Say("%s %s of %s on %s%s for %s%s", doing, stored.Recipe, stored.Subject, prose.Count(stored.Nodes, "server"), where, x.TimeLimit, clock)
		for _, warning := range x.Warnings() {
			screen.Say("warning: %s", warning)
		}
	}
	ctx, interrupt, stop := terminal.Interruptible(context.Background(), screen, "ending the load; healing, checking and reporting")
	defer stop()
	x.Interrupt, x.Progress = interrupt, screen.Progress
	x.OnEvent = screen.Follows(workloads.ModelOf(x.Workload))
	if stored.Simulate {
		begin("simulating", "", " of virtual time")
		return x.Simulate(ctx, nil)
	}
	begin("running", " ("+stored.Ensemble+")", "")
	return x.Run(ctx)
}

// runExperiment runs an experiment and prints the result. Its error carries the exit code.
func runExperiment(cmd *cobra.Command, stored store.Experiment, f *Flags) error {
	x, err := Of(stored, f)
	if err != nil {
		return err
	}
	if err := allThere(stored, x.Faults); err != nil {
		return f.inFile(err)
	}
	if x, err = Complete(x, stored.Simulate); err != nil {
		return err
	}
	if f.plan {
		return printPlan(cmd.OutOrStdout(), stored, x.Faults)
	}
	if err := usage.Writable("--out", f.Out); err != nil {
		return err
	}
	screen := terminal.NewScreen(cmd.ErrOrStderr(), f.Quiet || f.JSON)
	var points points
	if f.points {
		x.OnPoint = points.add
	}
	outcome, err := perform(x, stored, screen)
	screen.End()
	if outcome == nil {
		return backend.WayOut(err, "--ports")
	}
	if err != nil { // a verdict without a stored run does not count
		return fmt.Errorf("cannot store the run: %w; %s", err, reached(outcome.Result))
	}
	if err := outcome.Unwritten; err != nil { // nor does one without a result
		return fmt.Errorf("cannot store the run: %w; %s; %s decides it again", err, reached(outcome.Result), printable.Command(f.Catalog.Program(), "check", outcome.Run.Dir))
	}
	if f.points {
		if err := points.write(outcome.Run.Points()); err != nil { // the verdict stands
			outcome.Result.Warnings = append(outcome.Result.Warnings, "cannot list the messages of --points: "+usage.OneLine(err))
		}
	}
	return verdicts.PrintResult(cmd, outcome.Run, outcome.Result, f.JSON, f.Quiet)
}

// reached says which verdict was reached on a run that could not be stored.
func reached(r *store.Result) string {
	switch violated := r.Violated(); {
	case len(violated) > 0:
		return "it violated " + prose.List(violated, "and")
	case r.Verdict == checker.Valid:
		return "it was valid"
	}
	return "it was undecided"
}

// numbered matches the names of clients, from 0, and of servers, from 1, in faults.
var numbered = regexp.MustCompile(`\b(client|server)-([0-9]+)\b`)

// allThere returns an error if a fault names a client or a server that does not exist.
func allThere(x store.Experiment, s plan.Schedule) error {
	for _, part := range s {
		if !part.Point.Zero() && part.Point.Client >= x.Clients {
			return usage.ValueError{Field: "faults", Problem: fmt.Sprintf("names client%d: there are %d clients, from client0", part.Point.Client, x.Clients)}
		}
	}
	for _, fault := range s.Faults() {
		for _, name := range numbered.FindAllStringSubmatch(fault.Spec(), -1) {
			n, err := strconv.Atoi(name[2])
			if first, last := map[string]int{"server": 1}[name[1]], map[string]int{"client": x.Clients - 1, "server": x.Nodes}[name[1]]; err != nil || n < first || n > last {
				return usage.ValueError{Field: "faults", Problem: fmt.Sprintf("names %s: there are %s-%d to %s-%d", name[0], name[1], first, name[1], last)}
			}
		}
	}
	return nil
}
