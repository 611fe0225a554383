package engine_test

import (
	"testing"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// begun counts how often a client began each operation in the load, and says how long
// that lasted.
func begun(t *testing.T, c engine.Config) (counts map[string]int, lasted time.Duration, h *history.History) {
	t.Helper()
	h = must.Get(virtually(t, c).Run.ReadHistory())(t)
	counts = map[string]int{}
	var from time.Duration
	for i := range h.Events {
		e := &h.Events[i]
		var phase history.Phase
		switch {
		case e.F == history.FPhase && e.Decode(&phase) == nil && phase.Name == history.PhaseLoad:
			from = e.Time
		case e.F == history.FPhase && phase.Name == history.PhaseHeal:
			return counts, e.Time - from, h
		case e.Type == history.Invoke && e.Client == 0:
			counts[e.F]++
		}
	}
	t.Fatal("the load never ended")
	return nil, 0, nil
}

// A client begins as many operations as it is told to, and then the load is over, long before its time
// limit. A critical section counts as one, and so does a round.
func TestOps(t *testing.T) {
	for recipe, want := range map[string]map[string]int{
		models.Lock.Name:          {models.FAcquire: 3},
		models.DoubleBarrier.Name: {models.FEnter: 3, models.FLeave: 3},
	} {
		t.Run(recipe, func(t *testing.T) {
			w := must.Get(specimens.Named(recipe, workloads.Own))(t)
			got, lasted, _ := begun(t, engine.Config{Workload: w, Settings: settings.Settings{Clients: 3, Keys: 1, Ops: 3, TimeLimit: time.Hour}, Seed: 2, MinLoad: -1})
			for f, n := range want {
				if got[f] != n {
					t.Errorf("%d of %s: %v", n, f, got)
				}
			}
			if lasted > time.Minute {
				t.Errorf("it lasted %s", lasted)
			}
		})
	}
}

// A client holds for as long as it is told to, give or take a half. At the end of the run, where each
// client has its turn, holds are brief.
func TestHold(t *testing.T) {
	for _, recipe := range []string{models.Lock.Name, models.Election.Name, models.Semaphore.Name} {
		w := must.Get(specimens.Named(recipe, workloads.Own))(t)
		_, lasted, h := begun(t, engine.Config{
			Workload: w, Settings: settings.Settings{Clients: 2, Keys: 1, Ops: 5, Hold: 10 * time.Second, OpTimeout: time.Minute, TimeLimit: time.Hour}, Seed: 2, MinLoad: -1,
		})
		long, brief := 0, 0
		for _, hold := range holds.Of(h).All() {
			switch kept := hold.Until - hold.Granted; {
			case kept < time.Second:
				brief++ // a hold at the end of the run
			case kept < 5*time.Second || kept > 16*time.Second:
				t.Errorf("%s: kept for %s", recipe, kept)
			default:
				long++
			}
		}
		if long < 5 || brief == 0 {
			t.Errorf("%s: %d long holds, %d in the end", recipe, long, brief)
		}
		if lasted < 25*time.Second || lasted > 3*time.Minute {
			t.Errorf("%s: it lasted %s", recipe, lasted)
		}
	}
}

// A fault at the last message of the load takes effect, but does not outlast the load; a fault whose
// time has not come by then has no effect.
func TestFaultsEndWithTheOps(t *testing.T) {
	c := small()
	c.Ops, c.TimeLimit = 2, time.Hour
	at := point(t, "client1/enqueue#1/create#1/reply/after")
	c.Faults = plan.Overlay(plan.AtPoint(at, 30*time.Minute, faults.Cut{}), plan.At(50*time.Minute, time.Minute, faults.Cut{Who: faults.TheClient(0)}))
	_, lasted, h := begun(t, c)
	if lasted > time.Minute {
		t.Errorf("it lasted %s", lasted)
	}
	var steps []string
	for i := range h.Events {
		var s history.FaultStep
		if e := &h.Events[i]; e.F == "cut" && e.Decode(&s) == nil {
			steps = append(steps, s.Step)
		}
	}
	want := []string{history.StepInject, history.StepVerified, history.StepHeal, history.StepHealed}
	if len(steps) != len(want) {
		t.Fatalf("%q", steps)
	}
	for i := range want {
		if steps[i] != want[i] {
			t.Errorf("%q", steps)
		}
	}
}

func point(t *testing.T, text string) link.Point {
	t.Helper()
	return must.Get(link.ParsePoint(text))(t)
}
