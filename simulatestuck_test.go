package zklab_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/virtual/bubble"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// right is a lock that keeps the contract, for subjects that wrap one.
type right = subjects.Lock

// guarded is a right lock all of whose objects share a mutex, and hold it during
// requests.
type guarded struct {
	right
	mu *sync.Mutex
}

func (l guarded) Unlock(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.right.Unlock(ctx)
}

// impatientLock is a right lock that waits for its release in a busy loop.
type impatientLock struct{ right }

func (l impatientLock) Unlock(ctx context.Context) error {
	var done bool
	var mu sync.Mutex
	go func() {
		_ = l.right.Unlock(ctx)
		mu.Lock()
		defer mu.Unlock()
		done = true
	}()
	for {
		mu.Lock()
		over := done
		mu.Unlock()
		if over {
			return nil
		}
	}
}

// around makes a subject that wraps the right lock in another one.
func around(wrap func(subjects.Lock) subjects.Lock) workloads.Lock {
	return workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
		l, err := newLock(c, path)
		return wrap(l), err
	}}
}

// stubborn is a right lock that gives up when its deadline passes, but not when its caller goes
// away, as it does when its client is killed.
type stubborn struct{ right }

func (l stubborn) Lock(ctx context.Context) error {
	for {
		err := l.right.Lock(ctx)
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		ctx = context.WithoutCancel(ctx)
		time.Sleep(20 * time.Millisecond)
	}
}

// lingering makes a right lock with a goroutine that ends with its client if the client can still
// reach a server, which it cannot if the process was killed.
func lingering(c *subjects.Client, path string) (subjects.Lock, error) {
	over := make(chan struct{})
	c.BeforeEnd(func(context.Context) {
		if _, _, err := c.Conn.Exists("/"); err == nil {
			close(over)
		}
	})
	go func() {
		for {
			select {
			case <-over:
				return
			case <-time.After(time.Second):
			}
		}
	}()
	return newLock(c, path)
}

// watched is a right lock that leaves a goroutine behind.
func watched(l subjects.Lock) subjects.Lock {
	go func() {
		for {
			time.Sleep(time.Second)
		}
	}()
	return l
}

// Code that a simulation cannot hold ends its seed with a line that names the place, and the
// other seeds go on as long as they can. The test runs it in a process of its own, because such
// code can only be ended with its process.
func TestSimulateStuck(t *testing.T) {
	if os.Getenv(planted) == "" {
		t.Parallel()
		output := failing(t, "^TestSimulateStuck$", "ZKLAB_SEED=")
		for _, want := range []string{
			"zklab: 3 of 3 simulations are stuck and have no result",
			": code waits for a mutex whose holder waits for virtual time to pass, which stands still meanwhile: zklab_test.guarded.Unlock (",
			"zklab: 47 seeds were not begun, since 3 are stuck",
			"--- FAIL: TestSimulateStuck/sweep/seed_1 (",
			"zklab: 1 seed was not begun, since 3 are stuck",
			"zklab: 1 of 1 simulations are stuck",
			"seed 1: code spins: it has used ",
			"without a pause in zklab_test.impatientLock.Unlock (",
			"zklab: 49 seeds were not begun, since the spinning code occupies a processor until this process ends",
			"What that asks of a recipe",
		} {
			if !bytes.Contains(output, []byte(want)) {
				t.Errorf("no %q in:\n%s", want, output)
			}
		}
		if bytes.Contains(output, []byte("TestSimulateStuck/outlives")) {
			t.Errorf("a run that leaves goroutines:\n%s", output)
		}
		return
	}
	calm := zklab.Experiment{TimeLimit: 2 * time.Second, OptionalFaults: true, MinLoad: -1, Faults: plan.Every(time.Second, faults.Expire{})}
	t.Run("outlives", func(t *testing.T) {
		x := calm
		x.Workload, x.Seed = around(watched), 1
		o, err := zklab.SimulateIn(t, x)
		if err != nil || o.Result.Verdict != checker.Valid {
			t.Fatal(o, err)
		}
		if all := strings.Join(o.Result.Warnings, "\n"); !strings.Contains(all, "goroutines (made by zklab_test.watched (") || !strings.Contains(all, "Close(ctx)") {
			t.Errorf("warnings %q", all)
		}
	})
	t.Run("outlives its process", func(t *testing.T) {
		x := calm
		x.Workload, x.Seed, x.Keys, x.PlayProcesses = around(func(l subjects.Lock) subjects.Lock { return stubborn{l} }), 1, 1, true
		x.Faults = plan.Every(500*time.Millisecond, faults.Crash{Who: faults.Waiter})
		o, err := zklab.SimulateIn(t, x)
		if err != nil || o.Result.Verdict != checker.Valid {
			t.Fatal(o, err)
		}
		if all := strings.Join(o.Result.Warnings, "\n"); !strings.Contains(all, "made by bubble.(*Mortal).Go") || !strings.Contains(all, "where zklab_test.stubborn.Lock (") || !strings.Contains(all, "killed processes") || strings.Contains(all, "Close(ctx)") {
			t.Errorf("warnings %q", all)
		}
	})
	t.Run("outlives its process, made by what ended", func(t *testing.T) {
		x := calm
		x.Workload, x.Seed, x.PlayProcesses = workloads.Lock{New: lingering}, 1, true
		x.Faults = plan.Every(500*time.Millisecond, faults.Crash{})
		o, err := zklab.SimulateIn(t, x)
		if err != nil || o.Result.Verdict != checker.Valid {
			t.Fatal(o, err)
		}
		if all := strings.Join(o.Result.Warnings, "\n"); !strings.Contains(all, "made by zklab_test.lingering (") || !strings.Contains(all, "killed processes") || strings.Contains(all, "Close(ctx)") {
			t.Errorf("warnings %q", all)
		}
	})
	bubble.Patience = 200 * time.Millisecond
	t.Run("mutex", func(t *testing.T) {
		var mu sync.Mutex
		x := calm
		x.Workload = around(func(l subjects.Lock) subjects.Lock { return guarded{l, &mu} })
		zklab.Simulate(t, x)
	})
	t.Run("sweep", func(t *testing.T) {
		var mu sync.Mutex
		zklab.Sweep(t, zklab.Experiment{
			Workload: around(func(l subjects.Lock) subjects.Lock { return guarded{l, &mu} }),
			Keys:     1, Rate: 100, Clients: 5, TimeLimit: 2 * time.Second,
		}, zklab.SweepOptions{Seeds: 4})
	})
	t.Run("busy loop", func(t *testing.T) {
		x := calm
		x.Workload = around(func(l subjects.Lock) subjects.Lock { return impatientLock{l} })
		zklab.Simulate(t, x)
	})
}
