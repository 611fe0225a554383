package zklab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// uncertain is a cache that cannot say when it is current.
type uncertain struct{ subjects.Cache }

func (uncertain) NeverCurrent() {}

// A cache that cannot say when its copy is current is not asked for a current copy, in this process
// or in another one; all its other properties are decided, and the run says why that one is not.
func TestCacheThatIsNeverCurrent(t *testing.T) {
	for name, fault := range map[string]faults.Fault{"here": faults.Expire{}, "in processes": faults.Crash{}} {
		t.Run(name, func(t *testing.T) {
			o, err := zklab.SimulateIn(t, zklab.Experiment{
				Workload: workloads.Cache{New: func(c *subjects.Client, path string) (subjects.Cache, error) {
					own, err := subjects.NewCache(c, path)
					return uncertain{own}, err
				}},
				Seed: 1, TimeLimit: 10 * time.Second, Faults: plan.Every(2*time.Second, fault),
			})
			if err != nil {
				t.Fatal(err)
			}
			for i := range o.History.Events {
				var how models.Looking
				if e := &o.History.Events[i]; e.F == models.FLook && len(e.Value) > 0 && e.Decode(&how) == nil && how.Current {
					t.Fatalf("event %d asks for a current copy", i)
				}
			}
			decided := map[string]bool{}
			for _, v := range o.Result.Verdicts {
				decided[v.Property] = v.Result == checker.Valid
			}
			if !decided["valid"] || !decided["order"] || !decided["converge"] {
				t.Errorf("decided are %v", decided)
			}
			if _, there := decided["current"]; there {
				t.Error("current is decided")
			}
			said := false
			for _, a := range o.Result.NotAvailable {
				said = said || a.Name == "current" && strings.Contains(a.Why, "cannot say when its copy is current")
			}
			if !said {
				t.Errorf("not available: %+v", o.Result.NotAvailable)
			}
		})
	}
}
