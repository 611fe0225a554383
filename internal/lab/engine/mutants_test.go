package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/corruptproxy"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/played"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// This file looks for each mutant, by the property that must find it.

// seeds is how many runs it may take to find a defect: some defects need a fault at exactly the right
// moment, which not every seed has.
const seeds = 4

// planted returns the mutants of some recipes.
func planted(of func(*models.Model) bool) (all []specimens.Specimen) {
	for _, recipe := range specimens.Recipes() {
		if !of(models.Named(recipe)) {
			continue
		}
		for _, s := range specimens.Subjects(recipe) {
			if s.Property != "" {
				all = append(all, s)
			}
		}
	}
	return all
}

// Mutants of recipes use the store wrongly; mutants of the store make the store itself wrong.
func theStore(m *models.Model) bool { return m.Store && !sessions(m) } // of sessions: TestCorruptionsAreFound
func recipe(m *models.Model) bool   { return !m.Store }

func sessions(m *models.Model) bool { return m.Name == models.Session.Name }

// leaksContender is a subject with a real, unintended defect (docs/track-record.md).
var leaksContender = specimens.Specimen{
	Recipe: models.Lock.Name, Name: specimens.GoZookeeper, Property: "progress", Faults: "lose-reply:getChildren/500ms",
}

// showing returns an experiment that shows the defect of a subject.
func showing(t *testing.T, s specimens.Specimen) engine.Config {
	t.Helper()
	w := must.Get(specimens.Named(s.Recipe, s.Name))(t)
	x := must.Get(plan.Parse(s.Faults, time.Second))(t)
	c := engine.Config{
		Workload: w, Subject: s.Name, Faults: x, MinLoad: -1,
		Settings: settings.Settings{Keys: 2}, // it takes a while until a stuck key shows
	}
	if x.Hits(kinds.Processes) {
		c = launching(c, played.Launch(map[string]subjects.Maker{s.Recipe: w.(workloads.Served).Maker()}))
	}
	return c
}

// briefly is like showing, for defects that show soon: those of the store, for which every request is a
// chance.
func briefly(t *testing.T, s specimens.Specimen) engine.Config {
	x := showing(t, s)
	x.Rate, x.TimeLimit = 200, 8*time.Second
	if strings.HasPrefix(s.Faults, "partition") || s.Name == specimens.Broken+":"+string(corruptproxy.Undying) { // two timeouts
		x.TimeLimit = 20 * time.Second
	}
	return x
}

// find looks for the defects of subjects, each with several seeds.
func find(t *testing.T, all []specimens.Specimen, with func(*testing.T, specimens.Specimen) engine.Config) {
	for _, s := range all {
		t.Run(s.Recipe+"/"+s.Name, func(t *testing.T) {
			x := with(t, s)
			found, bare := false, ofItsOffers(s)
			for x.Seed = 1; x.Seed <= seeds; x.Seed++ {
				o := virtually(t, x)
				asListed(t, s, o.Result)
				found = found || o.Result.Verdict == checker.Violation && runtest.Violated(o.Result, s.Property)
				bare = bare || withoutOffers(t, o) == checker.Violation
				if found && bare {
					return
				}
			}
			t.Errorf("of %d seeds one found it: %v, without what the subject offers beside its contract: %v", seeds, found, bare)
		})
	}
}

// ofItsOffers reports whether the defect is in what a subject offers beyond its contract: in its
// tokens, or in its answers about its hold.
func ofItsOffers(s specimens.Specimen) bool {
	return models.Named(s.Recipe).Store || slices.Contains([]string{"tokens", "fencing", "lost", "fair", "states", "who-leads", "revocation", "strict", "snapshots"}, s.Property)
}

// withoutOffers returns the verdict on a run's record without everything that the subject offers beyond
// its contract.
func withoutOffers(t *testing.T, o *zklab.Outcome) checker.Result {
	t.Helper()
	list := must.Get(history.OpenTxns(o.Run.Transactions()))(t)
	h := must.Get(o.Run.ReadHistory())(t)
	return checker.Run(t.Context(), runtest.Bare(t, h), checker.Options{Transactions: list}).Verdict
}

// long is like showing, with enough time for a stuck client to show.
func long(t *testing.T, s specimens.Specimen) engine.Config {
	x := showing(t, s)
	x.TimeLimit = 10 * time.Second
	return x
}

// Each property fails for some mutant, and a mutant violates no other properties than those in the list
// of subjects.
func TestMutants(t *testing.T) {
	find(t, append(some(planted(recipe)), leaksContender), long)
}

// some returns all subjects, or only a few of many if tests are to be short: with the race detector
// each takes ten times as long, and many clients run the same code in all of them.
func some(all []specimens.Specimen) (few []specimens.Specimen) {
	for i, s := range all {
		if !testing.Short() || i%24 == 0 {
			few = append(few, s)
		}
	}
	return few
}

// asListed checks that no property is violated besides those that the list of subjects names.
func asListed(t *testing.T, s specimens.Specimen, r *store.Result) {
	t.Helper()
	if models.Named(s.Recipe).Store {
		return // for the store, the test of corruptions says which violations belong together
	}
	for _, v := range r.Verdicts {
		if v.Result == checker.Violation && !v.Measured && v.Property != s.Property && !slices.Contains(s.Besides, v.Property) {
			t.Errorf("%s is violated, and not %s alone: %s", v.Property, s.Property, v.Reason)
		}
	}
}

func TestMutantsOfTheStore(t *testing.T) {
	find(t, some(planted(theStore)), briefly)
}

// A single client on idle servers does not see the defects in subjects. (It does see defects below
// subjects, which also corrupt what a single client gets.)
func TestMutantsPassAlone(t *testing.T) {
	for _, s := range some(planted(func(m *models.Model) bool { return !sessions(m) })) {
		if s.Alone {
			continue // a single client also sees it
		}
		t.Run(s.Recipe+"/"+s.Name, func(t *testing.T) {
			x := showing(t, s)
			x.Faults, x.Clients, x.TimeLimit, x.Seed = nil, 1, 3*time.Second, 1
			o := virtually(t, x)
			for _, v := range o.Result.Verdicts {
				if runtest.Violated(o.Result, v.Property) {
					t.Errorf("%s is violated: %s", v.Property, v.Reason)
				}
			}
		})
	}
}
