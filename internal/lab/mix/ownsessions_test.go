package mix

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/shrink"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/overlay"
	"github.com/zklab/zklab/recipes"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// Runs of a lock whose objects each have their own session repeat like those of others; see
// TestMixesRepeat.
func TestOwnSessionsRepeat(t *testing.T) {
	x := usual(t, workloads.Lock{New: ownSession(func(c *recipes.Client, _ *zk.Conn, path string) subjects.Lock {
		return recipes.NewLock(c, path)
	})})
	exact := overlay.Active(t)
	var differ []int64
	for x.Seed = 1; x.Seed < int64(len(mixes)); x.Seed++ {
		if m := mixOf(x); (exact || !m.crashes) && !repeated(t, x, exact) {
			differ = append(differ, x.Seed)
		}
	}
	if exact && len(differ) > 0 || len(differ) > 2 {
		t.Errorf("seeds %v differ each time", differ)
	}
}

// A violation of a lock whose objects have their own sessions is shrunk like any other.
func TestOwnSessionsShrink(t *testing.T) {
	x := usual(t, workloads.Lock{New: ownSession(func(_ *recipes.Client, conn *zk.Conn, path string) subjects.Lock {
		l, _ := subjects.GoZookeeperLock(&subjects.Client{Conn: conn}, path)
		return l
	})})
	for x.Seed = 1; x.Seed < 10; x.Seed++ {
		o := must.Get(Simulate(t, x))(t)
		causes := sweep.CausesOf(o.Result, o.History)
		if len(causes) == 0 || o.Made.PlayProcesses {
			continue
		}
		s := must.Get(shrink.Simulated(t.Context(), t, o.Made, o, shrink.Config{Cause: causes[0], Runs: 150}))(t)
		t.Logf("seed %d: %s to %s in %d runs", x.Seed, s.From, s.To, s.Runs)
		if s.From.Arrivals < 50 { // there is little to leave out
			continue
		}
		if s.To.Arrivals > s.From.Arrivals/4 {
			t.Errorf("seed %d: %s is left of %s", x.Seed, s.To, s.From)
		}
		return
	}
	t.Error("nothing is wrong with the lock of go-zookeeper")
}

// ownSession makes locks that each have their own session, and on it a client of package recipes.
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

// anybody is a lock with its own session that is granted to everybody who asks.
type anybody struct {
	conn *zk.Conn
	path string
	own  string
}

func (l *anybody) Lock(context.Context) (err error) {
	l.own, err = l.conn.Create(l.path+"/lock-", nil, zk.FlagEphemeral|zk.FlagSequence, zk.WorldACL(zk.PermAll))
	return err
}

func (l *anybody) Unlock(context.Context) error { return l.conn.Delete(l.own, -1) }

// The times of what clients hold in objects with their own sessions are known without a transaction log
// as well: two holders at one time are found, and correct locks are not accused.
func TestOwnSessionsWithoutALog(t *testing.T) {
	for _, c := range []struct {
		name string
		want checker.Result
		lock func(c *recipes.Client, conn *zk.Conn, path string) subjects.Lock
	}{
		{"right", checker.Valid, func(c *recipes.Client, _ *zk.Conn, path string) subjects.Lock { return recipes.NewLock(c, path) }},
		{"wrong", checker.Violation, func(_ *recipes.Client, conn *zk.Conn, path string) subjects.Lock {
			return &anybody{conn: conn, path: path}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := usual(t, workloads.Lock{New: ownSession(c.lock)})
			x.Seed = 2
			o := must.Get(Simulate(t, x))(t)
			v := exclusionOf(t, o.History)
			if v.Result != c.want || v.Figures["floating"] != 0 {
				t.Errorf("exclusion is %s, want %s; %v", v.Result, c.want, v.Figures)
			}
			for i := range o.History.Events { // as if the links had not said which sessions clients used
				o.History.Events[i].Used = nil
			}
			if v := exclusionOf(t, o.History); v.Figures["floating"] == 0 {
				t.Errorf("no hold is floating even if nobody knows in which sessions clients held: %v", v.Figures)
			}
		})
	}
}

// exclusionOf decides the property exclusion from a history alone.
func exclusionOf(t *testing.T, h *history.History) checker.Verdict {
	t.Helper()
	all := checker.Run(t.Context(), h, checker.Options{}).Verdicts
	return all[slices.IndexFunc(all, func(v checker.Verdict) bool { return v.Property == "exclusion" })]
}
