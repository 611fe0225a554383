package zklab_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/workloads"
)

// The lock runs for minutes with a fault every ten seconds.
func TestMinutesInVirtualTime(t *testing.T) {
	const minutes = 3
	o := simulate(t, zklab.Experiment{
		Workload: ownLock(), Subject: workloads.Own, TimeLimit: minutes * time.Minute, Seed: 1,
		Faults: plan.Every(10*time.Second, faults.Pause{}, faults.Expire{}),
	})
	s := o.Result.Stats
	if o.Result.Verdict != checker.Valid || s.OK < 3000*minutes || s.Elections == 0 || s.Stalls > 0 {
		t.Errorf("verdict %s, %d ok, %d elections, %d stalls", o.Result.Verdict, s.OK, s.Elections, s.Stalls)
	}
	for _, k := range s.FaultKinds {
		if k.Verified < 5*minutes/2 {
			t.Errorf("%s took effect %d times", k.Kind, k.Verified)
		}
	}
	// What the servers committed is kept with the run.
	if txns, err := history.OpenTxns(o.Run.Transactions()); err != nil || len(txns) < s.OK {
		t.Errorf("%d transactions, %v", len(txns), err)
	}
	if t.Failed() {
		runtest.Explain(t, o.Result)
	}
	complete(t, o.Run)
}
