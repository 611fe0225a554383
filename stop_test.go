package zklab_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/runtest"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

func ownLock() workloads.Workload { return workloads.Lock{New: subjects.NewLock} }

// An interrupted run ends early, while a server is paused, and still is healed,
// checked and reported.
func TestInterrupt(t *testing.T) {
	var o *zklab.Outcome
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		interrupt := make(chan struct{})
		once := sync.OnceFunc(func() { close(interrupt) })
		o = run(t, zklab.Experiment{
			Workload: ownLock(), TimeLimit: 5 * time.Minute, Seed: 1, Keys: 1, Interrupt: interrupt, Out: out,
			Faults: plan.Every(8*time.Second, faults.Pause{Nodes: faults.One}),
			Progress: func(p zklab.Progress) {
				if p.Faults > 0 {
					once()
				}
			},
		})
	})
	if r := o.Result; !r.Interrupted || r.Stats.Load > 30*time.Second || r.Verdict != checker.Valid {
		t.Errorf("interrupted %v, verdict %s, load of %s", r.Interrupted, r.Verdict, r.Stats.Load)
		runtest.Explain(t, r)
	}
	complete(t, o.Run)
}

// A run whose context ends stops at once, with nothing paused behind it.
func TestStop(t *testing.T) {
	out := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		e, err := embedded.Start(embedded.Config{InMemory: true})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		_, err = zklab.Experiment{
			Workload: ownLock(), Ensemble: runtest.Running{Ensemble: e}, Out: out, TimeLimit: 5 * time.Minute,
			Faults: plan.Every(3*time.Second, faults.Pause{Nodes: faults.One}),
			Progress: func(p zklab.Progress) {
				if p.Faults > 0 {
					stop()
				}
			},
		}.Run(ctx)
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
		for _, s := range e.Servers() {
			if _, err := s.Status(t.Context()); err != nil {
				t.Errorf("server %d: %v", s.ID(), err)
			}
		}
	})
}

func TestUsage(t *testing.T) {
	for name, x := range map[string]zklab.Experiment{
		"no workload": {Ensemble: runtest.Running{}},
		"negative":    {Workload: ownLock(), Ensemble: runtest.Running{}, Clients: -1},
	} {
		x.Out = t.TempDir()
		if _, err := x.Run(t.Context()); !errors.Is(err, zklab.ErrUsage) {
			t.Errorf("%s: error %v", name, err)
		}
		if left, _ := os.ReadDir(x.Out); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}
