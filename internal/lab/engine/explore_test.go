package engine_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/link"
	"github.com/zklab/zklab/stats"
)

// exploring runs a scenario in virtual time for an exploration.
func exploring(t *testing.T) explore.Runner {
	return func(_ context.Context, s plan.Schedule) (o explore.Outcome, err error) {
		var mu sync.Mutex
		x := small()
		x.Faults = s
		x.OnPoint = func(p link.Point) {
			mu.Lock()
			defer mu.Unlock()
			o.Points = append(o.Points, p)
		}
		r := virtually(t, x).Result
		for _, v := range r.Verdicts {
			if v.Result == checker.Violation && !v.Measured {
				o.Broken = append(o.Broken, v.Property)
			}
		}
		o.Verdicts, o.Header = r.Verdicts, history.Header{Model: r.Recipe}
		o.Missed = slices.ContainsFunc(r.Stats.Faults, func(f stats.Fault) bool { return f.Outcome != history.StepVerified })
		return o, nil
	}
}

// A defect that depends on one reply is found by exactly the faults that take this reply away.
func TestExploreSingles(t *testing.T) {
	r, err := explore.Explore(t.Context(), explore.Config{Runners: []explore.Runner{exploring(t)}, Singles: true, Faults: []explore.Choice{
		{Fault: faults.LoseReply{}}, {Fault: faults.LoseRequest{}}, {Fault: faults.Cut{}}, {Fault: faults.Cut{}, After: true}, {Fault: faults.Expire{}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	for _, f := range r.Findings {
		if !strings.Contains(f.String(), "@client1/enqueue#2/create#1") || !slices.Contains(f.Broken, "integrity") {
			t.Errorf("found besides: %s", f)
		}
	}
	if len(r.Findings) < 4 || r.Singles.Missed > 0 {
		t.Errorf("%+v", r.Singles)
	}
}
