package mix

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/testkit/ownobjects"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// The default test convicts objects that do not recover from the end of a session, or whose lock nobody gets any more,
// and accuses none that refuses by right.
func TestMortals(t *testing.T) {
	for _, m := range ownobjects.Mortals {
		t.Run(m.Name, func(t *testing.T) {
			if m.Breaks == "" {
				for _, seed := range []int64{2, 4, 7, 9} {
					if o := seedOf(t, m.Made().Workload(), seed); o != nil && o.Result.Verdict == checker.Violation {
						t.Errorf("seed %d: violated: %v", seed, o.Result.Violated())
					}
				}
				return
			}
			convicted(t, m.Made().Workload(), m.Breaks)
		})
	}
}

// pulse is over with the session in which it began.
type pulse struct {
	conn    *zk.Conn
	session int64
}

func pulseOf(c *subjects.Client) pulse { return pulse{c.Conn, c.Conn.SessionID()} }

var errStopped = errors.New("the connection was closed")

func (p pulse) alive() error {
	if now := p.conn.SessionID(); now != p.session && now != 0 {
		return subjects.WithoutEffect(errStopped)
	}
	return nil
}

// deadCounter works no longer than its session.
type deadCounter struct {
	subjects.Counter
	pulse
}

func (d deadCounter) Add(ctx context.Context, delta int64) (int64, error) {
	if err := d.alive(); err != nil {
		return 0, err
	}
	return d.Counter.Add(ctx, delta)
}

// deadQueue puts no longer than its session lasts.
type deadQueue struct {
	subjects.Queue
	pulse
}

func (d deadQueue) Put(ctx context.Context, item []byte) error {
	if err := d.alive(); err != nil {
		return err
	}
	return d.Queue.Put(ctx, item)
}

// deadRegister writes no longer than its session lasts.
type deadRegister struct {
	subjects.Register
	pulse
}

func (d deadRegister) Write(ctx context.Context, value string) (subjects.Mark, error) {
	if err := d.alive(); err != nil {
		return subjects.Mark{}, err
	}
	return d.Register.Write(ctx, value)
}

// The default test convicts counters, queues and registers that do not recover.
func TestMortalsOfZklabsKinds(t *testing.T) {
	for name, w := range map[string]workloads.Workload{
		"counter": workloads.Counter{New: func(c *subjects.Client, path string) (subjects.Counter, error) {
			of, err := subjects.NewCounter(c, path)
			return deadCounter{of, pulseOf(c)}, err
		}},
		"queue": workloads.Queue{New: func(c *subjects.Client, path string) (subjects.Queue, error) {
			of, err := subjects.NewQueue(c, path)
			return deadQueue{of, pulseOf(c)}, err
		}},
		"register": workloads.Register{New: func(c *subjects.Client, path string) (subjects.Register, error) {
			of, err := subjects.NewRegister(c, path)
			return deadRegister{of, pulseOf(c)}, err
		}},
	} {
		t.Run(name, func(t *testing.T) { convicted(t, w, "recovers") })
	}
}

// convicted fails the test unless a run with expired sessions convicts a workload of a property.
func convicted(t *testing.T, w workloads.Workload, property string) {
	t.Helper()
	for _, seed := range []int64{4, 9, 14, 19, 24, 29, 1, 5, 11, 15, 21} {
		if o := seedOf(t, w, seed); o == nil || slices.Contains(o.Result.Violated(), property) {
			return
		}
	}
	t.Errorf("%s is not violated with any seed", property)
}
