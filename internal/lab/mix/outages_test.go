package mix

import (
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// In some of the usual seeds two of five servers, or three of seven, are down at once, but never more, and
// the lock keeps its promises.
func TestOutagesOverlap(t *testing.T) {
	lock := must.Get(specimens.Named("lock", workloads.Own))(t)
	for servers, spare := range map[int]int{5: 2, 7: 3} {
		x := usual(t, lock)
		x.Seed, x.Out, x.Ensemble = outagesMix, t.TempDir(), embedded.Config{Nodes: servers, InMemory: true}
		o := must.Get(Simulate(t, x))(t)
		if o.Result.Verdict == checker.Violation {
			t.Errorf("%d servers: %s", servers, o.Result.Verdict)
		}
		if most := mostDown(t, o); most != spare {
			t.Errorf("of %d servers %d were down at once at most, want %d", servers, most, spare)
		}
	}
}

// mostDown returns the largest number of servers that were paused or killed at once.
func mostDown(t *testing.T, o *experiment.Outcome) (most int) {
	t.Helper()
	h := must.Get(history.Open(o.Run.History()))(t)
	down := map[int]bool{}
	for i := range h.Events {
		e := &h.Events[i]
		if e.F != "pause" && e.F != "kill" {
			continue
		}
		var s history.FaultStep
		must.Do(t, e.Decode(&s))
		for _, server := range s.Servers {
			switch s.Step {
			case history.StepVerified:
				down[server] = true
			case history.StepHealed:
				delete(down, server)
			}
		}
		most = max(most, len(down))
	}
	return most
}
