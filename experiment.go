package zklab

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/store"
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
	// Ensemble starts the servers: three embedded ones, in memory.
	Ensemble ensemble.Starter

	Clients int     // 5
	Rate    float64 // operations a second that all clients together begin: 100
	Keys    int     // objects in use at once, where the workload has keys: 3
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
	Faults faults.Schedule
	// Seed fixes operations and schedule; 0 draws one, which the result names.
	Seed int64
	// Strict lets measured properties (belief) decide, too.
	Strict bool
	// AllowUnknown lets Test pass although something could not be decided.
	AllowUnknown bool

	// leftOut is what "all" faults are without, and why.
	leftOut []faults.LeftOut
	// launch starts clients' processes; nil for real ones.
	launch launch

	// brief leaves the report away where the run passes: a test's is not kept then.
	brief bool

	// Out is the store's folder: "store".
	Out string
	// Replay is the command that the report offers to run it again; empty
	// means the one for the command line.
	Replay string
	// Progress is told about the run, a few times a second, by one goroutine.
	Progress func(Progress)
	// Interrupt, once closed, ends the load early: what runs is healed, checked
	// and reported. Cancelling Run's context stops at once instead.
	Interrupt <-chan struct{}
}

// Outcome is a finished run.
type Outcome struct {
	Run    *store.Run
	Result *store.Result
}

// ErrUsage marks an experiment that makes no sense: a negative number of clients.
var ErrUsage = errors.New("wrong usage")

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
		x.Ensemble = embedded.Config{InMemory: true, KeepLog: true, Latency: usualLatency}
	}
	if x.launch == nil {
		x.launch = launchAdapter
	}
	if w, ok := x.Workload.(workloads.Processes); ok && x.Command != nil {
		there := w.InProcesses()
		if there == nil {
			return x, usage("clients of the %s workload cannot be processes of their own: the adapter protocol has no such subjects; let them run as goroutines", x.Workload.Name())
		}
		x.Workload = there
	}
	if x.Clients < 0 || x.Rate < 0 || x.Keys < 0 || x.TimeLimit < 0 || x.SessionTimeout < 0 || x.OpTimeout < 0 {
		return x, usage("numbers and times of an experiment must be positive")
	}
	if math.IsNaN(x.Rate) || math.IsInf(x.Rate, 0) {
		return x, usage("the rate must be a number")
	}
	defaultTo(&x.Clients, 5)
	defaultTo(&x.Rate, 100)
	defaultTo(&x.Keys, 3)
	x, err := x.sketched()
	if err != nil {
		return x, err
	}
	defaultTo(&x.TimeLimit, max(10*time.Second, faults.Length(x.Faults)))
	defaultTo(&x.SessionTimeout, 4*time.Second)
	defaultTo(&x.OpTimeout, 5*time.Second)
	defaultTo(&x.Out, "store")
	if x.Seed == 0 {
		x.Seed = drawSeed()
	}
	defaultTo(&x.MinLoad, x.usualLoad())
	return x, nil
}

// minLoad is MinLoad as a number of operations.
func (x Experiment) minLoad() int { return max(x.MinLoad, 0) }

// usualLoad is MinLoad where it was left out.
func (x Experiment) usualLoad() int {
	until := x.TimeLimit
	if plan := x.Plan(); len(plan) > 0 {
		until = plan[0].At
	}
	return int(min(200, x.Rate*until.Seconds()/4))
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

// stored is the experiment as experiment.yaml keeps it.
func (x Experiment) stored(p ensemble.Profile, plan []faults.Step) store.Experiment {
	minLoad := x.minLoad()
	s := store.Experiment{
		Recipe: x.Workload.Name(), Subject: x.Subject,
		Ensemble: p.Backend, Nodes: p.Servers, Image: p.Image, Digest: p.Digest,
		Clients: x.Clients, Rate: x.Rate, Keys: x.Keys, TimeLimit: x.TimeLimit,
		SessionTimeout: x.SessionTimeout, OpTimeout: x.OpTimeout, MinLoad: &minLoad,
		Seed: &x.Seed, Strict: x.Strict,
	}
	if x.Command != nil {
		s.ClientsAs, s.SubjectCommand = store.Process, line(x.Command)
	}
	x.storeFaults(&s, plan)
	return s
}

// hardStop is what Run returns when its context ended.
func hardStop(ctx context.Context) error {
	return fmt.Errorf("stopped: %w", context.Cause(ctx))
}
