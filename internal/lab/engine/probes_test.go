package engine_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/workloads"
)

// While a leader is down, its own probe has no service until it is back. The probe that uses all
// servers has none for as long as an election takes and a client needs to find another server. Probes
// do not change verdicts.
func TestProbes(t *testing.T) {
	const rate = 50
	w := must.Get(specimens.Named("lock", workloads.Own))(t)
	o := virtually(t, engine.Config{
		Workload: w, Subject: workloads.Own, Seed: 1,
		Settings: settings.Settings{TimeLimit: 20 * time.Second, Probe: rate},
		Faults:   plan.Every(8*time.Second, faults.Kill{}),
	})
	valid(t, o)
	h := must.Get(o.Run.ReadHistory())(t)
	probes := stats.Probes(h)
	if len(probes) != 4 {
		t.Fatalf("%d probes on 3 servers", len(probes))
	}
	for _, w := range probes {
		if n := len(w.Points); n < 20*rate-5 || n > 30*rate {
			t.Errorf("server %d: %d writes in 20 s and the heal", w.Server, n)
		}
	}
	for _, f := range o.Result.Stats.Faults {
		all, best, worst := f.Outage()
		if all == nil || best == nil || worst == nil {
			t.Fatalf("fault %d: outages %v", f.Number, f.Outages)
		}
		if all.AtLeast || all.Time < 50*time.Millisecond || all.Time > 3*time.Second || best.Time > all.Time+time.Second {
			t.Errorf("fault %d: %v without service, %v with the least affected server", f.Number, *all, *best)
		}
		if !worst.AtLeast {
			t.Errorf("fault %d: the server that was killed served before it was started again: %v", f.Number, *worst)
		}
	}
}
