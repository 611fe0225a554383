package zklab

import (
	"testing"

	"github.com/zklab/zklab/internal/lab/gotests"
)

// SeedVariable is the environment variable that sets the seed of every [Test]. A failure says how
// to set it to repeat the run.
const SeedVariable = gotests.SeedVariable

// Test runs an experiment as a test. Every field except Workload is optional.
//
// The test fails when the run violates a property, and shows the events that prove it. It also
// fails when a property was not decided, and says what was missing; AllowUnknown lets such a test
// pass. A failure names the seed and the command that repeats the run: the variable ZKLAB_SEED
// takes precedence over Experiment.Seed. If the experiment cannot be run, Test calls t.Fatalf.
// Otherwise it returns the outcome.
//
// If the test fails, the run's folder (history, report) is kept in a temporary folder that the
// failure names; "zklab open" with that folder adds the plots to the report (see
// [Experiment.Run]). If the test passes, it is removed. The three newest folders of each test are
// kept; zklab prune --failed-tests removes old ones. A run is always kept if Out is set, or if "go test
// -artifacts" is given.
//
// In a bubble of [testing/synctest], the run takes place in virtual time, in which a minute takes a
// moment:
//
//	synctest.Test(t, func(t *testing.T) { zklab.Test(t, experiment) })
//
// That requires an ensemble in the same bubble, as the default is, and a recipe that waits only for
// channels, timers and its connection. The recipe must not wait for a mutex whose holder is itself
// waiting, nor open connections that bypass subjects.Client.Dial. If Faults name faults.Freeze or
// faults.Crash, the bubble plays clients as processes (see [Experiment.PlayProcesses]). The bubble
// waits for the goroutines that a killed process leaves behind, so a loop that retries for ever
// keeps it from ending.
func Test(t testing.TB, x Experiment) *Outcome {
	t.Helper()
	o, _ := outcome(gotests.Test(t, x.lab()), nil)
	return o
}
