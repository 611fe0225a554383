package zklab_test

import (
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/testmain"
)

func TestMain(m *testing.M) {
	testmain.Main(m, goleak.IgnoreTopFunction("github.com/zklab/zklab/internal/virtual/bubble.serve"))
}

// run runs an experiment in an existing bubble. That is no exact simulation: each run takes
// another course.
func run(t *testing.T, x zklab.Experiment) *zklab.Outcome {
	t.Helper()
	return must.Get(x.Run(t.Context()))(t)
}

// virtually runs an experiment in virtual time as any other run, in a store of its own.
func virtually(t *testing.T, x zklab.Experiment) (o *zklab.Outcome) {
	t.Helper()
	x.Out = t.TempDir()
	synctest.Test(t, func(t *testing.T) { o = run(t, x) })
	return o
}

// simulate runs an experiment as an exact simulation, and keeps it in a store of its own.
func simulate(t *testing.T, x zklab.Experiment) *zklab.Outcome {
	t.Helper()
	x.Out = t.TempDir()
	return must.Get(zklab.SimulateIn(t, x))(t)
}
