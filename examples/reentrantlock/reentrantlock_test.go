package reentrantlock

import (
	"os"
	"slices"
	"testing"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

var (
	lock   = object.Do("lock", (*Lock).Lock)
	unlock = object.Do("unlock", (*Lock).Unlock)
)

func locks(careless bool) zklab.Experiment {
	return zklab.Experiment{Workload: object.Object[*Lock]{
		Name: "reentrant-lock",
		New: func(c *subjects.Client, path string) (*Lock, error) {
			l, err := New(c.Conn, path)
			if err == nil {
				l.careless = careless
			}
			return l, err
		},
		Operations: []object.Operation[*Lock]{lock, unlock},
		Rules:      []object.Rule{object.Exclusive(lock, unlock).Nested()},
	}.Workload()}
}

func TestLocks(t *testing.T) { zklab.Simulate(t, locks(false)) }

// TestCareless convicts a lock that the inner Unlock frees. With CARELESS=1 it fails as a test of a wrong recipe
// does, and shows the mistake: see README.md.
func TestCareless(t *testing.T) {
	if os.Getenv("CARELESS") != "" {
		zklab.Simulate(t, locks(true))
		return
	}
	x := locks(true)
	x.Seed = 1
	o, err := zklab.SimulateIn(t, x)
	if err != nil || !slices.Contains(o.Result.Violated(), "exclusion") {
		t.Errorf("not convicted: %v", err)
	}
}
