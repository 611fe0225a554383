package zklab

import (
	"context"
	"testing"

	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/gotests"
)

// Simulate runs an experiment as a test, in simulations: in virtual time, in which seconds take
// milliseconds. Every field except Workload is optional. By default, Simulate tries 50 seeds, from
// Seed on, with a fault every second and with latencies from even to very uneven, so that each run
// takes a different course.
//
// If Faults is nil, each seed also draws the kind of run. Of ten seeds, two have every kind of
// fault, one has no faults, one has only session expiries, one holds writes back until another client
// has acted, two have clients that crash and that freeze for longer than their sessions last, one has a
// lagging server, and two aim faults at all kinds of messages that the recipe sends and receives. In the
// two with crashes, clients also freeze between an answer that shows them a znode of their own and what
// they do next, until another client's znode stands there. In four of the ten, all clients use one key. Timeouts differ. With five servers or more, one of the ten
// pauses and kills several servers at once, always leaving a majority.
//
// The test fails when a run violates a property. It also fails when a third of the runs decided
// nothing, when a fault that Faults names took effect in no run, or when no operation succeeded after it in
// any run. Of the properties that at least a third as many runs violated as the one that most did,
// Simulate shows the first; safety (two clients held one lock) comes before liveness (a client waited
// for ever). It shrinks the smallest run that violated this property for some seconds and shows the
// events that prove the violation. Both the original and the shrunk run are stored, the shrunk
// one with a Go test that repeats it. A failure names the seed and the command that repeats it
// alone: the variable ZKLAB_SEED. The repeated run is the same, byte for byte, under the conditions
// in docs/simulation.md.
//
// Simulate begins no other seed when the first ten failed alike, or when its time is over (see
// [Experiment.Budget]). The test then says how many seeds were not begun, and is judged by the others.
// Every ten seconds of real time it says how far it has come: in the test's log with -v, else on
// standard error, which "go test" without a package shows at once.
//
// Simulate opens the bubbles of [testing/synctest] itself, so it must not be called inside one. The
// recipe may wait only for channels, timers and its connection, as for [Test]. If it waits for
// anything else, or spins, the simulation of that seed gets stuck. After some seconds the test then
// names the place in the code, continues with the other seeds if possible, and fails unless
// AllowUnknown is set.
func Simulate(t *testing.T, x Experiment) {
	t.Helper()
	gotests.Simulate(t, x.lab())
}

// Simulate runs the experiment in virtual time, in which a minute takes a moment. The same seed
// gives the same record, byte for byte; docs/simulation.md lists the conditions. The ensemble must
// be an embedded one in memory, as the default is, and Command must be empty. If Faults freeze or
// crash clients, the simulation plays processes (see PlayProcesses). In a test, call [SimulateIn]
// or the function Simulate.
//
// Simulate writes no file unless Out is set; call [Outcome.Keep] to write the run later. It calls
// Progress about once per second of real time, with virtual times. Interrupt ends the load within a
// second of virtual time. Concurrent calls in one process run one after another, since each run
// needs exclusive use of one processor. The error wraps [ErrStuck] if the code under test stops
// virtual time for good.
func (x Experiment) Simulate(ctx context.Context) (*Outcome, error) {
	return outcome(x.lab().Simulate(ctx, nil))
}

// SimulateIn is [Experiment.Simulate] for use in a test. The simulation is a subtest.
func SimulateIn(t *testing.T, x Experiment) (*Outcome, error) {
	t.Helper()
	return outcome(gotests.SimulateIn(t, x.lab()))
}

// ErrStuck is wrapped by the error of a simulation in which the code under test has stopped virtual
// time for good: it holds a mutex during a request, spins, or waits for something outside the
// simulation. The run has no verdict. The error names the place in the code.
var ErrStuck = experiment.ErrStuck
