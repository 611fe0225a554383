package engine_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/corruptproxy"
	"github.com/zklab/zklab/internal/dockertest"
	"github.com/zklab/zklab/internal/engine"
	"github.com/zklab/zklab/internal/runtest"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// This file looks for everything that is wrong on purpose, by the property that must
// find it.

// seeds is how many runs a defect may take: some need a fault at just the right
// moment, which the seed alone does not fix.
const seeds = 4

// seedsOnRealServers are more: on a busy machine less happens in the time of a run.
const seedsOnRealServers = 3 * seeds

// planted are the subjects that are wrong on purpose, of some recipes.
func planted(of func(*models.Model) bool) (all []workloads.Subject) {
	for _, recipe := range workloads.Recipes() {
		if !of(models.Named(recipe)) {
			continue
		}
		for _, s := range workloads.Subjects(recipe) {
			if s.Property != "" {
				all = append(all, s)
			}
		}
	}
	return all
}

// Those of recipes are wrong in what they make of the store, those of the store in the
// store itself.
func theStore(m *models.Model) bool { return m.Store }
func recipe(m *models.Model) bool   { return !m.Store }

// onRealServers says of which recipes all that is planted is found on real servers, too:
// those of the others differ from these in what virtual time shows as well, and take long.
func onRealServers(m *models.Model) bool {
	return slices.Contains([]string{"lock", "semaphore", "queue", "barrier", "double-barrier", "election"}, m.Name)
}

func sessions(m *models.Model) bool { return m.Name == history.ModelSession }

// leaksContender is wrong without anybody's intent (docs/track-record.md).
var leaksContender = workloads.Subject{
	Recipe: history.ModelLock, Name: workloads.GoZookeeper, Property: "progress", Faults: "lose-reply:getChildren/500ms",
}

// showing is an experiment that shows what is wrong with a subject.
func showing(t *testing.T, s workloads.Subject) engine.Config {
	t.Helper()
	w, err := workloads.Named(s.Recipe, s.Name)
	if err != nil {
		t.Fatal(err)
	}
	x, err := plan.Parse(s.Faults, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return engine.Config{
		Workload: w, Subject: s.Name, Faults: x, MinLoad: -1,
		Keys: 2, // each key that is stuck takes its time to show
	}
}

// briefly is showing for those that show soon: the store, of which every request is
// a chance.
func briefly(t *testing.T, s workloads.Subject) engine.Config {
	x := showing(t, s)
	x.Rate, x.TimeLimit = 200, 8*time.Second
	if disturbsServers(s) {
		x.TimeLimit = 20 * time.Second
	}
	return x
}

func disturbsServers(s workloads.Subject) bool { return strings.HasPrefix(s.Faults, "partition") }

// find looks for what is wrong with subjects, side by side, with several seeds.
func find(t *testing.T, all []workloads.Subject, with func(*testing.T, workloads.Subject) engine.Config,
	run func(*testing.T, engine.Config) *zklab.Outcome, tries int,
) {
	for _, s := range all {
		t.Run(s.Recipe+"/"+s.Name, func(t *testing.T) {
			t.Parallel()
			findOne(t, s, with(t, s), run, tries)
		})
	}
}

func findOne(t *testing.T, s workloads.Subject, x engine.Config, run func(*testing.T, engine.Config) *zklab.Outcome, tries int) {
	for seed := range tries {
		x.Seed = int64(seed + 1)
		o := run(t, x)
		if o.Result.Verdict == checker.Violation && runtest.Violated(o.Result, s.Property) {
			return
		}
		t.Logf("seed %d: verdict %s, and no violation of %s", x.Seed, o.Result.Verdict, s.Property)
		runtest.Explain(t, o.Result)
	}
	t.Errorf("none of %d seeds found it", tries)
}

// long is showing with the time that what is stuck needs.
func long(t *testing.T, s workloads.Subject) engine.Config {
	x := showing(t, s)
	x.TimeLimit = 15 * time.Second
	return x
}

// Each property must be seen to fail in virtual time, and of what is planted in a recipe
// no other than the list of subjects says.
func TestPlantedDefectsInVirtualTime(t *testing.T) {
	find(t, append(some(planted(recipe)), leaksContender), long, func(t *testing.T, x engine.Config) *zklab.Outcome {
		o := virtually(t, x)
		for _, s := range planted(recipe) {
			if s.Recipe == x.Workload.Name() && s.Name == x.Subject {
				asListed(t, s, o.Result)
			}
		}
		return o
	}, seeds)
}

// some are all, or of many a few where tests are to be short: with the race detector each takes
// ten times as long, and what many clients run at once is the same code for all. What is
// planted in subjects runs in TestPlantedDefectsPassAlone then, too.
func some(all []workloads.Subject) (few []workloads.Subject) {
	for i, s := range all {
		if !testing.Short() || i%8 == 0 {
			few = append(few, s)
		}
	}
	return few
}

// asListed says that no property is violated besides those that the list of subjects names.
func asListed(t *testing.T, s workloads.Subject, r *store.Result) {
	t.Helper()
	for _, v := range r.Verdicts {
		if v.Result == checker.Violation && !v.Measured && v.Property != s.Property && !slices.Contains(s.Besides, v.Property) {
			t.Errorf("%s is violated, and not %s alone: %s", v.Property, s.Property, v.Reason)
		}
	}
}

func TestPlantedDefectsOfTheStoreInVirtualTime(t *testing.T) {
	find(t, some(planted(theStore)), briefly, virtually, seeds)
}

// Each property must be seen to fail on real servers, on one ensemble at once.
func TestPlantedDefects(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes; what it runs is run in virtual time, too")
	}
	find(t, append(planted(onRealServers), leaksContender), long, perform, seedsOnRealServers)
}

// ofItsOwn says that a run needs servers of its own: its faults are theirs, or only
// their transactions convict it, which those that many runs share do not give.
func ofItsOwn(s workloads.Subject) bool {
	return disturbsServers(s) || s.Name == workloads.Broken+":"+string(corruptproxy.EphemeralGone)
}

// What is planted in the store itself is found on real servers, and nothing else is:
// the same load passes where nothing is planted.
func TestPlantedDefectsOfTheStore(t *testing.T) {
	dockertest.Require(t)
	var atOnce []workloads.Subject
	for _, s := range planted(theStore) {
		if !ofItsOwn(s) {
			atOnce = append(atOnce, s)
			continue
		}
		t.Run(s.Recipe+"/"+s.Name, func(t *testing.T) { findOne(t, s, briefly(t, s), performAlone, seedsOnRealServers) })
	}
	find(t, atOnce, briefly, perform, seedsOnRealServers)
	for _, recipe := range []string{history.ModelRegister, history.ModelSession} {
		t.Run(recipe+"/"+workloads.Own, func(t *testing.T) {
			t.Parallel()
			x := briefly(t, workloads.Subject{Recipe: recipe, Name: workloads.Own, Faults: "lose-reply:setData/2s,reset/2s"})
			x.MinLoad, x.Seed = 20, 1
			runtest.Valid(t, func() *zklab.Outcome { return perform(t, x) })
		})
	}
}

// A single client on idle servers sees nothing of what is planted in subjects. (Of
// what is planted below subjects it does: that corrupts what a single client gets, too.)
func TestPlantedDefectsPassAlone(t *testing.T) {
	limit := 10 * time.Second
	if testing.Short() {
		limit = 3 * time.Second
	}
	for _, s := range planted(func(m *models.Model) bool { return !sessions(m) }) {
		t.Run(s.Recipe+"/"+s.Name, func(t *testing.T) {
			if s.Alone {
				t.Skip("a single client sees it, too")
			}
			t.Parallel()
			x := showing(t, s)
			x.Faults, x.Clients, x.TimeLimit, x.Seed = nil, 1, limit, 1
			o := virtually(t, x)
			for _, v := range o.Result.Verdicts {
				if runtest.Violated(o.Result, v.Property) {
					t.Errorf("%s is violated: %s", v.Property, v.Reason)
				}
			}
		})
	}
}
