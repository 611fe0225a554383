package engine

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/faults/plan"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// The stored experiment is enough to run the same again.
func TestStoredExperiment(t *testing.T) {
	c := Config{
		Workload: workloads.Lock{New: subjects.NewLock}, Subject: "mine", Seed: 7, Settings: settings.Settings{TimeLimit: 25 * time.Second},
		Faults: plan.Every(10*time.Second, faults.Pause{}, faults.Expire{Who: faults.Holder}),
	}
	s := c.stored(ensemble.Profile{Backend: "container", Servers: 3, Image: "i", Digest: "d"}, c.Plan())
	if s.Recipe != "lock" || s.Subject != "mine" || s.Ensemble != "container" || s.Nodes != 3 || *s.Seed != 7 || *s.MinLoad != 0 ||
		s.FaultInterval != 10*time.Second || len(s.Schedule) != 2 || s.Schedule[0].At != 10*time.Second || s.Schedule[0].For != 5*time.Second {
		t.Errorf("%+v", s)
	}
	if diff := cmp.Diff(store.Faults{"pause", "expire:holder"}, s.Faults); diff != "" {
		t.Error(diff)
	}
}

// Given steps are stored as they are, and read as the same steps. The fault expression, which could not
// express them, is left out.
func TestStoredSteps(t *testing.T) {
	point := must.Get(link.ParsePoint("client1/acquire#2/create#1/reply"))(t)
	c := Config{
		Workload: workloads.Lock{New: subjects.NewLock}, Seed: 7, Settings: settings.Settings{TimeLimit: 25 * time.Second},
		Faults: plan.Steps(
			plan.Step{Point: point, For: time.Second, Fault: faults.LoseReply{}, Seed: 1 << 63},
			plan.Step{At: 3 * time.Second, For: time.Second, Fault: faults.Pause{Nodes: faults.Minority}, Seed: 5, Lane: 2},
		),
	}
	path := filepath.Join(t.TempDir(), "experiment.yaml")
	must.Do(t, store.WriteExperiment(path, c.stored(ensemble.Profile{}, c.Plan())))
	s, err := store.ReadExperiment(path)
	if err != nil || s.Faults != nil {
		t.Fatal(s.Faults, err)
	}
	given := must.Get(Given(s.Schedule))(t)
	again := c
	again.Faults, again.Seed = given, 8
	if diff := cmp.Diff(Scheduled(c.Plan()), Scheduled(again.Plan())); diff != "" || len(again.Plan()) != 2 {
		t.Error(diff)
	}
	if !reflect.DeepEqual(given, c.Faults) {
		t.Errorf("%+v, read again %+v", c.Faults, given)
	}
	if _, err := Given(append(s.Schedule, store.Scheduled{Fault: "paus", For: 1})); err == nil || !strings.HasPrefix(err.Error(), `step 3: "paus": position 1: unknown fault`) {
		t.Error(err)
	}
}

// The list of arrivals is read as it was written; an empty list differs from a missing one.
func TestStoredArrivals(t *testing.T) {
	for _, want := range [][]workloads.Arrival{nil, {}, {{Client: 0, Number: 7}, {Client: workloads.Together, Number: 2}}} {
		path := filepath.Join(t.TempDir(), "experiment.yaml")
		c := Config{Workload: workloads.Lock{New: subjects.NewLock}, Arrivals: want, Settings: settings.Settings{Sources: []int{3, 0}}}
		must.Do(t, store.WriteExperiment(path, c.stored(ensemble.Profile{}, nil)))
		s := must.Get(store.ReadExperiment(path))(t)
		got, err := GivenArrivals(s.Arrivals)
		if diff := cmp.Diff(want, got); err != nil || diff != "" || !cmp.Equal(s.Sources, c.Sources) {
			t.Errorf("%v: %s, sources %v", err, diff, s.Sources)
		}
	}
	if _, err := GivenArrivals([]string{"client0#1", "none"}); err == nil || err.Error() != `"none" is not an arrival: write client0#1, or all#1 for a round` {
		t.Error(err)
	}
}
