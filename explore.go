package zklab

import (
	"testing"

	"github.com/zklab/zklab/internal/lab/gotests"
)

// Explore runs a small experiment as a test, in simulations, and repeats it with each single fault
// at each of its messages: each request lost; each reply lost; each connection cut before and after
// a message; each session expired; the server of each connection killed, and the leader. If clients
// can be played as processes (see [Experiment.PlayProcesses]), each client is also frozen for
// longer than its session lasts, and crashed. If no single fault breaks a promise, Explore tries
// 300 pairs of them, the most different pairs first. So it reaches windows of less than a
// millisecond, which [Simulate] and [Sweep] hit only by luck.
//
// Every field except Workload is optional. By default, three clients begin three operations each on
// one key. The number of runs grows with the number of messages, so keep the experiment small: a
// few hundred to a few thousand runs of about ten milliseconds each. Faults must be nil. The
// variable ZKLAB_SEED sets the seed.
//
// A client that polls sends the same request and gets the same answer round after round. While
// nothing else happens, its rounds differ only by the time, so Explore tries faults in the first two
// rounds and in the last one, and counts the others as implied.
//
// Explore begins no other run when the first ten faults failed alike, or when its time is over (see
// [Experiment.Budget]). If that leaves single faults untried and none has broken a promise, the test
// is undecided: it fails, and says how far it came, unless AllowUnknown is set. Like Simulate, it
// says how far it has come every ten seconds.
//
// The test fails when a run violates a property. It shows the events of the first such run with the
// fewest faults, and the number of runs in which each cause was found. That run is stored, together
// with a test that repeats it alone. The test also fails when all runs together leave a property
// undecided, or when no operation succeeded in any run after faults of some kind, unless AllowUnknown is set. The recipe has to meet the same requirements as for
// Simulate.
func Explore(t *testing.T, x Experiment) {
	t.Helper()
	gotests.Explore(t, x.lab())
}
