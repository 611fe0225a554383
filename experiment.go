package zklab

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/checker"
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
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Experiment says what to run. Workload is required; the zero value of every other field is a
// working default.
type Experiment struct {
	// Workload is the recipe under load. It holds the constructor of the subject.
	Workload workloads.Workload
	// Subject is the name of the subject in results.
	Subject string
	// Command, if set, is the program, with its arguments, that each client runs as a process of
	// its own. The program speaks the adapter protocol (docs/adapters.md) and makes the subjects;
	// the Workload's constructor is not called. Without Command, clients can be frozen and crashed
	// only in simulations (see PlayProcesses).
	Command []string
	// PlayProcesses makes a simulation treat each client as a process of its own, so that faults
	// can freeze and crash it in virtual time. A simulation does so by default if Faults can freeze
	// or crash a client and if the workload's clients can be processes.
	PlayProcesses bool
	// OneProcess keeps all clients of a simulation in one process. They are then never frozen or
	// crashed, unless PlayProcesses is set.
	OneProcess bool
	// Ensemble starts the servers. Default: three embedded servers, in memory.
	Ensemble ensemble.Starter

	Clients int     // number of clients; default 5
	Rate    float64 // operations per second that all clients together begin; default 100
	// Ops is the number of times that each client begins an operation, after which the load ends. A
	// critical section with everything that belongs to it counts as one operation; so does a put,
	// or one client's part in a round of a barrier. 0 means no limit. TimeLimit ends the load in
	// any case.
	Ops  int
	Keys int // objects in use at once, if the workload has keys; default 3
	// Hold is the average time that a client keeps what it acquired: a lock, a lease, leadership. 0
	// means the workload's default, a few milliseconds.
	Hold time.Duration
	// TimeLimit is the length of the load. Default: 10 s, or longer if Faults need more time for
	// each of them to have its turn.
	TimeLimit time.Duration
	// SessionTimeout is the timeout that clients ask for. Default: 4 s.
	SessionTimeout time.Duration
	// OpTimeout limits how long a client waits for one operation. Default: 5 s.
	OpTimeout time.Duration
	// MinLoad is the number of operations that must succeed before the first fault; with fewer, no
	// property is valid. Default: 200, or a quarter of the operations that Rate allows before the
	// first fault if that is less. Negative: no minimum.
	MinLoad int

	// Faults is the schedule of faults. nil injects none.
	Faults plan.Schedule
	// OptionalFaults allows a valid verdict even if scheduled faults take no effect. The run is
	// then judged by the faults that did, as one of many runs is.
	OptionalFaults bool
	// Arrivals restricts the load to these arrivals, each the moment at which a client begins an
	// operation. nil means all. Leaving arrivals out does not move the others; shrunk runs depend
	// on that.
	Arrivals []workloads.Arrival
	// Sources[i] is the client whose random draws client i uses: with Sources = {3}, client 0 does
	// what client 3 would do. Clients beyond its length use their own draws.
	Sources []int
	// Seed determines the operations and the schedule. 0 draws a seed, which the result names.
	Seed int64
	// Probe is the rate, in writes per second, of each probe: a session of the harness that begins
	// writes at a fixed rate, so that the result tells for how long there was no service around each
	// fault. One probe stays with each server, one uses all of them. Default: no probes.
	Probe float64
	// Strict lets properties that are only measured (belief) decide the verdict, too.
	Strict bool
	// Label is a name for the run, alone or with others: a page shows it, and "zklab compare" finds
	// runs by it. It changes nothing in the run.
	Label string
	// Gates are bounds that metrics must stay below, such as "failover(kill:leader).p95<10s" or
	// "errors<1%" ([stats.ParseGate], docs/compare.md). They do not change the verdict: the result lists
	// what each came to. Test fails if one is exceeded or undecided; the functions Simulate and Sweep
	// judge the samples of all their runs together. Explore has none.
	Gates []string
	// AllowUnknown lets Test pass although some property or gate was not decided.
	AllowUnknown bool
	// Budget limits the real time in which the functions Simulate and Explore begin runs. 0 means
	// one minute; negative means no limit. The deadline of the test (go test -timeout) limits it,
	// too, with some time to spare for the report. A budget ends a test early, and never changes what
	// a run does. Sweep has [SweepOptions].Budget.
	Budget time.Duration

	// Checks decide further properties, in addition to those of the Workload. Each has a name that no
	// property of the Workload has. They must be safe for concurrent use; see [checker.Check]. Only
	// this program can decide them: "zklab check" and "zklab report" leave them undecided.
	Checks []checker.Check

	// leftOut lists the faults that "all" omits, each with the reason.
	leftOut []plan.LeftOut

	// maker makes the subjects of simulated processes.
	maker subjects.Maker

	// messages makes the engine keep the messages that passed.
	messages bool
	// usualFaults and usualRate say that a test named no faults, or no rate. The test is then not
	// warned about the consequences of the defaults.
	usualFaults, usualRate bool
	// onMessage is OnPoint with what each message says.
	onMessage func(link.Message)
	// onLook is called about once per second of real time while a simulation runs, outside of it.
	onLook func()
	// clock is the clock of [pace]; nil means time.Now.
	clock func() time.Time
	// onArrival is called for each arrival that takes place, as OnPoint is for messages.
	onArrival func(workloads.Arrival)

	// brief skips the report if the run passes, since a passing test does not keep it.
	brief bool
	// silent skips the report in any case.
	silent bool

	// Out is the store's folder. Default: "store".
	Out string
	// Replay is the command that the report gives to repeat the run. Default: the command line's.
	Replay string
	// Progress is called a few times a second with the state of the run, always from one goroutine.
	Progress func(Progress)
	// OnPoint is called for every message of the load at which a fault can be injected
	// ([plan.AtPoint]). Several goroutines may call it at once. It must not block.
	OnPoint func(link.Point)
	// Closing Interrupt ends the load early: the run then heals its faults, checks the record and
	// writes the report. Cancelling Run's context instead stops the run at once.
	Interrupt <-chan struct{}
}

// Outcome is a finished run.
type Outcome struct {
	Run     *store.Run // nil for a simulated run that was not kept
	Result  *store.Result
	History *history.History

	made     Experiment       // the experiment of a simulated run
	unkept   *engine.Finished // a simulated run that was not kept
	messages []link.Passed    // nil unless Experiment.messages was set
	replay   string           // the experiment's command to repeat it
	unheld   *bubble.Unheld   // code that a simulated run left running; nil if none
}

// ErrUsage marks an experiment that makes no sense, such as one with a negative number of clients.
var ErrUsage = engine.ErrUsage

func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUsage, fmt.Sprintf(format, args...))
}

// Complete fills in the defaults and chooses the faults that the ensemble supports. It returns an
// error that wraps [ErrUsage] if the experiment makes no sense, or if it names a fault that the
// ensemble does not support. Complete starts nothing. [Experiment.Run] calls it.
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
	if _, err := stats.ParseGates(x.Gates, x.Workload.Name(), false); err != nil {
		return x, usage("%v", err)
	}
	if err := checker.Usable(x.Checks, history.Header{Model: x.Workload.Name(), Declared: workloads.DeclaredBy(x.Workload)}); err != nil {
		return x, usage("%v", err)
	}
	complete := settings.Of(x).Over(settings.Usual())
	if k, problem := complete.Problem(); problem != "" {
		return x, usage("%s %s", k.GoName(), problem)
	}
	if slices.ContainsFunc(x.Sources, func(n int) bool { return n < 0 }) || len(x.Sources) > max(x.Clients, 0) && x.Clients != 0 {
		return x, usage("the sources of an experiment must be numbers of clients from 0, one per client")
	}
	limit := x.TimeLimit
	complete.Into(&x)
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

// inProcesses returns the experiment with its subjects in the clients' own processes.
func (x Experiment) inProcesses() (Experiment, error) {
	w, ok := x.Workload.(workloads.Processes)
	if !ok && !x.PlayProcesses {
		return x, nil // the workload makes its subjects in the processes itself
	}
	var there workloads.Workload
	if ok {
		there = w.InProcesses()
	}
	if there == nil || x.PlayProcesses && !workloads.InProcesses(x.Workload) {
		return x, usage("clients of the %s workload cannot run in processes: the adapter protocol has no such subjects; run them as goroutines", x.Workload.Name())
	}
	if served, ok := x.Workload.(workloads.Served); ok && x.PlayProcesses {
		x.maker = served.Maker()
	}
	x.Workload = there
	return x, nil
}

// playable reports whether a simulation may treat clients as processes without being told to.
func (x Experiment) playable() bool {
	return !x.OneProcess && x.Command == nil && x.Workload != nil && workloads.InProcesses(x.Workload)
}

// playing returns the experiment with PlayProcesses set if its faults hit processes and a
// simulation may play them.
func (x Experiment) playing() Experiment {
	x.PlayProcesses = x.PlayProcesses || x.playable() && x.Faults.Hits(kinds.Processes)
	return x
}

// playingNamed is playing for a bubble that the caller opened: only faults named in the schedule
// count. Such a bubble would wait for the goroutines that a killed process leaves behind.
func (x Experiment) playingNamed() Experiment {
	named := x
	named.Faults = plan.Every(time.Second, x.Faults.Named()...)
	x.PlayProcesses = named.playing().PlayProcesses
	return x
}

// usualLatency is the average latency of a message in the default ensemble, about that of a data
// centre.
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

// Plan returns the schedule of faults that the experiment plays, given its seed and time limit.
// Faults that the schedule leaves to the ensemble are included only after [Experiment.Complete].
func (x Experiment) Plan() []plan.Step { return x.config().Plan() }

// Warnings returns what a user should know about a complete experiment before it runs: faults that
// the ensemble does not support, and faults whose time never comes.
func (x Experiment) Warnings() []string { return x.config().Warnings() }

// Run runs the experiment: it starts the ensemble, lets the clients work while faults happen, heals
// the faults, lets the clients finish, stops everything, checks the record and writes the report. A
// violation is part of the Outcome, not an error. Run returns an error if there is no outcome: the
// experiment makes no sense (ErrUsage), could not be run, or ctx ended. When Run returns, nothing
// that it started is left running.
func (x Experiment) Run(ctx context.Context) (*Outcome, error) {
	if bubble.Inside() {
		x = x.playingNamed()
	} else if x.PlayProcesses {
		return nil, usage("processes without a Command exist only in simulations: give a Command, or simulate")
	}
	x, err := x.Complete()
	if err != nil {
		return nil, err
	}
	p := newReporter(workloads.ModelOf(x.Workload), x)
	defer p.close()
	c := x.config()
	c.Watcher = p
	done, err := engine.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	return x.judge(ctx, done, p)
}

// config returns the experiment as the engine's configuration.
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
		Out: x.Out, Interrupt: x.Interrupt, OnPoint: x.OnPoint, OnMessage: x.onMessage, KeepMessages: x.messages,
	}
}
