package zklab_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// The library's own lock and queue keep their promises while leaders are paused and sessions
// expire, and these faults really happen. The tests of package engine show the same of every
// recipe.
func TestOwnRecipesAreValid(t *testing.T) {
	for _, recipe := range []string{models.Lock.Name, models.Queue.Name} {
		t.Run(recipe, func(t *testing.T) {
			o := simulate(t, ownUnderFaults(t, recipe))
			if o.Result.Verdict != checker.Valid {
				t.Errorf("verdict %s", o.Result.Verdict)
			}
			faultsHappened(t, o)
			if txns, err := history.OpenTxns(o.Run.Transactions()); err != nil || len(txns) < o.Result.Stats.OK {
				t.Errorf("%d transactions of %d operations, %v", len(txns), o.Result.Stats.OK, err)
			}
		})
	}
}

// ownUnderFaults returns an experiment with a recipe of the library. A leader is paused for
// long enough that another one is elected, and the session of a client that holds or waits
// expires.
func ownUnderFaults(t *testing.T, recipe string) zklab.Experiment {
	t.Helper()
	w := must.Get(specimens.Named(recipe, workloads.Own))(t)
	return zklab.Experiment{
		Workload: w, Subject: workloads.Own, TimeLimit: 13 * time.Second, Seed: 7,
		Faults: plan.Schedule{{
			Interval: 4500 * time.Millisecond, Lasts: 3500 * time.Millisecond,
			Turns: []plan.Turn{plan.Together(faults.Pause{Nodes: faults.Leader}), plan.Together(faults.Expire{})},
		}},
	}
}

// faultsHappened fails the test unless each fault of ownUnderFaults took effect and the run is
// complete.
func faultsHappened(t *testing.T, o *zklab.Outcome) {
	t.Helper()
	s := o.Result.Stats
	if s.Elections == 0 {
		t.Error("no new leader was elected")
	}
	for _, k := range s.FaultKinds {
		if k.Verified == 0 {
			t.Errorf("%s never took effect", k.Kind)
		}
		if k.Kind == "expire" && k.Holding+k.Waiting == 0 && runtest.Waits(o.Result.Recipe) {
			t.Error("no session expired while it held or waited")
		}
	}
	if t.Failed() {
		runtest.Explain(t, o.Result)
	}
	complete(t, o.Run)
}

// complete looks for everything that a run leaves in a program that draws no plots.
func complete(t *testing.T, run *store.Run) {
	t.Helper()
	for _, path := range []string{run.Experiment(), run.History(), run.Result(), run.Report(), run.JUnit(), run.Timeline()} {
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s is missing or empty", path)
		}
	}
	if page, err := os.ReadFile(run.Report()); err != nil || !strings.Contains(string(page), "<code>zklab open "+run.Dir+"</code>") {
		t.Errorf("the report does not say how to add the plots: %v", err)
	}
}

// Subjects that are broken on purpose are found out without any fault, and again from the
// record alone.
func TestBrokenSubjectsAreCaught(t *testing.T) {
	for recipe, property := range map[string]string{"lock": "exclusion", "queue": "integrity", "session": "durable"} {
		t.Run(recipe, func(t *testing.T) {
			w := must.Get(specimens.Named(recipe, specimens.Broken))(t)
			o := simulate(t, zklab.Experiment{Workload: w, TimeLimit: 6 * time.Second, Seed: 1, MinLoad: -1})
			if o.Result.Verdict != checker.Violation || !runtest.Violated(o.Result, property) {
				t.Errorf("verdict %s", o.Result.Verdict)
				runtest.Explain(t, o.Result)
			}
			for _, path := range []string{o.Run.Dir, o.Run.History()} {
				run := must.Get(store.Open("", path))(t)
				again := must.Get(zklab.Judge(t.Context(), run, checker.Options{}))(t)
				if diff := cmp.Diff(o.Result.Verdicts, again.Verdicts, agreed); diff != "" {
					t.Errorf("judged again from %s: %s", path, diff)
				}
			}
		})
	}
}

// agreed leaves out of how many keys porcupine agrees on a verdict: on a busy machine its
// time may be over before it has searched all.
var agreed = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Decider" }, cmp.Ignore())
