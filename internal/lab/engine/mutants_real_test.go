//go:build real

package engine_test

import (
	"testing"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/corruptproxy"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/dockertest"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// perform runs a configuration on the package's servers in containers.
func perform(t *testing.T, e ensemble.Ensemble, c engine.Config) *zklab.Outcome {
	t.Helper()
	c.Ensemble = runtest.Running{Ensemble: e}
	return inTime(t, c)
}

// Defects are found from the messages of clients and Apache's servers and from the servers' logs, which
// no simulation has. Each of these defects shows every few operations, so that every run has it.
func TestRealMutants(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	for _, name := range []struct{ recipe, subject string }{
		{models.Lock.Name, "broken:check-then-create"},
		{models.Queue.Name, "broken:read-then-delete"},
		{models.Register.Name, "broken:cas-without-version"},
		{models.Session.Name, specimens.Broken + ":" + string(corruptproxy.StaleSync)},
		{models.Session.Name, specimens.Broken + ":" + string(corruptproxy.EventTwice)},
	} {
		s := subject(t, name.recipe, name.subject)
		t.Run(s.Recipe+"/"+s.Name, func(t *testing.T) {
			t.Parallel()
			x := briefly(t, s)
			x.Seed = 1
			if o := perform(t, e, x); !runtest.Violated(o.Result, s.Property) {
				t.Errorf("%s is not violated", s.Property)
				runtest.Explain(t, o.Result)
			}
		})
	}
}

// No check says that Apache's servers break a promise of the store.
func TestRealServersKeepTheirPromises(t *testing.T) {
	e := dockertest.Ensemble(t, 3)
	for _, recipe := range []string{models.Register.Name, models.Session.Name} {
		t.Run(recipe, func(t *testing.T) {
			t.Parallel()
			x := briefly(t, specimens.Specimen{Recipe: recipe, Name: workloads.Own, Faults: "lose-reply:setData/2s,reset/2s"})
			x.Rate, x.Seed = 100, 1
			o := perform(t, e, x)
			if o.Result.Verdict == checker.Violation || o.Result.Stats.OK == 0 {
				t.Errorf("verdict %s, %d ok", o.Result.Verdict, o.Result.Stats.OK)
				runtest.Explain(t, o.Result)
			}
		})
	}
}

func subject(t *testing.T, recipe, name string) specimens.Specimen {
	t.Helper()
	for _, s := range specimens.Subjects(recipe) {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("there is no %s of %s", name, recipe)
	return specimens.Specimen{}
}
