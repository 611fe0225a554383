package mix

import (
	"fmt"
	"testing"

	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// usual returns the experiment that the test Simulate runs first with a workload.
func usual(t *testing.T, w workloads.Workload) experiment.Experiment {
	t.Helper()
	return must.Get(Usual(experiment.Experiment{Config: engine.Config{Workload: w, Seed: 1}}))(t)
}

// own returns the usual experiment of zklab's own recipe of that name, with a seed.
func own(t *testing.T, recipe string, seed int64) experiment.Experiment {
	t.Helper()
	w := must.Get(specimens.Named(recipe, workloads.Own))(t)
	x := usual(t, w)
	x.Seed = seed
	return x
}

// ownRun holds what tests want to know about a run of [own]. Tests share these runs, because a run takes
// longer than all checks of it.
type ownRun struct {
	fingerprint string
	judged      map[string]int // see judged
	wrong       []string       // violations
	accused     []string       // see accused; only for the seeds that TestPartialLogs checks
}

var ownRuns = map[string]ownRun{} // by recipe and seed

// ranOwn returns what tests want to know about a run of [own]. The first test that needs the run makes
// it.
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
	return must.Get(Simulate(t, x))(t)
}
