package mylock

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
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

// Fifty simulations under all faults, in some seconds.
func TestLockSimulated(t *testing.T) {
	zklab.Simulate(t, zklab.Experiment{Workload: workloads.Lock{New: newLock}})
}

// Ten seconds of load, while holders lose their sessions and the leader is
// paused. It takes as long as it says.
func TestLock(t *testing.T) {
	zklab.Test(t, zklab.Experiment{
		Workload: workloads.Lock{New: newLock},
		Faults:   plan.Every(4*time.Second, faults.Expire{Who: faults.Holder}, faults.Pause{Nodes: faults.Leader}),
	})
}

// Three minutes of the same, in virtual time.
func TestLockForThreeMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zklab.Test(t, zklab.Experiment{
			Workload:  workloads.Lock{New: newLock},
			TimeLimit: 3 * time.Minute,
			Faults:    plan.Every(10*time.Second, faults.Expire{Who: faults.Holder}, faults.Pause{Nodes: faults.Leader}),
		})
	})
}
