package zklab_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/workloads"
)

// virtually runs an experiment in virtual time, in a store of its own.
func virtually(t *testing.T, x zklab.Experiment) (o *zklab.Outcome) {
	t.Helper()
	if x.Out == "" {
		x.Out = t.TempDir()
	}
	synctest.Test(t, func(t *testing.T) {
		var err error
		if o, err = x.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	return o
}

// Ten minutes of the lock with a fault every ten seconds.
func TestTenMinutesInVirtualTime(t *testing.T) {
	minutes := 10
	if testing.Short() {
		minutes = 2
	}
	o := virtually(t, zklab.Experiment{
		Workload: ownLock(), Subject: workloads.Own, TimeLimit: time.Duration(minutes) * time.Minute, Seed: 1,
		Faults: faults.Every(10*time.Second, faults.Pause{}, faults.Expire{}),
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
		explain(t, o.Result)
	}
	complete(t, o.Run)
}

// The library's own recipes keep their promises, whatever the seed.
func TestOwnRecipesInVirtualTime(t *testing.T) {
	seeds := 3
	if testing.Short() {
		seeds = 1
	}
	for _, recipe := range workloads.Recipes() {
		w, err := workloads.Named(recipe, workloads.Own)
		if err != nil {
			t.Fatal(err)
		}
		for seed := 1; seed <= seeds; seed++ {
			t.Run(fmt.Sprint(recipe, "/", seed), func(t *testing.T) {
				t.Parallel()
				o := virtually(t, zklab.Experiment{
					Workload: w, Subject: workloads.Own, TimeLimit: time.Minute, Seed: int64(seed),
					Faults: faults.Every(7*time.Second, faults.Pause{}, faults.Expire{}),
				}.Brief())
				if o.Result.Verdict != checker.Valid {
					t.Errorf("verdict %s", o.Result.Verdict)
					explain(t, o.Result)
				}
			})
		}
	}
}

// What is wrong on purpose is found out in virtual time, too.
func TestBrokenSubjectsInVirtualTime(t *testing.T) {
	for recipe, property := range map[string]string{
		"lock": "exclusion", "queue": "integrity", "barrier": "early", "double-barrier": "leave", "election": "exclusion",
		"register": "linearizable", "session": "durable",
	} {
		t.Run(recipe, func(t *testing.T) {
			t.Parallel()
			w, err := workloads.Named(recipe, workloads.Broken)
			if err != nil {
				t.Fatal(err)
			}
			o := virtually(t, zklab.Experiment{Workload: w, TimeLimit: time.Minute, Seed: 1, MinLoad: -1})
			if o.Result.Verdict != checker.Violation || !violated(o.Result, property) {
				t.Errorf("verdict %s", o.Result.Verdict)
				explain(t, o.Result)
			}
		})
	}
}
