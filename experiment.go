package zklab

import (
	"context"
	"reflect"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/progress"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/store"
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
	// its own. The program speaks the adapter protocol (docs/adapter-protocol.md) and makes the subjects;
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
	// Slack is the time that properties with a time limit grant a recipe, beyond the end of a dead
	// session and a reconnection. A recipe that looks again at an interval, without a watch, needs
	// more than that interval. Default: 2 s.
	Slack time.Duration
	// MinLoad is the number of operations that must succeed before the first fault; with fewer, no
	// property is valid. Default: 200, or a quarter of the operations that Rate allows before the
	// first fault if that is less; at least 10, or 1 if the first fault comes before ten operations.
	// Negative: no minimum; one operation of the load must succeed in any case.
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
	// Strict lets properties that are only measured (belief) also decide the verdict.
	Strict bool
	// Label is a name for the run, alone or with others: a page shows it, and "zklab compare" finds
	// runs by it. It changes nothing in the run.
	Label string
	// Gates are bounds that metrics must stay below, such as "failover(kill:leader).p95<10s" or
	// "errors<1%" (package stats/gates, docs/compare.md). They do not change the verdict: the
	// result lists the outcome of each gate. Test fails if one is exceeded or undecided; the
	// functions Simulate and Sweep judge the samples of all their runs together. Explore has none.
	Gates []string
	// AllowUnknown lets Test pass although some property or gate was not decided.
	AllowUnknown bool
	// Budget limits the real time in which the functions Simulate and Explore begin runs. 0 means
	// one minute; negative means no limit. The deadline of the test (go test -timeout) also limits
	// it, with some time to spare for the report. A budget ends a test early, and never changes
	// what a run does. The checks of one run may take a quarter of what is left of it; a run whose
	// checks take longer counts as one that was not done, unless a violation was found. Sweep has
	// [SweepOptions].Budget.
	Budget time.Duration

	// Checks decide further properties, in addition to those of the Workload. Each has a name that no
	// property of the Workload has. They must be safe for concurrent use; see [checker.Check]. Only
	// this program can decide them: "zklab check" and "zklab report" leave them undecided.
	Checks []checker.Check

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
	// writes the report. Before the load, there is nothing to decide: then Run ends at once, with an error that wraps
	// context.Canceled. Cancelling Run's context stops the run at once at any time.
	Interrupt <-chan struct{}

	// inner is the experiment as Complete left it, including what no exported field holds; nil
	// before Complete.
	inner *experiment.Experiment
}

// ErrUsage marks an experiment that makes no sense, such as one with a negative number of clients.
var ErrUsage = engine.ErrUsage

// Complete fills in the defaults and chooses the faults that the ensemble supports. It returns an
// error that wraps [ErrUsage] if the experiment makes no sense, or if it names a fault that the
// ensemble does not support. Complete starts nothing. [Experiment.Run] calls it.
func (x Experiment) Complete() (Experiment, error) { return x.with(x.lab().Complete()) }

// CompleteSimulated is [Experiment.Complete] for an experiment that is to be simulated: it sets
// PlayProcesses if the faults freeze or crash clients, leaves Out empty unless the caller set it,
// and gives the seed to the ensemble. It returns an error that wraps [ErrUsage] if the experiment
// cannot be simulated.
func (x Experiment) CompleteSimulated() (Experiment, error) {
	return x.with(x.lab().CompleteSimulated())
}

// Plan returns the schedule of faults that the experiment plays, given its seed and time limit.
// Faults that the schedule leaves to the ensemble are included only after [Experiment.Complete].
func (x Experiment) Plan() []plan.Step { return x.lab().Plan() }

// Warnings returns what a user should know about a complete experiment before it runs: faults that
// the ensemble does not support, and faults whose time never comes.
func (x Experiment) Warnings() []string { return x.lab().Warnings() }

// Run runs the experiment: it starts the ensemble, lets the clients work while faults happen, heals
// the faults, lets the clients finish, stops everything, checks the record and writes the report. A
// violation is part of the Outcome, not an error. Run returns an error if there is no outcome: the
// experiment makes no sense (ErrUsage), could not be run, or ctx ended. If result.json or the report cannot be written, as
// on a full disk, the outcome is whole, and Result.Warnings says so. When Run returns, nothing
// that it started is left running.
//
// The report has plots if the program imports package reports, if only for that:
//
//	import _ "github.com/zklab/zklab/reports"
//
// Otherwise the command "zklab open" with the run's folder adds them.
func (x Experiment) Run(ctx context.Context) (*Outcome, error) { return outcome(x.lab().Run(ctx)) }

// lab returns the experiment as the packages of internal/lab have it. Each exported field has the name and the
// type of a field there; only Progress has another type.
func (x Experiment) lab() experiment.Experiment {
	var y experiment.Experiment
	if x.inner != nil {
		y = *x.inner
	}
	to := reflect.ValueOf(&y).Elem()
	for field, value := range reflect.ValueOf(x).Fields() {
		if field.IsExported() && field.Name != "Progress" {
			to.FieldByName(field.Name).Set(value)
		}
	}
	if y.Progress = nil; x.Progress != nil {
		y.Progress = func(s progress.State) { x.Progress(Progress(s)) }
	}
	return y
}

// with returns the experiment with the fields of y.
func (x Experiment) with(y experiment.Experiment, err error) (Experiment, error) {
	x.inner = &y
	from := reflect.ValueOf(y)
	for field, value := range reflect.ValueOf(&x).Elem().Fields() {
		if field.IsExported() && field.Name != "Progress" {
			value.Set(from.FieldByName(field.Name))
		}
	}
	return x, err
}

// Progress is the state of a run.
type Progress struct {
	Phase   string        // current phase: "load", "heal", "checking"
	Elapsed time.Duration // of the load
	Limit   time.Duration // of the load
	OK      int           // operations that succeeded
	Failed  int           // operations that certainly had no effect
	Unknown int           // operations with an unknown outcome
	Fault   string        // faults injected now: "pause:leader, expire", or empty
	Faults  int           // faults that took effect
	Planned int           // faults in the schedule
	Notice  string        // a message for the user, or empty
}

// Outcome is a finished run.
type Outcome struct {
	Run     *store.Run // nil for a simulated run that was not kept
	Result  *store.Result
	History *history.History

	inner *experiment.Outcome
}

// outcome returns the outcome of a run. It is nil if there is none.
func outcome(o *experiment.Outcome, err error) (*Outcome, error) {
	if o == nil {
		return nil, err
	}
	return &Outcome{o.Run, o.Result, o.History, o}, err
}

// Record returns the history and the transactions of a simulated run, in the formats of
// history.jsonl and transactions.jsonl. It returns nil for any other run.
func (o *Outcome) Record() (history, transactions []byte) {
	if o.inner == nil {
		return nil, nil
	}
	return o.inner.Record()
}

// Keep writes a simulated run, with its report, into a folder of a store. It does nothing if the
// run has a folder already. The error is about the record alone: if Keep cannot write the result or
// the report, it adds a warning to Result.Warnings.
func (o *Outcome) Keep(out string) error {
	if o.Run != nil {
		return nil
	}
	err := o.inner.Keep(out)
	o.Run = o.inner.Run
	return err
}
