package object_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/ownobjects"
)

// A right object is accused at no front door, whatever the lives of its clients are, and is valid
// in some run. A wrong object is convicted of breaking its rules. A new kind of object is tried
// with all lives and doors, and a new life with all kinds. For stored runs and the commands, see
// TestOwnObjectsAtAllDoors in package cli.
func TestObjectsAndLives(t *testing.T) {
	for i, o := range ownobjects.All {
		t.Run(o.Name, func(t *testing.T) {
			valid := 0
			for j, life := range ownobjects.Lives {
				t.Run(life.Name, func(t *testing.T) {
					t.Run("right", func(t *testing.T) {
						if acquitted(t, o, life, int64(i+2*j), (i+j)%2 == 0) {
							valid++
						}
					})
					if (i+j)%2 == 0 { // a verdict takes some seeds
						t.Run("wrong", func(t *testing.T) { convicted(t, o, life) })
					}
				})
			}
			if valid == 0 {
				t.Error("the right one is valid in no life")
			}
		})
	}
}

// lived returns the experiment with a kind of object and a life of its clients.
func lived(o ownobjects.Object, life ownobjects.Life, wrong bool) zklab.Experiment {
	return zklab.Experiment{
		Workload: o.Made(life, wrong).Workload(), Clients: 3, Keys: 2, TimeLimit: 3 * time.Second, MinLoad: -1, AllowUnknown: true,
		PlayProcesses: life.Processes, OneProcess: !life.Processes,
	}
}

// acquitted runs a right object through Simulate or Sweep with a seed, and reports whether it was
// valid in a run with expiries.
func acquitted(t *testing.T, o ownobjects.Object, life ownobjects.Life, seed int64, simulate bool) bool {
	x := lived(o, life, false)
	t.Setenv("ZKLAB_SEED", strconv.FormatInt(seed%10+1, 10))
	if simulate {
		zklab.Simulate(t, x)
	} else {
		zklab.Sweep(t, x, zklab.SweepOptions{})
	}
	out := simulatedOnce(t, x, "expire", seed+1)
	if names := out.Result.Violated(); len(names) > 0 {
		t.Errorf("a right one is accused of %q", names)
	}
	return out.Result.Verdict == checker.Valid
}

// convicted fails the test unless at least one simulation convicts a wrong object.
func convicted(t *testing.T, o ownobjects.Object, life ownobjects.Life) {
	var found []string
	for seed := range int64(12) {
		out := simulatedOnce(t, lived(o, life, true), o.Faults, seed+1)
		if found = append(found, out.Result.Violated()...); slices.Contains(found, o.Breaks) {
			return
		}
	}
	t.Errorf("a wrong one is accused of %q, and not of %s", found, o.Breaks)
}

func simulatedOnce(t *testing.T, x zklab.Experiment, faults string, seed int64) *zklab.Outcome {
	t.Helper()
	x.Seed = seed
	if faults != "" {
		x.Faults = must(plan.Parse(faults, time.Second))
	}
	out, err := zklab.SimulateIn(t, x)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The doors that take longer, or that run in real time, are tested with one object
// only.
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

// A client whose whole process is dead gets a new one. If other clients go on, that shows the mistake. If all are
// dead, no client is left to show it, and nothing is valid.
func TestDeadProcesses(t *testing.T) {
	for _, half := range []bool{true, false} {
		for seed := range int64(3) {
			out := simulatedOnce(t, zklab.Experiment{
				Workload: ownobjects.DeadProcesses(half).Workload(), Clients: 4, Keys: 2, TimeLimit: 12 * time.Second, MinLoad: -1, PlayProcesses: true,
			}, "expire", seed+1)
			violated := slices.Contains(out.Result.Violated(), "recovers")
			if half != violated || out.Result.Verdict == checker.Valid {
				t.Errorf("half of the clients: %v, seed %d: %s, violated: %q", half, seed+1, out.Result.Verdict, out.Result.Violated())
			}
		}
	}
}
