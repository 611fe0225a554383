package ratelimiter

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/object"
)

var take = object.Ask("take", (*Limiter).Take).Refuses(ErrLimit)

// given tells how many permits the latest window has granted.
type given struct{ Window, Permits int64 }

func limiters(construct func(*zk.Conn, string) (*Limiter, error)) zklab.Experiment {
	return zklab.Experiment{Workload: object.Object[*Limiter]{
		Name:       "rate-limiter",
		New:        object.OnConn(construct),
		Operations: []object.Operation[*Limiter]{take},
		Rules: []object.Rule{object.Sequential(given{}, object.Allows(take, func(g given, _ object.None, window int64) (given, error) {
			switch {
			case window > g.Window:
				return given{window, 1}, nil
			case window < g.Window:
				return g, fmt.Errorf("window %d is over: window %d has begun", window, g.Window)
			case g.Permits == Limit:
				return g, fmt.Errorf("window %d has given all of its %d permits", window, Limit)
			}
			return given{window, g.Permits + 1}, nil
		}, object.Same))},
	}.Workload()}
}

func TestLimiters(t *testing.T) { zklab.Simulate(t, limiters(New)) }

// TestCareless convicts a limiter that begins windows without checking the version. With CARELESS=1 it fails like
// the test of a wrong recipe, and shows the mistake: see README.md.
func TestCareless(t *testing.T) {
	if os.Getenv("CARELESS") != "" {
		zklab.Simulate(t, limiters(newCareless))
		return
	}
	x := limiters(newCareless)
	x.Seed = 1
	o, err := zklab.SimulateIn(t, x)
	if err != nil || !slices.Contains(o.Result.Violated(), "sequential") {
		t.Errorf("not convicted: %v", err)
	}
}
