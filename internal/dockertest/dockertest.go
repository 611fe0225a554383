// Package dockertest gives tests a real ZooKeeper ensemble in containers. Only
// tests may import it.
//
// The Java servers of several packages would starve each other on a small machine, so
// tests that need containers wait for those of other processes.
//
// Tests that need one call [Require] or [Ensemble]; without a Docker engine or
// a ZooKeeper image they are skipped, unless ZKLAB_DOCKER=required, as where
// nothing may be skipped: then they fail. Starting takes seconds, so one
// ensemble of each size is shared by a package's tests, and [Main] closes it:
//
//	func TestMain(m *testing.M) { dockertest.Main(m) }
package dockertest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
)

const (
	lookTimeout    = 30 * time.Second
	healthyTimeout = 60 * time.Second
)

// Require skips the test where containers cannot be had, or fails it when
// ZKLAB_DOCKER=required.
func Require(t testing.TB) {
	t.Helper()
	if why := missing(); why != "" {
		if os.Getenv("ZKLAB_DOCKER") == "required" {
			t.Fatalf("ZKLAB_DOCKER=required, but %s", why)
		}
		t.Skip(why)
	}
	takeTurn(t)
}

// Long is Require for a test that -short leaves out. Each package that talks to
// containers keeps some that it does not, for the race detector to see.
func Long(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("real servers in real time, and others are enough for a short run")
	}
	Require(t)
}

// ManyAtOnce lets more tests run in parallel than there are processors, for a
// package whose tests wait for servers most of the time. Call it before Main. The
// command line wins.
func ManyAtOnce(n int) {
	if err := flag.Set("test.parallel", strconv.Itoa(n)); err != nil {
		panic(err)
	}
}

// missing says what containers are lacking for, once for all tests.
var missing = sync.OnceValue(func() string {
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	if err := container.Ready(ctx, container.Config{}); err != nil {
		return err.Error()
	}
	return ""
})

var shared struct {
	sync.Mutex
	ensembles map[int]ensemble.Ensemble
}

// Ensemble returns the shared ensemble of n servers, healthy; it starts it for
// the first test that asks. A test that uses it works below a path of its own,
// and does not run in parallel with others when it harms servers. Paused ones
// are resumed for the next test, those that are down started, and cuts healed. The caller does
// not close it: [Main] does, or [Run].
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
	if _, err := ensemble.WaitHealthy(t.Context(), e, healthyTimeout); err != nil {
		t.Fatal(err)
	}
	return e
}

func start(t testing.TB, n int) ensemble.Ensemble {
	t.Helper()
	e, err := container.Config{Nodes: n}.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if shared.ensembles == nil {
		shared.ensembles = map[int]ensemble.Ensemble{}
	}
	shared.ensembles[n] = e
	return e
}

// restore resumes what a test left paused, starts what it left down, and heals
// the network.
func restore(t testing.TB, e ensemble.Ensemble) {
	t.Helper()
	if err := e.(ensemble.Partitioner).Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Servers() {
		if err := s.(ensemble.Pauser).Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.(ensemble.Killer).Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Main runs a package's tests, closes the shared ensembles, and exits. When the
// tests passed it fails for goroutines that are left, but for those ignored.
func Main(m interface{ Run() int }, ignored ...goleak.Option) {
	code := Run(m)
	if code == 0 {
		if err := goleak.Find(ignored...); err != nil {
			fmt.Fprintln(os.Stderr, "dockertest:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// Run runs a package's tests and closes the shared ensembles, for a package whose main
// function is somebody else's. It returns the exit code.
func Run(m interface{ Run() int }) (code int) {
	code = m.Run()
	if err := closeShared(); err != nil {
		fmt.Fprintln(os.Stderr, "dockertest:", err)
		code = max(code, 1)
	}
	return code
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
