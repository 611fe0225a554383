package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/settings"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/workloads"
)

// The library's own recipes keep their promises whatever happens to their
// clients' links, messages, sessions and znodes.
func TestOwnRecipesUnderClientFaults(t *testing.T) {
	const all = "cut,reset,refuse,stall-link,slow-link,move,lose-request,lose-reply,late-event,expire,silence,duplicate,foreign,acl"
	for _, recipe := range recipes() {
		t.Run(recipe, func(t *testing.T) {
			list, rate := all, 50.0
			if recipe == models.Session.Name {
				rate = 100 // so that there are events for late-event
			}
			if !runtest.Waits(recipe) && recipe != models.Session.Name || recipe == models.JobQueue.Name {
				list = strings.Replace(all, "late-event,", "", 1) // the recipe watches nothing, or hardly ever has to wait
			}
			x := must.Get(plan.Parse(list, 2*time.Second))(t)
			w := must.Get(specimens.Named(recipe, workloads.Own))(t)
			o := valid(t, virtually(t, engine.Config{
				Workload: w, Subject: workloads.Own, Settings: settings.Settings{TimeLimit: 35 * time.Second, Rate: rate}, Seed: 2, Faults: x,
			}))
			keepsToItsLink(t, o)
			if n := len(o.Result.Stats.FaultKinds); n != len(strings.Split(list, ",")) {
				t.Errorf("%d kinds of faults", n)
			}
		})
	}
}

// After lost replies, and children that another program made, go-zookeeper's lock has contenders that
// no client removes.
func TestClientFaultsFindGoZookeepersLock(t *testing.T) {
	for _, list := range few([]string{"lose-reply", "foreign"}) {
		t.Run(list, func(t *testing.T) {
			x := must.Get(plan.Parse(list, 5*time.Second))(t)
			w := must.Get(specimens.Named("lock", specimens.GoZookeeper))(t)
			o := virtually(t, engine.Config{
				Workload: w, Subject: specimens.GoZookeeper, Settings: settings.Settings{TimeLimit: 40 * time.Second}, Seed: 1, Faults: x,
			})
			if o.Result.Verdict != checker.Violation || !runtest.Violated(o.Result, "progress") {
				t.Errorf("verdict %s", o.Result.Verdict)
				runtest.Explain(t, o.Result)
			}
		})
	}
}
