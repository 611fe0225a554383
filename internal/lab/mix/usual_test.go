package mix

import (
	"fmt"
	"testing"

	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/workloads"
)

// usual is the experiment that the test Simulate makes of a workload, with its first seed.
func usual(t *testing.T, w workloads.Workload) experiment.Experiment {
	t.Helper()
	x, err := Usual(experiment.Experiment{Config: engine.Config{Workload: w, Seed: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// own is the usual experiment of zklab's own recipe of that name, with a seed.
func own(t *testing.T, recipe string, seed int64) experiment.Experiment {
	t.Helper()
	w, err := workloads.Named(recipe, workloads.Own)
	if err != nil {
		t.Fatal(err)
	}
	x := usual(t, w)
	x.Seed = seed
	return x
}

// ownRun holds what tests want to know of a run of [own]. They share the runs, because a run takes longer
// than all that is asked of it.
type ownRun struct {
	fingerprint string
	judged      map[string]int // see judged
	wrong       []string       // violations
	accused     []string       // see accused, for the seeds that it is asked for
}

var ownRuns = map[string]ownRun{} // by recipe and seed

// ranOwn returns what there is to know of a run of [own]. The first test that asks runs it.
func ranOwn(t *testing.T, recipe string, seed int64) ownRun {
	t.Helper()
	key := fmt.Sprint(recipe, seed)
	r, ok := ownRuns[key]
	if ok {
		return r
	}
	o := simulated(t, own(t, recipe, seed))
	r.fingerprint = o.Fingerprint()
	r.judged, r.wrong = judged(o)
	if seed <= partialLogSeeds(t) {
		r.accused = accused(t, o, seed)
	}
	ownRuns[key] = r
	return r
}

func simulated(t *testing.T, x experiment.Experiment) *experiment.Outcome {
	t.Helper()
	o, err := Simulate(t, x)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
