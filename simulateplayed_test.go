package zklab_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/inside"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// A simulation plays processes where its faults can freeze or crash clients, and where its clients
// can be processes.
func TestWhichSimulationsPlayProcesses(t *testing.T) {
	all := plan.Mix(time.Second, plan.AllFaults())
	lock := workloads.Lock{New: newLock}
	for name, c := range map[string]struct {
		x     zklab.Experiment
		plays bool
	}{
		"all faults":           {zklab.Experiment{Workload: lock, Faults: all}, true},
		"a freeze at one time": {zklab.Experiment{Workload: lock, Faults: plan.At(time.Second, 0, faults.Freeze{})}, true},
		"no faults":            {zklab.Experiment{Workload: lock}, false},
		"others":               {zklab.Experiment{Workload: lock, Faults: plan.Every(time.Second, faults.Expire{})}, false},
		"all others":           {zklab.Experiment{Workload: lock, Faults: plan.Mix(time.Second, plan.AllFaults(faults.Freeze{}, faults.Crash{}))}, false},
		"one process":          {zklab.Experiment{Workload: lock, Faults: all, OneProcess: true}, false},
		"asked for":            {zklab.Experiment{Workload: lock, PlayProcesses: true, OneProcess: true}, true},
		"no such clients":      {zklab.Experiment{Workload: workloads.Session{}, Faults: all}, false},
	} {
		x, err := c.x.CompleteSimulated()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if x.PlayProcesses != c.plays {
			t.Errorf("%s: plays processes: %t", name, x.PlayProcesses)
		}
		freezes := slices.ContainsFunc(x.Faults.Faults(), func(f faults.Fault) bool { return f.Kind() == "freeze" })
		if want := c.plays && c.x.Faults != nil; freezes != want {
			t.Errorf("%s: freezes are among the faults: %t", name, freezes)
		}
	}
}

// Test in a bubble also plays processes, for faults that it names.
func TestPlaysProcessesInBubble(t *testing.T) {
	if inside.Bubble() {
		t.Fatal("a test is no bubble")
	}
	synctest.Test(t, func(t *testing.T) {
		if !inside.Bubble() {
			t.Fatal("a bubble was not recognised")
		}
		o := zklab.Test(t, zklab.Experiment{
			Workload: workloads.Lock{New: newLock}, TimeLimit: 20 * time.Second, Rate: 50, Seed: 1,
			Faults: plan.Every(3*time.Second, faults.Freeze{}, faults.Crash{}),
		})
		if o.Result.Verdict != checker.Valid || len(o.Result.Stats.FaultKinds) != 2 {
			t.Errorf("%s: %+v", o.Result.Verdict, o.Result.Stats.FaultKinds)
		}
	})
}

// looksAround is a right lock with a goroutine that sends a request now and then until Close ends
// it. Its Lock returns a failure so late that it is still under way at the end of a run.
type looksAround struct {
	right
	stop func()
}

func (l *looksAround) Lock(ctx context.Context) error {
	err := l.right.Lock(ctx)
	if err != nil {
		time.Sleep(30 * time.Second)
	}
	return err
}

func newLooksAround(c *subjects.Client, path string) (subjects.Lock, error) {
	l, err := subjects.NewLock(c, path)
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
				_, _, _ = c.Conn.Exists(path)
			}
		}
	}()
	return &looksAround{right: l, stop: sync.OnceFunc(func() { close(stop) })}, err
}

func (l *looksAround) Close(context.Context) error {
	l.stop()
	return nil
}

// The end of a process ends the goroutines that its subjects have started, both in a process that
// lives to the end of the run and in one that was killed during a call.
func TestProcessesEndTheirSubjects(t *testing.T) {
	looks := workloads.Lock{New: newLooksAround}
	for name, x := range map[string]zklab.Experiment{
		"to the end": {Workload: looks, PlayProcesses: true},
		"killed":     {Workload: looks, Faults: plan.Every(time.Second, faults.Crash{})},
	} {
		x.Seed, x.TimeLimit, x.MinLoad = 1, 5*time.Second, -1
		o := must.Get(zklab.SimulateIn(t, x))(t)
		for _, w := range o.Result.Warnings {
			if strings.Contains(w, "still there") {
				t.Errorf("%s: %s", name, w)
			}
		}
	}
}
