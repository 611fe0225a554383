package reentrantlock

import (
	"os"
	"slices"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/object"
)

var (
	lock   = object.Do("lock", (*Lock).Lock)
	unlock = object.Do("unlock", (*Lock).Unlock)
)

func locks(construct func(*zk.Conn, string) (*Lock, error)) zklab.Experiment {
	return zklab.Experiment{Workload: object.Object[*Lock]{
		Name:       "reentrant-lock",
		New:        object.OnConn(construct),
		Operations: []object.Operation[*Lock]{lock, unlock},
		Rules:      []object.Rule{object.Exclusive(lock, unlock).Nested()},
	}.Workload()}
}

func TestLocks(t *testing.T) { zklab.Simulate(t, locks(New)) }

// TestCareless convicts a lock that the inner Unlock frees. With CARELESS=1 it fails like the test of a wrong
// recipe, and shows the mistake: see README.md.
func TestCareless(t *testing.T) {
	if os.Getenv("CARELESS") != "" {
		zklab.Simulate(t, locks(newCareless))
		return
	}
	x := locks(newCareless)
	x.Seed = 1
	o, err := zklab.SimulateIn(t, x)
	if err != nil || !slices.Contains(o.Result.Violated(), "exclusion") {
		t.Errorf("not convicted: %v", err)
	}
}
