package zklab_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// begun returns the times at which operations of a load were meant to begin, in
// microseconds of the record's clock, by client.
func begun(t *testing.T, x zklab.Experiment) map[int][]int64 {
	t.Helper()
	o := must.Get(zklab.SimulateIn(t, x))(t)
	var load time.Duration
	all := map[int][]int64{}
	for _, e := range o.History.Events {
		if e.F == history.FPhase && load == 0 && strings.Contains(string(e.Value), history.PhaseLoad) {
			load = e.Time
		}
		if e.Intended > 0 {
			all[e.Client] = append(all[e.Client], (e.Intended - load).Microseconds())
		}
	}
	return all
}

// Leaving some clients or operations out of a load moves nothing else, and a client with
// the draws of another one does what that client would do.
func TestArrivals(t *testing.T) {
	for _, recipe := range []string{"lock", "queue", "counter", "session"} { // a register's operations begin at meetings
		workload := must.Get(specimens.Named(recipe, workloads.Own))(t)
		x := zklab.Experiment{Workload: workload, Clients: 2, Keys: 1, Rate: 20, TimeLimit: time.Second, Seed: 4, MinLoad: -1}
		whole := begun(t, x)
		if len(whole[0]) < 4 || len(whole[1]) < 4 {
			t.Fatalf("%s: too few: %v", recipe, whole)
		}
		x.Arrivals, x.Sources = []workloads.Arrival{{Client: 0, Number: 3}}, []int{1}
		some := begun(t, x)
		if len(some[1]) != 0 || len(some[0]) == 0 || len(some[0]) > 4 || !slices.ContainsFunc(whole[1], near(some[0][0])) || slices.ContainsFunc(whole[0], near(some[0][0])) {
			t.Errorf("%s: client 0 of %v began at %v", recipe, whole, some)
		}
		if x.Arrivals = []workloads.Arrival{}; len(begun(t, x)) != 0 {
			t.Errorf("%s: something began though nothing was to", recipe)
		}
	}
	x := zklab.Experiment{Workload: workloads.Lock{New: newLock}, Clients: 1, Sources: []int{-1}}
	if _, err := zklab.SimulateIn(t, x); !errors.Is(err, zklab.ErrUsage) {
		t.Errorf("the draws of client -1: %v", err)
	}
}

// near returns a test of whether a time is about this one: clients begin some
// microseconds apart.
func near(a int64) func(int64) bool { return func(b int64) bool { return -50 < a-b && a-b < 50 } }

// In a load of rounds, which all clients begin together, a whole round is left out.
func TestArrivalsTogether(t *testing.T) {
	workload := must.Get(specimens.Named("barrier", workloads.Own))(t)
	x := zklab.Experiment{Workload: workload, Clients: 2, Rate: 20, TimeLimit: time.Second, Seed: 4, MinLoad: -1}
	whole := begun(t, x)
	x.Arrivals = []workloads.Arrival{{Client: workloads.Together, Number: 2}}
	some := begun(t, x)
	if len(some) == 0 || len(some[0]) >= len(whole[0]) {
		t.Errorf("of %v: %v", whole, some)
	}
}
