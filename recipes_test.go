package zklab_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/runtest"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// The library's own recipes keep their promises while leaders are paused and
// sessions expire; and these faults really happened. One recipe does so in real time.
func TestOwnRecipesAreValid(t *testing.T) {
	for _, recipe := range workloads.Recipes() {
		if testing.Short() && recipe != "lock" {
			continue
		}
		t.Run(recipe, func(t *testing.T) {
			w, err := workloads.Named(recipe, workloads.Own)
			if err != nil {
				t.Fatal(err)
			}
			o := runtest.Valid(t, func() *zklab.Outcome {
				return runner(recipe)(t, zklab.Experiment{
					Workload: w, Subject: workloads.Own, TimeLimit: 13 * time.Second, Seed: 4,
					MinLoad: 40, // on a busy machine the lock in real time comes to less than a hundred
					Faults: plan.Schedule{{ // one of each; a leader that is paused for less stays leader
						Interval: 4500 * time.Millisecond, Lasts: 3500 * time.Millisecond,
						Turns: []plan.Turn{plan.Together(faults.Pause{}), plan.Together(faults.Expire{})},
					}},
				})
			})
			s := o.Result.Stats
			if s.Elections == 0 {
				t.Error("no new leader was elected")
			}
			for _, k := range s.FaultKinds {
				if k.Verified == 0 {
					t.Errorf("%s never took effect", k.Kind)
				}
				if k.Kind == "expire" && k.Holding+k.Waiting == 0 && runtest.Waits(recipe) {
					t.Error("no session expired while it held or waited")
				}
			}
			if t.Failed() {
				runtest.Explain(t, o.Result)
			}
			complete(t, o.Run)
		})
	}
}

// runner runs experiments of a recipe: in real time the lock's, in virtual time all others.
func runner(recipe string) func(*testing.T, zklab.Experiment) *zklab.Outcome {
	if recipe == "lock" {
		return perform
	}
	return virtually
}

// complete looks for everything that a run leaves.
func complete(t *testing.T, run *store.Run) {
	t.Helper()
	for _, path := range []string{run.Experiment(), run.History(), run.Result(), run.Report(), run.JUnit(), run.Timeline()} {
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s is missing or empty", path)
		}
	}
	for _, ext := range []string{"svg", "png"} {
		plots, err := filepath.Glob(filepath.Join(run.Plots(), "*."+ext))
		if err != nil || len(plots) < 4 {
			t.Errorf("only %d plots as %s", len(plots), ext)
		}
	}
}

// What is wrong on purpose is found out without any fault, and again from the
// record alone.
//
// A busy machine gets little done in that time, and a defect that wants many to meet may
// show only in a later run.
func TestBrokenSubjectsAreCaught(t *testing.T) {
	for recipe, property := range map[string]string{
		"lock": "exclusion", "queue": "integrity", "barrier": "early", "double-barrier": "leave", "election": "exclusion",
		"register": "linearizable", "session": "durable",
	} {
		if testing.Short() && recipe != "lock" && recipe != "session" {
			continue // the same runs in virtual time: package engine's
		}
		t.Run(recipe, func(t *testing.T) {
			t.Parallel()
			w, err := workloads.Named(recipe, workloads.Broken)
			if err != nil {
				t.Fatal(err)
			}
			var o *zklab.Outcome
			for seed := int64(1); seed <= mostSeeds; seed++ {
				o = perform(t, zklab.Experiment{Workload: w, TimeLimit: 6 * time.Second, Seed: seed, MinLoad: -1})
				if o.Result.Verdict == checker.Violation {
					break
				}
			}
			if o.Result.Verdict != checker.Violation || !runtest.Violated(o.Result, property) {
				t.Errorf("verdict %s", o.Result.Verdict)
				runtest.Explain(t, o.Result)
			}
			for _, path := range []string{o.Run.Dir, o.Run.History()} {
				run, err := store.Open("", path)
				if err != nil {
					t.Fatal(err)
				}
				again, err := zklab.Judge(t.Context(), run, checker.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(o.Result.Verdicts, again.Verdicts, agreed); diff != "" {
					t.Errorf("judged again from %s: %s", path, diff)
				}
			}
		})
	}
}

// mostSeeds is in how many runs a broken subject has to be caught.
const mostSeeds = 4

// agreed leaves out of how many keys porcupine agrees on a verdict: on a busy machine its
// time may be over before it has searched all.
var agreed = cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Decider" }, cmp.Ignore())

// A single client on an idle ensemble cannot tell a broken subject from a
// sound one: and nothing could have failed, so nothing is valid either. One does so in
// real time.
func TestBrokenSubjectsPassAlone(t *testing.T) {
	for _, recipe := range workloads.Recipes() {
		if recipe == history.ModelSession {
			continue // what is broken there is the store, and it lies to a single client, too
		}
		if testing.Short() && recipe != "lock" {
			continue // the same runs in virtual time: package engine's
		}
		subjects := workloads.Subjects(recipe)
		i := slices.IndexFunc(subjects, func(s workloads.Subject) bool { return s.Property != "" && !s.Alone })
		t.Run(recipe, func(t *testing.T) {
			t.Parallel()
			w, err := workloads.Named(recipe, subjects[i].Name)
			if err != nil {
				t.Fatal(err)
			}
			o := runner(recipe)(t, zklab.Experiment{Workload: w, Clients: 1, TimeLimit: 2 * time.Second, Seed: 1, MinLoad: -1})
			if o.Result.Verdict != checker.Unknown {
				t.Errorf("verdict %s", o.Result.Verdict)
				runtest.Explain(t, o.Result)
			}
		})
	}
}
