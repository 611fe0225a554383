package zklab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/dockertest"
	"github.com/zklab/zklab/internal/liar"
	"github.com/zklab/zklab/workloads"
)

// This file looks for everything that is wrong on purpose, by the property that must
// find it.

// seeds is how many runs a defect may take: some need a fault at just the right
// moment, which the seed alone does not fix.
const seeds = 4

// planted are the subjects of some recipes that are wrong on purpose.
func planted(recipes ...string) (all []workloads.Subject) {
	for _, recipe := range recipes {
		for _, s := range workloads.Subjects(recipe) {
			if s.Property != "" {
				all = append(all, s)
			}
		}
	}
	return all
}

// ofRecipes are wrong in what they make of the store, ofTheStore in the store itself.
func ofRecipes() []workloads.Subject {
	return append(planted("lock", "queue", "barrier", "double-barrier", "election"), leaksContender)
}

func ofTheStore() []workloads.Subject {
	return planted(history.ModelRegister, history.ModelSession)
}

// leaksContender is wrong without anybody's intent (docs/track-record.md).
var leaksContender = workloads.Subject{
	Recipe: history.ModelLock, Name: workloads.GoZookeeper, Property: "progress", Faults: "lose-reply:getChildren/500ms",
}

// showing is an experiment that shows what is wrong with a subject.
func showing(t *testing.T, s workloads.Subject) zklab.Experiment {
	t.Helper()
	w, err := workloads.Named(s.Recipe, s.Name)
	if err != nil {
		t.Fatal(err)
	}
	x, err := faults.Parse(s.Faults)
	if err != nil {
		t.Fatal(err)
	}
	return zklab.Experiment{
		Workload: w, Subject: s.Name, Faults: x.Schedule(time.Second), MinLoad: -1,
		Keys: 2, // each key that is stuck takes its time to show
	}
}

// briefly is showing for those that show soon: the store, of which every request is
// a chance.
func briefly(t *testing.T, s workloads.Subject) zklab.Experiment {
	x := showing(t, s)
	x.Rate, x.TimeLimit = 200, 8*time.Second
	if disturbsServers(s) {
		x.TimeLimit = 20 * time.Second
	}
	return x
}

func disturbsServers(s workloads.Subject) bool { return strings.HasPrefix(s.Faults, "partition") }

// find looks for what is wrong with subjects, side by side, with several seeds.
func find(t *testing.T, all []workloads.Subject, with func(*testing.T, workloads.Subject) zklab.Experiment, run func(*testing.T, zklab.Experiment) *zklab.Outcome) {
	for _, s := range all {
		t.Run(s.Recipe+"/"+s.Name, func(t *testing.T) {
			t.Parallel()
			findOne(t, s, with(t, s), run)
		})
	}
}

func findOne(t *testing.T, s workloads.Subject, x zklab.Experiment, run func(*testing.T, zklab.Experiment) *zklab.Outcome) {
	for seed := range seeds {
		x.Seed = int64(seed + 1)
		o := run(t, x)
		if o.Result.Verdict == checker.Violation && violated(o.Result, s.Property) {
			return
		}
		t.Logf("seed %d: verdict %s, and no violation of %s", x.Seed, o.Result.Verdict, s.Property)
		explain(t, o.Result)
	}
	t.Errorf("none of %d seeds found it", seeds)
}

// long is showing with the time that what is stuck needs.
func long(t *testing.T, s workloads.Subject) zklab.Experiment {
	x := showing(t, s)
	x.TimeLimit = 15 * time.Second
	return x
}

// Each property must be seen to fail in virtual time.
func TestPlantedDefectsInVirtualTime(t *testing.T) { find(t, ofRecipes(), long, virtually) }

func TestPlantedDefectsOfTheStoreInVirtualTime(t *testing.T) {
	find(t, ofTheStore(), briefly, virtually)
}

// Each property must be seen to fail on real servers, on one ensemble at once.
func TestPlantedDefects(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes; what it runs is run in virtual time, too")
	}
	find(t, ofRecipes(), long, perform)
}

// ofItsOwn says that a run needs servers of its own: its faults are theirs, or only
// their transactions convict it, which those that many runs share do not give.
func ofItsOwn(s workloads.Subject) bool {
	return disturbsServers(s) || s.Name == workloads.Broken+":"+string(liar.EphemeralGone)
}

// What is planted in the store itself is found on real servers, and nothing else is:
// the same load passes where nothing is planted.
func TestPlantedDefectsOfTheStore(t *testing.T) {
	dockertest.Long(t)
	var atOnce []workloads.Subject
	for _, s := range ofTheStore() {
		if !ofItsOwn(s) {
			atOnce = append(atOnce, s)
			continue
		}
		t.Run(s.Recipe+"/"+s.Name, func(t *testing.T) { findOne(t, s, briefly(t, s), performAlone) })
	}
	find(t, atOnce, briefly, perform)
	for _, recipe := range []string{history.ModelRegister, history.ModelSession} {
		t.Run(recipe+"/"+workloads.Own, func(t *testing.T) {
			t.Parallel()
			x := briefly(t, workloads.Subject{Recipe: recipe, Name: workloads.Own, Faults: "lose-reply:setData/2s,reset/2s"})
			x.MinLoad, x.Seed = 20, 1
			if o := perform(t, x); o.Result.Verdict != checker.Valid {
				t.Errorf("verdict %s", o.Result.Verdict)
				explain(t, o.Result)
			}
		})
	}
}

// A single client on idle servers sees nothing of what is planted in subjects. (Of
// what is planted in the store it does: that lies to a single client, too.)
func TestPlantedDefectsPassAlone(t *testing.T) {
	for _, s := range planted("lock", "queue", "barrier", "double-barrier", "election", "register") {
		t.Run(s.Recipe+"/"+s.Name, func(t *testing.T) {
			t.Parallel()
			x := showing(t, s)
			x.Faults, x.Clients, x.TimeLimit, x.Seed = nil, 1, 10*time.Second, 1
			o := virtually(t, x.Brief())
			for _, v := range o.Result.Verdicts {
				if violated(o.Result, v.Property) {
					t.Errorf("%s is violated: %s", v.Property, v.Reason)
				}
			}
		})
	}
}
