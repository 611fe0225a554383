package embedded_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/workloads"
)

var (
	seeds     = flag.Int("promises.seeds", 20, "how many seeds TestPromises tries; a tenth with -short")
	firstSeed = flag.Int("promises.first", 1, "the first of them")
)

// TestPromises makes clients of ensembles of all sizes work while servers are killed, paused, cut off and slowed down,
// and while sessions expire and move. Package checker compares what went over the wire with the promises of ZooKeeper
// (Programmer's Guide, Consistency Guarantees). How servers answer each request is tested by package conformance, which
// compares them with Apache's, and by the packages prep, tree, watch and zab.
//
// -run 'TestPromises/seed=17$' tries one seed again.
func TestPromises(t *testing.T) {
	n := *seeds
	if testing.Short() {
		n = (n + 9) / 10
	}
	ok, elections, effects := 0, 0, map[string]int{}
	for seed := *firstSeed; seed < *firstSeed+n; seed++ {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			r := must.Get(zklab.SimulateIn(t, someRun(seed)))(t).Result
			for _, v := range r.Verdicts {
				if v.Result == checker.Violation {
					t.Errorf("%s: %s", v.Property, v.Reason)
				}
			}
			if t.Failed() {
				runtest.Explain(t, r)
			}
			ok, elections = ok+r.Stats.OK, elections+r.Stats.Elections
			for _, k := range r.Stats.FaultKinds {
				effects[k.Kind] += k.Verified
			}
		})
	}
	// A test that tries nothing would find nothing.
	t.Logf("%d operations succeeded, %d elections, faults %v", ok, elections, effects)
	if n >= 20 && (ok < 500*n || elections < n/2 || len(effects) < len(promiseFaults)) {
		t.Errorf("too little happens in %d seeds", n)
	}
	for kind, took := range effects {
		if n >= 20 && took < n/4 {
			t.Errorf("%s took effect %d times in %d seeds", kind, took, n)
		}
	}
}

var promiseFaults = []faults.Fault{
	faults.Kill{}, faults.Pause{}, faults.Partition{}, faults.SlowNetwork{}, faults.SlowDisk{}, faults.Expire{}, faults.Move{},
}

// someRun draws the servers, the clients and the faults of a run.
func someRun(seed int) zklab.Experiment {
	rng := rand.New(rand.NewPCG(uint64(seed), 1))
	servers := []embedded.Config{
		{Nodes: 3}, {Nodes: 3}, {Nodes: 3}, {Nodes: 5}, {Nodes: 3, Observers: 1}, {Nodes: 5, Observers: 2}, {Nodes: 7},
	}[rng.IntN(7)]
	servers.InMemory, servers.Sweep = true, 2*time.Second
	servers.Latency = time.Duration([]int{0, 1, 20}[rng.IntN(3)]) * time.Millisecond
	x := zklab.Experiment{
		Workload: workloads.Session{}, Ensemble: servers, Seed: int64(seed), OptionalFaults: true,
		Clients: 3 + rng.IntN(3), Keys: 2, TimeLimit: 12 * time.Second, SessionTimeout: time.Duration(1+rng.IntN(4)) * time.Second,
	}
	var some []faults.Fault
	for _, i := range rng.Perm(len(promiseFaults))[:1+rng.IntN(len(promiseFaults))] {
		some = append(some, promiseFaults[i])
	}
	x.Faults = plan.Every(1500*time.Millisecond, some...)
	return x
}
