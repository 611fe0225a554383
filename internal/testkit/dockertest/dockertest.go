// Package dockertest gives tests a real ZooKeeper ensemble in containers. Only tests with the
// build tag "real" may import it.
//
// The Java servers of many packages would starve each other on a small machine. So tests that need containers
// wait while other processes have such tests: one process for two processors of the machine.
//
// A test that needs containers calls [Require] or [Ensemble]; where there is no Docker engine or
// no ZooKeeper image it is skipped, or fails when ZKLAB_REAL=required. An ensemble takes seconds
// to start, so the tests of a package share one of each size, which testmain.Main closes:
//
//	func TestMain(m *testing.M) { testmain.Main(m) }
package dockertest

import (
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/programs"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

const healthyTimeout = 3 * time.Minute

// Require skips the test if there are no containers on this machine, or fails it when
// ZKLAB_REAL=required. It waits for a turn to use containers.
func Require(t testing.TB) {
	t.Helper()
	programs.Require(t, programs.Docker)
	takeTurn(t)
}

// Cleans is [Require] for a test that leaves on the engine what belongs to dead processes, or removes it (zklab
// clean). It also waits until no other such test runs.
func Cleans(t testing.TB) {
	t.Helper()
	Require(t)
	release := must.Get(AwaitCleaning())(t)
	t.Cleanup(release)
}

// AwaitCleaning waits until no other test cleans (see [Cleans]), and keeps others from it until release. It is
// for a part of a test that has called [Require].
func AwaitCleaning() (release func(), err error) { return lockOneOf("clean") }

var shared struct {
	sync.Mutex
	ensembles map[int]ensemble.Ensemble
}

// Ensemble returns the shared ensemble of n servers, healthy. It starts the ensemble for the first test
// that asks. A test that uses it works below its own path, and does not run in parallel with others if
// it harms servers. For the next test, paused servers are resumed, servers that are down are started,
// and cuts are healed. The caller does not close the ensemble: testmain.Main does.
func Ensemble(t testing.TB, n int) ensemble.Ensemble {
	t.Helper()
	Require(t)
	shared.Lock()
	defer shared.Unlock()
	e := shared.ensembles[n]
	if e == nil {
		e = start(t, n)
	}
	restore(t, e)
	must.Get(ensemble.WaitHealthy(t.Context(), e, healthyTimeout))(t)
	return e
}

func start(t testing.TB, n int) ensemble.Ensemble {
	t.Helper()
	e := must.Get(container.Config{Nodes: n}.Start(t.Context()))(t)
	if shared.ensembles == nil {
		shared.ensembles = map[int]ensemble.Ensemble{}
		testmain.AtExit(closeShared)
	}
	shared.ensembles[n] = e
	return e
}

// restore resumes the servers that a test left paused, starts those that it left down, and heals the
// network.
func restore(t testing.TB, e ensemble.Ensemble) {
	t.Helper()
	must.Do(t, e.(ensemble.Partitioner).Heal(t.Context()))
	for _, s := range e.Servers() {
		must.Do(t, s.(ensemble.Pauser).Resume(t.Context()))
		must.Do(t, s.(ensemble.Killer).Start(t.Context()))
	}
}

func closeShared() (failed error) {
	shared.Lock()
	defer shared.Unlock()
	for _, e := range shared.ensembles {
		if err := e.Close(); err != nil {
			failed = err
		}
	}
	shared.ensembles = nil
	return failed
}
