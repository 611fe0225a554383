package zklab

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/played"
	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Experiment is what to run. Workload must be given; the zero value of every
// other field is a default that works.
type Experiment struct {
	// Workload is the recipe under load, made from a constructor of the subject.
	Workload workloads.Workload
	// Subject is what the subject is called in results.
	Subject string
	// Command, if given, is the program that each client runs as, a process of its
	// own that speaks the adapter protocol (docs/adapters.md), with its arguments.
	// Subjects are made there, and not by the Workload's constructor. Only such
	// clients can be frozen and crashed.
	Command []string
	// PlayProcesses has a simulation play that each client is a process of its own, so that
	// it can be frozen and crashed in virtual time, too. A simulation does so by itself if Faults
	// can freeze or crash a client, and if the workload's clients can be processes.
	PlayProcesses bool
	// OneProcess keeps the clients of a simulation in one process: they are never frozen or crashed
	// unless PlayProcesses is set.
	OneProcess bool
	// Ensemble starts the servers: three embedded ones, in memory.
	Ensemble ensemble.Starter

	Clients int     // 5
	Rate    float64 // operations a second that all clients together begin: 100
	// Ops is how often each client begins something, after which the load is over: a critical
	// section with all that belongs to it is one, as is a put, or its part in a round of a
	// barrier. 0 is as often as there is time for; TimeLimit bounds it in any case.
	Ops  int
	Keys int // objects in use at once, where the workload has keys: 3
	// Hold is how long a client keeps what it obtained, on average: a lock, a lease, the lead. 0 is
	// a few milliseconds, as the workload has it.
	Hold time.Duration
	// TimeLimit is the length of the load: 10 s, or longer where faults need that
	// for each of them to have its turn.
	TimeLimit time.Duration
	// SessionTimeout is what clients ask for: 4 s.
	SessionTimeout time.Duration
	// OpTimeout is how long a client waits for one operation: 5 s.
	OpTimeout time.Duration
	// MinLoad is how many operations must have succeeded before the first
	// fault for a valid to count: 200, or a quarter of what the rate brings until
	// then if that is less; negative for none.
	MinLoad int

	// Faults is what is done meanwhile; nil is nothing.
	Faults plan.Schedule
	// OptionalFaults says that no fault has to take effect for a valid to count: the run is
	// judged by what did happen, as one of many is.
	OptionalFaults bool
	// Arrivals are those at which clients begin something in the load; nil is all. What is
	// left out moves nothing else, as a shrunk run needs it.
	Arrivals []workloads.Arrival
	// Sources is whose draws each client makes, its own where it has none. So client 0 can do
	// what client 3 would.
	Sources []int
	// Seed fixes operations and schedule; 0 draws one, which the result names.
	Seed int64
	// Strict lets measured properties (belief) decide, too.
	Strict bool
	// AllowUnknown lets Test pass although something could not be decided.
	AllowUnknown bool

	// leftOut is what "all" faults are without, and why.
	leftOut []plan.LeftOut

	// maker makes the subjects of processes that are played.
	maker subjects.Maker

	// messages has the engine keep what passed.
	messages bool
	// usualFaults and usualRate say that a test named no faults, or no rate: then it is not warned
	// of what follows from those that were chosen for it.
	usualFaults, usualRate bool
	// onArrival is told of each arrival that takes place, as OnPoint is of messages.
	onArrival func(workloads.Arrival)

	// brief leaves the report away where the run passes: a test's is not kept then.
	brief bool
	// silent leaves it away in any case: nobody will read it.
	silent bool

	// Out is the store's folder: "store".
	Out string
	// Replay is the command that the report offers to run it again; empty
	// means the one for the command line.
	Replay string
	// Progress is told about the run, a few times a second, by one goroutine.
	Progress func(Progress)
	// OnPoint is told of every message of the load at which a fault can be injected
	// ([plan.AtPoint]). It may be called by many goroutines at once, and must not block.
	OnPoint func(link.Point)
	// Interrupt, once closed, ends the load early: what runs is healed, checked
	// and reported. Cancelling Run's context stops at once instead.
	Interrupt <-chan struct{}
}

// Outcome is a finished run.
type Outcome struct {
	Run     *store.Run // nil for a simulated run of which nothing was kept
	Result  *store.Result
	History *history.History

	made     Experiment       // what a simulated run was one of
	unkept   *engine.Finished // a simulated run of which nothing was kept
	messages []link.Passed    // if the experiment was to keep them
	replay   string           // the command that its experiment offers
	unheld   *bubble.Unheld   // what a simulated run left behind; nil for nothing
}

// ErrUsage marks an experiment that makes no sense: a negative number of clients.
var ErrUsage = engine.ErrUsage

func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUsage, fmt.Sprintf(format, args...))
}

// Complete fills in what was left out, and chooses the faults that the ensemble
// has. What makes no sense is an error that wraps [ErrUsage], as is a fault that
// was asked for and that the ensemble does not have. Nothing is started. [Run]
// does the same.
func (x Experiment) Complete() (Experiment, error) {
	if x.Workload == nil {
		return x, usage("an experiment needs a Workload")
	}
	if x.Ensemble == nil {
		x.Ensemble = embedded.Config{InMemory: true, Latency: usualLatency}
	}
	if x.Command != nil || x.PlayProcesses && x.maker == nil {
		var err error
		if x, err = x.inProcesses(); err != nil {
			return x, err
		}
	}
	if err := x.inBounds(); err != nil {
		return x, err
	}
	if slices.ContainsFunc(x.Sources, func(n int) bool { return n < 0 }) || len(x.Sources) > max(x.Clients, 0) && x.Clients != 0 {
		return x, usage("the sources of an experiment are numbers of clients from 0, one a client")
	}
	limit := x.TimeLimit
	settings.Of(x).Over(settings.Usual()).Into(&x)
	sketched, err := x.config().Sketched()
	if err != nil {
		return x, err
	}
	x.Ensemble, x.Faults, x.leftOut = sketched.Ensemble, sketched.Faults, sketched.LeftOut
	if limit == 0 {
		x.TimeLimit = max(x.TimeLimit, x.Faults.Length())
	}
	defaultTo(&x.Out, "store")
	if x.Seed == 0 {
		x.Seed = drawSeed()
	}
	defaultTo(&x.MinLoad, x.config().UsualLoad())
	return x, nil
}

// inBounds refuses settings that make no sense.
func (x Experiment) inBounds() error {
	s := settings.Of(x).Over(settings.Usual())
	for _, k := range settings.Knobs {
		if problem := k.Problem(s); problem != "" {
			return usage("%s %s", k.GoName(), problem)
		}
	}
	return nil
}

// inProcesses is the experiment with subjects that live in the clients' own processes.
func (x Experiment) inProcesses() (Experiment, error) {
	w, ok := x.Workload.(workloads.Processes)
	if !ok && !x.PlayProcesses {
		return x, nil // it makes its subjects there itself
	}
	var there workloads.Workload
	if ok {
		there = w.InProcesses()
	}
	if there == nil || x.PlayProcesses && !workloads.InProcesses(x.Workload) {
		return x, usage("clients of the %s workload cannot be processes of their own: the adapter protocol has no such subjects; let them run as goroutines", x.Workload.Name())
	}
	if served, ok := x.Workload.(workloads.Served); ok && x.PlayProcesses {
		x.maker = served.Maker()
	}
	x.Workload = there
	return x, nil
}

// playable says whether a simulation may play that clients are processes, though nobody said so.
func (x Experiment) playable() bool {
	return !x.OneProcess && x.Command == nil && x.Workload != nil && workloads.InProcesses(x.Workload)
}

// playing is the experiment of a simulation with processes that are played where its faults hit such.
func (x Experiment) playing() Experiment {
	x.PlayProcesses = x.PlayProcesses || x.playable() && x.Faults.Hits(kinds.Processes)
	return x
}

// playingNamed is playing for a bubble that is the caller's own: it has faults of processes only if they
// are named. What a killed process leaves behind, such a bubble would wait for.
func (x Experiment) playingNamed() Experiment {
	named := x
	named.Faults = plan.Every(time.Second, x.Faults.Named()...)
	x.PlayProcesses = named.playing().PlayProcesses
	return x
}

// usualLatency is that of a message in the default ensemble, on average: about
// what it is within a data centre.
const usualLatency = 200 * time.Microsecond

func defaultTo[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// drawSeed draws a seed that is short enough to type.
func drawSeed() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return int64(binary.LittleEndian.Uint32(b[:]))/2 + 1
}

// Plan gives the schedule of faults that an experiment with this seed and time
// limit plays. Faults that the schedule leaves to the ensemble are in it once
// the experiment is [Experiment.Complete].
func (x Experiment) Plan() []plan.Step { return x.config().Plan() }

// Warnings are what somebody should know of a complete experiment before it
// runs: faults that the ensemble does not have, and those whose time never comes.
func (x Experiment) Warnings() []string { return x.config().Warnings() }

// Run runs the experiment: starts the ensemble, lets the clients work while
// faults happen, heals, quiesces, stops everything, checks and reports. A
// violation is an Outcome and no error; an error means that there is none: the
// experiment makes no sense (ErrUsage), could not be run, or ctx ended.
// Nothing that Run started is left when it returns.
func (x Experiment) Run(ctx context.Context) (*Outcome, error) {
	if bubble.Inside() {
		x = x.playingNamed()
	} else if x.PlayProcesses {
		return nil, usage("processes are played in virtual time alone: give a Command, or simulate")
	}
	x, err := x.Complete()
	if err != nil {
		return nil, err
	}
	p := newReporter(x.Workload.Name(), x)
	defer p.close()
	c := x.config()
	c.Watcher = p
	done, err := engine.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	return x.judge(ctx, done, p)
}

// config is the experiment as the engine runs it.
func (x Experiment) config() engine.Config {
	servers, _ := x.Ensemble.(embedded.Config)
	var launch engine.Launch
	if x.PlayProcesses {
		x.Command = []string{"played"}
		launch = played.Launch(map[string]subjects.Maker{x.Workload.Name(): x.maker})
	}
	s := settings.Of(x)
	s.Latencies = string(servers.Spread)
	return engine.Config{
		Simulated: servers.Seed != 0, Settings: s,
		Workload: x.Workload, Subject: x.Subject, Command: x.Command, Launch: launch, Ensemble: x.Ensemble,
		Arrivals: x.Arrivals, OnArrival: x.onArrival, MinLoad: max(x.MinLoad, 0),
		Faults: x.Faults, LeftOut: x.leftOut, Seed: x.Seed,
		Out: x.Out, Interrupt: x.Interrupt, OnPoint: x.OnPoint, KeepMessages: x.messages,
	}
}
