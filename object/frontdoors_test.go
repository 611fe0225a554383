package object_test

import (
	"slices"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
)

// All front doors take an object of one's own.
func TestFrontDoors(t *testing.T) {
	t.Run("simulate", func(t *testing.T) { zklab.Simulate(t, stores(right)) })
	t.Run("sweep", func(t *testing.T) { zklab.Sweep(t, stores(right), zklab.SweepOptions{Seeds: 6}) })
	t.Run("crashes", func(t *testing.T) {
		x := stores(right)
		x.Faults, x.Seed, x.TimeLimit = crashes, 1, 10*time.Second
		o, err := zklab.SimulateIn(t, x)
		if err != nil {
			t.Fatal(err)
		}
		if o.Result.Verdict != checker.Valid || !slices.ContainsFunc(o.History.Events, func(e history.Event) bool { return e.F == history.FExited }) {
			t.Errorf("%s, or no process ended: %+v", o.Result.Verdict, o.Result.Verdicts)
		}
		zklab.Sweep(t, x, zklab.SweepOptions{Seeds: 3})
	})
	t.Run("explore", func(t *testing.T) {
		x := stores(right)
		x.Ops, x.Clients, x.AllowUnknown, x.Budget = 2, 2, true, 10*time.Second
		zklab.Explore(t, x)
	})
	t.Run("test", func(t *testing.T) {
		x := stores(right)
		x.TimeLimit, x.AllowUnknown = time.Second, true
		zklab.Test(t, x)
	})
}
