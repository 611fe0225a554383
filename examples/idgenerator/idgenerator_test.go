package idgenerator

import (
	"os"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/object"
)

var (
	next = object.Ask("next", (*Generator).Next).Weight(9)
	last = object.Ask("last", (*Generator).Last).Plain()
)

func ids(construct func(*zk.Conn, string) (*Generator, error)) zklab.Experiment {
	return zklab.Experiment{Workload: object.Object[*Generator]{
		Name:       "id-generator",
		New:        object.OnConn(construct),
		Operations: []object.Operation[*Generator]{next, last},
		Rules: []object.Rule{object.Sequential(int64(0),
			object.Runs(next, func(n int64, _ object.None) (int64, int64, error) { return n + 1, n + 1, nil }),
			object.Runs(last, func(n int64, _ object.None) (int64, int64, error) { return n, n, nil }),
		)},
	}.Workload()}
}

func TestIDs(t *testing.T) { zklab.Simulate(t, ids(New)) }

// TestCareless convicts a generator that writes without checking the version. With CARELESS=1 it fails like the
// test of a wrong recipe, and shows the mistake: see README.md.
func TestCareless(t *testing.T) {
	if os.Getenv("CARELESS") != "" {
		zklab.Simulate(t, ids(newCareless))
		return
	}
	x := ids(newCareless)
	x.Seed = 1
	o, err := zklab.SimulateIn(t, x)
	if err != nil || len(o.Result.Violated()) == 0 {
		t.Errorf("not convicted: %v", err)
	}
}
