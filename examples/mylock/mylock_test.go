package mylock

import (
	"context"
	"io"
	"log"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// newLock makes the lock of one client on one path.
func newLock(c *subjects.Client, path string) (subjects.Lock, error) {
	_, err := c.Conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll))
	if err != nil && err != zk.ErrNodeExists {
		return nil, err
	}
	return New(c.Conn, path), nil
}

// newOwnLock makes a lock with its own session.
func newOwnLock(c *subjects.Client, path string) (subjects.Lock, error) {
	conn, events, err := c.Connect()
	if err != nil {
		return nil, err
	}
	go func() {
		for e := range events { // until the session is closed
			if e.State == zk.StateExpired {
				log.Printf("client %d lost its session", c.ID)
			}
		}
	}()
	_, err = conn.Create(path, nil, 0, zk.WorldACL(zk.PermAll))
	if err != nil && err != zk.ErrNodeExists {
		return nil, err
	}
	return New(conn, path), nil
}

// goZookeeperLock is zk.Lock, whose methods take no context.
type goZookeeperLock struct {
	lock  *zk.Lock
	calls subjects.Blocking
}

func (l *goZookeeperLock) Lock(ctx context.Context) error {
	return l.calls.Do(ctx, l.lock.Lock, l.lock.Unlock)
}

func (l *goZookeeperLock) Unlock(ctx context.Context) error {
	return l.calls.Do(ctx, l.lock.Unlock, nil)
}

// TestLockSimulated runs fifty simulations under all faults, in a few seconds.
func TestLockSimulated(t *testing.T) {
	zklab.Simulate(t, zklab.Experiment{Workload: workloads.Lock{New: newLock}})
}

// TestLock runs ten seconds of load in real time, while holders lose their sessions and the leader is
// paused.
func TestLock(t *testing.T) {
	zklab.Test(t, zklab.Experiment{
		Workload: workloads.Lock{New: newLock},
		Faults:   plan.Every(4*time.Second, faults.Expire{Who: faults.Holder}, faults.Pause{Nodes: faults.Leader}),
	})
}

// TestLockForThreeMinutes runs three minutes of the same, in virtual time.
func TestLockForThreeMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zklab.Test(t, zklab.Experiment{
			Workload:  workloads.Lock{New: newLock},
			TimeLimit: 3 * time.Minute,
			Faults:    plan.Every(10*time.Second, faults.Expire{Who: faults.Holder}, faults.Pause{Nodes: faults.Leader}),
		})
	})
}

// The lock with its own session keeps its promises as well.
func TestOwnLockSimulated(t *testing.T) {
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	zklab.Simulate(t, zklab.Experiment{Workload: workloads.Lock{New: newOwnLock}})
}

// The lock of go-zookeeper works as long as nothing fails.
func TestGoZookeeperLock(t *testing.T) {
	o, err := zklab.SimulateIn(t, zklab.Experiment{TimeLimit: 5 * time.Second, Workload: workloads.Lock{
		New: func(c *subjects.Client, path string) (subjects.Lock, error) {
			return &goZookeeperLock{lock: zk.NewLock(c.Conn, path, zk.WorldACL(zk.PermAll))}, nil
		},
	}})
	if err != nil || o.Result.Verdict != checker.Valid {
		t.Errorf("%+v, %v", o, err)
	}
}
