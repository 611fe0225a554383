package zklab_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/internal/runtest"
	"github.com/zklab/zklab/internal/testmain"
)

func TestMain(m *testing.M) {
	testmain.ManyAtOnce(4)
	testmain.Main(m, goleak.IgnoreTopFunction("github.com/zklab/zklab/internal/bubble.serve"))
}

// perform runs an experiment on the shared ensemble, in a store of its own.
func perform(t *testing.T, x zklab.Experiment) *zklab.Outcome {
	t.Helper()
	x.Ensemble = runtest.Shared(t)
	x.Out = t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	o, err := x.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// virtually runs an experiment in virtual time, in a store of its own.
func virtually(t *testing.T, x zklab.Experiment) (o *zklab.Outcome) {
	t.Helper()
	if x.Out == "" {
		x.Out = t.TempDir()
	}
	synctest.Test(t, func(t *testing.T) {
		var err error
		if o, err = x.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	return o
}
