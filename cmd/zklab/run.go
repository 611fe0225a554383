package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// runFlags are the flags of run that an experiment file does not hold.
type runFlags struct {
	config string
	out    string
	ports  []int
	quiet  bool
	json   bool
	faults string
}

func newRun() *cobra.Command {
	x, seed, minLoad := defaults()
	return runCommand(x, seed, minLoad, &runFlags{})
}

// runCommand is the command whose flags fill in an experiment, its seed and
// minimal load, and what goes beyond it.
func runCommand(x *store.Experiment, seed *int64, minLoad *int, f *runFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run RECIPE",
		Short: "Run a recipe's workload, with or without faults, and check and report it",
		Long: "Run starts an ensemble, lets clients use a recipe on it while faults happen, checks the\n" +
			"recorded history and writes a report. RECIPE is one of\n" + strings.Join(workloads.Recipes(), ", ") + ".\n\n" +
			"Exit codes: 0 every property valid, 1 a property violated, 2 undecided, 3 could not be run,\n" +
			"64 wrong usage. Interrupt once to end the load early and still get a report, twice to stop.",
		Example: "  zklab run lock --faults pause,expire --time-limit 60s\n" +
			"  zklab run lock --clients-as process --faults freeze,crash\n" +
			"  zklab run lock --subject broken\n" +
			"  zklab run register --subject broken:retry-cas-blind --faults lose-reply:setData:who=all/1s",
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			stored, err := merge(cmd, f, x, args)
			if err != nil {
				return err
			}
			return runExperiment(cmd, stored, f)
		},
	}
	flags := cmd.Flags()
	ensembleFlag(cmd, &x.Ensemble)
	flags.IntVar(&x.Nodes, "nodes", x.Nodes, "servers of the ensemble")
	imageFlag(cmd, &x.Image)
	flags.IntSliceVar(&f.ports, "ports", nil, "client ports on 127.0.0.1, one a server (default: free ones)")
	flags.StringVar(&x.Subject, "subject", x.Subject, "what to test: zklab, go-zookeeper, broken, broken:NAME (see zklab list subjects)")
	flags.StringVar(&x.ClientsAs, "clients-as", x.ClientsAs, "how clients run: goroutine, or process (each one its own, which can be frozen and crashed)")
	flags.StringVar(&x.SubjectCommand, "subject-command", "", "shell command of an adapter to test, which each client runs as (see docs/adapters.md)")
	flags.IntVar(&x.Clients, "clients", x.Clients, "clients, each with a session of its own")
	flags.Float64Var(&x.Rate, "rate", x.Rate, "operations a second that all clients together begin")
	flags.IntVar(&x.Keys, "keys", x.Keys, "locks, elections, queues, registers or folders in use at once")
	flags.DurationVar(&x.TimeLimit, "time-limit", x.TimeLimit, "length of the load (with faults, if it is not given, enough for each of them)")
	flags.StringVar(&f.faults, "faults", "", "faults to inject, such as pause,expire:holder+3s, kill@20s, or all (see zklab list faults)")
	flags.DurationVar(&x.FaultInterval, "fault-interval", x.FaultInterval, "time from one fault to the next; each lasts half of it")
	flags.DurationVar(&x.SessionTimeout, "session-timeout", x.SessionTimeout, "session time-out that clients ask for")
	flags.DurationVar(&x.OpTimeout, "op-timeout", x.OpTimeout, "how long a client waits for one operation")
	flags.IntVar(minLoad, "min-load", *minLoad, "operations that must succeed before the first fault for a valid to count")
	flags.Int64Var(seed, "seed", 0, "fixes operations and schedule (default: drawn)")
	flags.BoolVar(&x.Strict, "strict", false, "let measured properties (belief) decide, too")
	flags.StringVar(&f.out, "out", "store", "folder of the stored runs")
	flags.StringVar(&f.config, "config", "", "experiment file to start from (experiment.yaml of a run)")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress, and no timeline of a violation")
	flags.BoolVar(&f.json, "json", false, "print result.json's content instead of a summary")
	return cmd
}

// defaults are the experiment that no flag changes.
func defaults() (x *store.Experiment, seed *int64, minLoad *int) {
	seed, minLoad = new(int64), new(int)
	*minLoad = 200
	return &store.Experiment{
		Subject: workloads.Own, Ensemble: inProcess, Nodes: 3, ClientsAs: store.Goroutine,
		Clients: 5, Rate: 100, Keys: 3, TimeLimit: 10 * time.Second,
		SessionTimeout: 4 * time.Second, OpTimeout: 5 * time.Second, FaultInterval: 10 * time.Second,
		Seed: seed, MinLoad: minLoad,
	}, seed, minLoad
}

// merge gives the experiment of a command line: the defaults, what the file
// says, what flags say.
func merge(cmd *cobra.Command, f *runFlags, flagged *store.Experiment, args []string) (store.Experiment, error) {
	x, limited := *flagged, cmd.Flags().Changed("time-limit")
	if limited && x.TimeLimit <= 0 {
		return x, usageError("--time-limit must be more than zero")
	}
	if f.config != "" {
		file, err := store.ReadExperiment(f.config)
		if err != nil {
			return x, err
		}
		limited = limited || file.TimeLimit != 0
		x = overlay(cmd, file, *flagged)
	}
	if len(args) == 1 {
		x.Recipe = args[0]
	}
	if x.Recipe == "" {
		return x, usageError("run needs a recipe: one of %s", strings.Join(workloads.Recipes(), ", "))
	}
	if cmd.Flags().Changed("faults") {
		x.Faults = nil
		if f.faults != "" {
			x.Faults = store.Faults{f.faults}
		}
	}
	if !limited {
		x.TimeLimit = 0 // it depends on the faults
	}
	return x, nil
}

// overlay prefers, field by field, a flag that was given over the file, and
// the file over the default.
func overlay(cmd *cobra.Command, file, flagged store.Experiment) store.Experiment {
	x := file
	pick(cmd, "ensemble", &x.Ensemble, flagged.Ensemble)
	pick(cmd, "nodes", &x.Nodes, flagged.Nodes)
	if file.Ensemble != "" && x.Ensemble != file.Ensemble {
		x.Image = "" // it was that of another kind
	}
	pick(cmd, "image", &x.Image, flagged.Image)
	pick(cmd, "subject", &x.Subject, flagged.Subject)
	pick(cmd, "clients-as", &x.ClientsAs, flagged.ClientsAs)
	pick(cmd, "subject-command", &x.SubjectCommand, flagged.SubjectCommand)
	pick(cmd, "clients", &x.Clients, flagged.Clients)
	pick(cmd, "rate", &x.Rate, flagged.Rate)
	pick(cmd, "keys", &x.Keys, flagged.Keys)
	pick(cmd, "time-limit", &x.TimeLimit, flagged.TimeLimit)
	pick(cmd, "fault-interval", &x.FaultInterval, flagged.FaultInterval)
	pick(cmd, "session-timeout", &x.SessionTimeout, flagged.SessionTimeout)
	pick(cmd, "op-timeout", &x.OpTimeout, flagged.OpTimeout)
	pick(cmd, "min-load", &x.MinLoad, flagged.MinLoad)
	pick(cmd, "seed", &x.Seed, flagged.Seed)
	pick(cmd, "strict", &x.Strict, flagged.Strict)
	return x
}

func pick[T comparable](cmd *cobra.Command, flag string, field *T, flagged T) {
	var zero T
	if cmd.Flags().Changed(flag) || *field == zero {
		*field = flagged
	}
}

// experiment turns the stored form into one that can be run.
func experiment(x store.Experiment, f *runFlags) (zklab.Experiment, error) {
	var none zklab.Experiment
	if err := positive(x); err != nil {
		return none, err
	}
	command, err := clientCommand(x)
	if err != nil {
		return none, err
	}
	named := x.Subject
	if x.SubjectCommand != "" { // what it is called, nobody here knows
		named, x.Subject = workloads.Own, x.SubjectCommand
	}
	workload, err := workloads.Named(x.Recipe, named)
	if err != nil {
		return none, usageError("%v", err)
	}
	expression, err := faults.Parse(x.Faults.Expression())
	if err != nil && f.faults == "" {
		return none, usageError("faults of %s: %v", f.config, err)
	} else if err != nil {
		return none, usageError("--faults %v", err)
	}
	starter, err := starter(x, f)
	if err != nil {
		return none, err
	}
	e := zklab.Experiment{
		Workload: workload, Subject: x.Subject, Command: command, Ensemble: starter,
		Clients: x.Clients, Rate: x.Rate, Keys: x.Keys, TimeLimit: x.TimeLimit,
		SessionTimeout: x.SessionTimeout, OpTimeout: x.OpTimeout, MinLoad: *x.MinLoad,
		Seed: *x.Seed, Strict: x.Strict, Out: f.out, Faults: expression.Schedule(x.FaultInterval),
	}
	if e.MinLoad == 0 {
		e.MinLoad = -1 // asked for, and not left out
	}
	return e, nil
}

// positive refuses numbers that make no experiment.
func positive(x store.Experiment) error {
	for _, n := range []struct {
		flag string
		ok   bool
	}{
		{"clients", x.Clients > 0},
		{"rate", x.Rate > 0 && !math.IsInf(x.Rate, 1)},
		{"keys", x.Keys > 0},
		{"session-timeout", x.SessionTimeout > 0},
		{"op-timeout", x.OpTimeout > 0},
		{"fault-interval", x.FaultInterval > 0},
	} {
		if !n.ok {
			return usageError("--%s must be more than zero", n.flag)
		}
	}
	if x.FaultInterval < 100*time.Millisecond {
		return usageError("--fault-interval must be 100ms or more")
	}
	if *x.MinLoad < 0 || *x.Seed < 0 {
		return usageError("--min-load and --seed must not be negative")
	}
	return nil
}

func starter(x store.Experiment, f *runFlags) (ensemble.Starter, error) {
	if n := len(f.ports); n != 0 && n != x.Nodes {
		return nil, usageError("--ports names %d ports for %d servers", n, x.Nodes)
	}
	return backend{kind: x.Ensemble, nodes: x.Nodes, image: x.Image, host: loopback, ports: f.ports}.starter()
}

// runExperiment runs and prints; its error carries the exit code.
func runExperiment(cmd *cobra.Command, stored store.Experiment, f *runFlags) error {
	x, err := experiment(stored, f)
	if err != nil {
		return err
	}
	if x, err = x.Complete(); err != nil {
		return err
	}
	screen := newScreen(cmd.ErrOrStderr(), f.quiet || f.json)
	ctx, interrupt, stop := interruptible(context.Background(), screen)
	defer stop()
	x.Interrupt, x.Progress = interrupt, screen.progress
	screen.say("running %s of %s on %d servers (%s) for %s", stored.Recipe, stored.Subject, stored.Nodes, stored.Ensemble, x.TimeLimit)
	for _, warning := range x.Warnings() {
		screen.say("warning: %s", warning)
	}
	outcome, err := x.Run(ctx)
	screen.end()
	if err != nil {
		return wayOut(err, "--ports")
	}
	return printResult(cmd, outcome.Run, outcome.Result, f.json, f.quiet)
}

// errNoPath says what a PATH may be.
var errNoPath = errors.New("name a run's folder, latest, or a history file")

func pathArg(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: got %d arguments", errNoPath, len(args))
	}
	return nil
}
