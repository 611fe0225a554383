package zklab_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/container"
	"github.com/zklab/zklab/internal/dockertest"
	"github.com/zklab/zklab/store"
)

func TestMain(m *testing.M) {
	if kind := os.Getenv(workerVariable); kind != "" {
		if err := work(kind); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	dockertest.ManyAtOnce(4)
	dockertest.Main(m)
}

// running is an ensemble that many experiments of a test binary use.
type running struct{ ensemble.Ensemble }

func (r running) Start(context.Context) (ensemble.Ensemble, error) { return r, nil }
func (running) Close() error                                       { return nil }

// perform runs an experiment on the shared ensemble, in a store of its own.
func perform(t *testing.T, x zklab.Experiment) *zklab.Outcome {
	t.Helper()
	x.Ensemble = running{dockertest.Ensemble(t, 3)}
	return performOn(t, x)
}

// performAlone runs an experiment on servers of its own, in containers.
func performAlone(t *testing.T, x zklab.Experiment) *zklab.Outcome {
	t.Helper()
	dockertest.Require(t)
	x.Ensemble = container.Config{}
	return performOn(t, x)
}

func performOn(t *testing.T, x zklab.Experiment) *zklab.Outcome {
	t.Helper()
	x.Out = t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	outcome, err := x.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// explain logs what a run came to, for a test that failed.
func explain(t *testing.T, r *store.Result) {
	t.Helper()
	for _, v := range r.Verdicts {
		t.Logf("%s %s: %s %s", v.Property, v.Key, v.Result, v.Reason)
	}
	for _, a := range r.Assumptions {
		t.Logf("%s: met %v: %s", a.Name, a.Met, a.Text)
	}
	t.Logf("warnings: %q", r.Warnings)
	t.Logf("faults: %+v", r.Stats.Faults)
}

// violated says whether a property is violated, with a witness for it.
func violated(r *store.Result, property string) bool {
	for _, v := range r.Verdicts {
		if v.Property == property && v.Result == checker.Violation && len(v.Witness) > 0 && v.Reason != "" {
			return true
		}
	}
	return false
}
