package zklab

import (
	"context"
	"errors"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/internal/lab/shrink"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/recipes"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// A lock whose objects each have a session of their own repeats as others do: with the same seed,
// two runs of five are the same.
func TestOwnSessionsRepeat(t *testing.T) {
	x, _, err := Experiment{Workload: workloads.Lock{New: ownSession(func(c *recipes.Client, _ *zk.Conn, path string) subjects.Lock {
		return recipes.NewLock(c, path)
	})}}.forSimulation()
	if err != nil {
		t.Fatal(err)
	}
	for x.Seed = 1; x.Seed < int64(len(mixes)); x.Seed++ {
		if m := x.mixOf(); m.crashes { // see TestMixesRepeat
			continue
		}
		if !repeated(t, x) {
			t.Errorf("seed %d: all runs differ", x.Seed)
		}
	}
}

// A violation of a lock with sessions of its own is shrunk as others are.
func TestOwnSessionsShrink(t *testing.T) {
	x, _, err := Experiment{Workload: workloads.Lock{New: ownSession(func(_ *recipes.Client, conn *zk.Conn, path string) subjects.Lock {
		l, _ := subjects.GoZookeeperLock(&subjects.Client{Conn: conn}, path)
		return l
	})}}.forSimulation()
	if err != nil {
		t.Fatal(err)
	}
	for x.Seed = 1; x.Seed < 10; x.Seed++ {
		o, err := x.simulateSeed(t, true)
		if err != nil {
			t.Fatal(err)
		}
		causes := sweep.CausesOf(o.Result, o.History)
		if len(causes) == 0 || o.made.PlayProcesses {
			continue
		}
		s, err := ShrinkSimulated(t, o.made, o, shrink.Config{Cause: causes[0], Runs: 150})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: %s to %s in %d runs", x.Seed, s.From, s.To, s.Runs)
		if s.To.Arrivals > s.From.Arrivals/4 {
			t.Errorf("seed %d: %s is left of %s", x.Seed, s.To, s.From)
		}
		return
	}
	t.Error("nothing is wrong with the lock of go-zookeeper")
}

// ownSession makes locks that each have a session of their own, and a client of package recipes on
// it.
func ownSession(lock func(c *recipes.Client, conn *zk.Conn, path string) subjects.Lock) func(*subjects.Client, string) (subjects.Lock, error) {
	return func(c *subjects.Client, path string) (subjects.Lock, error) {
		conn, events, err := c.Connect()
		if err != nil {
			return nil, err
		}
		if _, err := conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return nil, err
		}
		own := recipes.NewClient(conn, events, c.Timeout)
		c.BeforeEnd(func(ctx context.Context) { _ = own.Close(ctx) })
		return lock(own, conn, path), nil
	}
}
