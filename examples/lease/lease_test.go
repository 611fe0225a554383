package lease

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/object"
)

var (
	take = object.Do("take", (*Lease).Take).Refuses(ErrTaken)
	free = object.Do("free", (*Lease).Free).Refuses(ErrNotMine)
)

func leases(construct func(*zk.Conn, string) (*Lease, error)) zklab.Experiment {
	return zklab.Experiment{Workload: object.Object[*Lease]{
		Name:       "lease",
		New:        object.OnConn(construct),
		Operations: []object.Operation[*Lease]{take, free},
		Rules: []object.Rule{object.Sequential(object.Nobody,
			object.RunsBy(take, func(has, who object.Caller, _ object.None) (object.Caller, object.None, error) {
				if has != object.Nobody && has != who {
					return has, object.None{}, ErrTaken
				}
				return who, object.None{}, nil
			}),
			object.RunsBy(free, func(has, who object.Caller, _ object.None) (object.Caller, object.None, error) {
				if has != who {
					return has, object.None{}, ErrNotMine
				}
				return object.Nobody, object.None{}, nil
			}),
		).SessionEnds(func(has, who object.Caller) object.Caller {
			if has == who {
				return object.Nobody
			}
			return has
		})},
	}.Workload()}
}

func TestLeases(t *testing.T) { zklab.Simulate(t, leases(New)) }

// TestCareless convicts a lease that a client frees after its session, and with it the lease, has ended. With
// CARELESS=1 it fails like the test of a wrong recipe, and shows the mistake: see README.md.
func TestCareless(t *testing.T) {
	if os.Getenv("CARELESS") != "" {
		zklab.Simulate(t, leases(newCareless))
		return
	}
	x := leases(newCareless)
	x.Seed, x.Faults = 1, plan.Every(time.Second, faults.Expire{})
	o, err := zklab.SimulateIn(t, x)
	if err != nil || !slices.Contains(o.Result.Violated(), "sequential") {
		t.Errorf("not convicted: %v", err)
	}
}
