package zklab

import (
	"testing"
	"time"

	"github.com/zklab/zklab/internal/lab/gotests"
)

// SweepOptions set the extent of [Sweep]. The zero value means 200 seeds from 1.
type SweepOptions struct {
	First int64 // first seed; default 1
	Seeds int   // number of seeds; default 200
	// Budget limits the real time in which seeds begin; 0 means no limit but the deadline of the
	// test. The test says how many seeds were not begun, and does not fail because of them.
	Budget time.Duration
}

// Sweep runs an experiment as a test with many seeds, in simulations as [Simulate] does, each in a
// subtest "seed 17". Each seed also draws the kind of run, as "zklab sweep" does: the faults and
// their interval; the numbers of clients, keys and servers; the rate, timeouts and latencies.
// Settings of the experiment are not drawn, except that each seed uses a subset of the faults that
// the experiment names. So runs differ in kind, and some find defects that a mix of everything
// hides. Clients that crash or freeze are played as processes (see [Experiment.PlayProcesses]).
//
// The test fails when a run violates a property, and shows the smallest of these runs. With -v, the
// subtest of each such run names the command that repeats its seed alone. As for [Simulate], no other seed begins when the
// first ten failed alike. It also fails when a third of the runs decided
// nothing, when a fault that Faults names took effect in no run, when no operation succeeded after it
// in any run, or when the recipe stops virtual time, as for [Simulate].
func Sweep(t *testing.T, x Experiment, options SweepOptions) {
	t.Helper()
	gotests.Sweep(t, x.lab(), gotests.Range(options))
}
