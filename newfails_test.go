package zklab_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/runtest"
	"github.com/zklab/zklab/subjects"
	"github.com/zklab/zklab/workloads"
)

// A constructor that fails in a later life of a process fails the operation that needed the subject. The next one makes
// it, and if none ever can, nothing says that the client makes progress.
func TestConstructorFailsInALaterLife(t *testing.T) {
	for _, tt := range []struct {
		name    string
		times   int // how often it fails in all later lives together
		verdict checker.Result
	}{{"once", 1, checker.Valid}, {"from then on", 1 << 20, checker.Unknown}} {
		t.Run(tt.name, func(t *testing.T) {
			made := map[int]int{} // by client
			o := simulate(t, zklab.Experiment{
				Keys: 1, Seed: 1, Clients: 3, TimeLimit: 5 * time.Second, PlayProcesses: true,
				Faults: plan.Steps(plan.Step{At: 2 * time.Second, For: time.Second, Fault: faults.Crash{}}),
				Workload: workloads.Lock{New: func(c *subjects.Client, path string) (subjects.Lock, error) {
					if made[c.ID]++; made[c.ID] > 1 && made[c.ID] <= 1+tt.times {
						return nil, errors.New("planted")
					}
					return subjects.NewLock(c, path)
				}},
			})
			failed := 0
			for _, e := range o.History.Events {
				if e.Error != nil && e.Error.Message == "planted" && e.Type == history.Info {
					failed++
				}
			}
			if failed == 0 || failed > tt.times {
				t.Errorf("%d operations failed", failed)
			}
			if o.Result.Verdict != tt.verdict || tt.verdict != checker.Valid && !strings.Contains(o.Result.WhyUnknown(), "planted") {
				runtest.Explain(t, o.Result)
				t.Errorf("%s: %s", o.Result.Verdict, o.Result.WhyUnknown())
			}
		})
	}
}

// A round whose subjects cannot be made is left out. Without any round there is no run.
func TestConstructorFailsInARound(t *testing.T) {
	for name, some := range map[string]bool{"in some": true, "in all": false} {
		t.Run(name, func(t *testing.T) {
			made := 0
			o, err := zklab.SimulateIn(t, zklab.Experiment{
				Seed: 1, Clients: 3, TimeLimit: 5 * time.Second,
				Workload: workloads.Barrier{New: func(c *subjects.Client, path string) (subjects.Barrier, error) {
					if made++; !some || made%7 == 0 && made < 60 {
						return nil, errors.New("planted")
					}
					return subjects.NewBarrier(c, path)
				}},
			})
			switch {
			case some && (err != nil || o.Result.Verdict != checker.Valid):
				t.Errorf("%v, error %v", o, err)
			case !some && (err == nil || !strings.Contains(err.Error(), "make the subject of client 0 for b") || !strings.Contains(err.Error(), "planted")):
				t.Errorf("error %v", err)
			}
		})
	}
}
