package manyruns

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/zklab/zklab/cli/internal/backend"
	"github.com/zklab/zklab/cli/internal/experiments"
	"github.com/zklab/zklab/cli/internal/process"
	"github.com/zklab/zklab/cli/internal/usage"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/version"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
)

// swept is the experiment of a sweep, from which each seed makes its own.
type swept struct {
	x       *store.Experiment // the flags are bound to it
	seed    *int64
	minLoad *int
	f       *experiments.Flags

	stored    store.Experiment // the experiment from the flags and the file
	real      string           // why runs are in real time, if the user did not ask for it
	usualLoad bool             // the user did not set the minimal load
	choices   sweep.Choices
	asked     *sweep.Asked  // the faults that the user asked for
	longest   time.Duration // the length of the longest load
	arguments []string      // the arguments of a command that makes the sweep again
}

// NewSwept returns a sweep whose flags are not set yet.
func NewSwept(catalog specimens.Catalog) *swept {
	x, seed, minLoad := experiments.Defaults()
	return &swept{x: x, seed: seed, minLoad: minLoad, f: &experiments.Flags{Catalog: catalog}}
}

func (s *swept) flags(cmd *cobra.Command) {
	experiments.AddFlags(cmd, s.x, s.minLoad, s.f)
	usage.Completes(cmd, "faults", experiments.FaultExpression)
	cmd.Flags().Lookup("time-limit").Usage = "duration of the load of each run"
	experiments.PlayedByDefault(cmd)
	simulate := cmd.Flags().Lookup("simulate")
	simulate.Usage = "run in virtual time (the default if possible; --simulate=false: in real time)"
	s.x.Simulate = true
}

// Complete finds out which settings the command line fixes, and which ones the seeds draw.
func (s *swept) Complete(cmd *cobra.Command, args []string, swarm bool) (err error) {
	if !cmd.Flags().Changed("simulate") {
		s.real = s.whyReal()
		s.x.Simulate = s.real == ""
	}
	if s.stored, err = experiments.Merge(cmd, s.f, s.x, args); err != nil {
		return err
	}
	s.stored.Seed = s.seed
	given := cmd.Flags().Changed
	s.usualLoad = !given("min-load") && s.f.Config == ""
	s.arguments = workersArguments(cmd, s.stored.Recipe, newSweepWorker(s.f.Catalog), "out")
	if swarm && (s.f.Config == "" || given("swarm")) {
		s.choices = choicesOf(given)
	}
	whole, err := s.whole(1)
	if err != nil {
		return err
	}
	if swarm {
		s.choices.Faults = whole.Faults.Kinds()
	}
	if s.asked = sweep.AskedOf(whole.Faults, whole.TimeLimit, swarm); s.asked != nil && whole.OptionalFaults {
		s.asked = &sweep.Asked{}
	}
	s.longest = whole.TimeLimit
	if !s.stored.Simulate {
		delete(s.choices.Of, "latencies") // a network that is not simulated has its own
	}
	if s.stored.Ensemble != backend.InProcess {
		delete(s.choices.Of, "nodes") // containers are slow to start, and not each machine has room for five
	}
	return nil
}

// whyReal says why the runs cannot be simulated; "" if they can be.
func (s *swept) whyReal() string {
	switch {
	case s.x.SubjectCommand != "":
		return "because the time of a --subject-command is real"
	case s.x.Ensemble != backend.InProcess:
		return "because only the " + backend.InProcess + " ensemble can be simulated"
	case s.f.Config != "":
		return "unless " + s.f.Config + " says simulate: true"
	}
	return ""
}

// clock returns the words for runs in real time, with the reason; "" for virtual time.
func (s *swept) clock() string {
	switch {
	case s.stored.Simulate:
		return ""
	case s.real == "" || s.f.Config != "":
		return ", each run in real time,"
	}
	return ", each run in real time " + s.real + ","
}

// choicesOf returns the choices of the settings that no flag sets, from which the seeds draw.
func choicesOf(given func(string) bool) sweep.Choices {
	c := sweep.UsualChoices()
	maps.DeleteFunc(c.Of, func(knob string, _ []any) bool { return given(knob) })
	return c
}

// whole returns the experiment with a seed, with nothing drawn.
func (s *swept) whole(seed int64) (experiment.Experiment, error) {
	return s.made(s.stored, seed)
}

func (s *swept) made(stored store.Experiment, seed int64) (experiment.Experiment, error) {
	stored.Seed = &seed
	x, err := experiments.Of(stored, s.f)
	if err != nil {
		return x, err
	}
	if s.usualLoad {
		x.MinLoad = 0 // the rate decides how many operations there are
	}
	return experiments.Complete(x, stored.Simulate)
}

// Experiment returns the experiment of a seed, with the settings that the seed draws.
func (s *swept) Experiment(seed int64) (experiment.Experiment, error) {
	d := sweep.Draw(seed, s.choices)
	stored := s.stored
	stored.Settings = d.Over(stored.Settings)
	x, err := s.made(stored, seed)
	if err == nil && s.choices.Faults != nil {
		x.Faults = d.Of(x.Faults)
		if stored.TimeLimit == 0 {
			x.TimeLimit = max(settings.Usual().TimeLimit, s.length(x.Faults))
		}
	}
	return x, err
}

// length returns how long the load of a seed must be for its faults. Drawn intervals are short
// enough for the usual load, which need not have a turn for each fault of a mix.
func (s *swept) length(of plan.Schedule) time.Duration {
	if len(s.choices.Of["fault-interval"]) > 0 {
		of = of.Unmixed()
	}
	return of.Length()
}

// run is the runner of a sweep.
func (s *swept) run(ctx context.Context, t sweep.Task) (sweep.Line, error) {
	x, err := s.Experiment(t.Seed)
	if err != nil {
		return sweep.Line{}, err
	}
	process.NoteRun(s.again(t.Seed))
	line, err := x.Sweep(ctx, t, s.stored.Simulate)
	line.Drawn = sweep.Draw(t.Seed, s.choices).String()
	return line, err
}

// again returns the command that runs one seed again.
func (s *swept) again(seed int64) string {
	return printable.Command(slices.Concat([]string{s.f.Catalog.Program(), "sweep"}, s.arguments, []string{"--seeds", fmt.Sprint(seed), "--out", filepath.Join(s.f.Out, "again")})...)
}

// runners returns the runners for a number of jobs: this process for one, workers for more.
func (s *swept) runners(jobs int) (runners []sweep.Runner, closeAll func(), err error) {
	if jobs == 1 {
		return []sweep.Runner{s.run}, func() {}, nil
	}
	cfg, err := workersOf(sweepWorkerName, s.arguments)
	if err != nil {
		return nil, nil, err
	}
	runners, closeAll = startWorkers(jobs, cfg, sweep.NewWorker, func(w sweep.Worker) sweep.Runner { return w.Run })
	return runners, closeAll, nil
}

// settings lists everything that determines the run of a seed.
func (s *swept) settings() ([]sweep.Setting, error) {
	return settingsOf(s.stored, s.arguments, s.f.Config, s.f.Object)
}

// settingsOf lists everything that determines the runs of an experiment: the flags, the program, and
// what the files contain. arguments are the recipe and the flags.
func settingsOf(x store.Experiment, arguments []string, files ...string) ([]sweep.Setting, error) {
	program, err := sweep.Program()
	if err != nil {
		return nil, err
	}
	settings := []sweep.Setting{{Name: "recipe", Value: x.Recipe}, {Name: "subject", Value: cmp.Or(x.SubjectCommand, x.Subject)}}
	for _, flag := range arguments[1:] {
		name, value, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
		if name != "subject" && name != "subject-command" {
			settings = append(settings, sweep.Setting{Name: name, Value: value})
		}
	}
	for _, file := range files {
		if file == "" {
			continue
		}
		hash, err := sweep.Hash(file)
		if err != nil {
			return nil, err
		}
		settings = append(settings, sweep.Setting{Name: "content of " + file, Value: hash})
	}
	return append(settings, sweep.Setting{Name: sweep.RanBy, Value: version.Line()}, sweep.Setting{Name: "program", Value: program}), nil
}
