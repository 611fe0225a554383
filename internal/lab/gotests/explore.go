package gotests

import (
	"cmp"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/pace"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// exploredPairs is the number of pairs of faults that [Explore] tries.
const exploredPairs = 300

// Explore explores a small experiment as a test; see zklab.Explore.
func Explore(t *testing.T, x experiment.Experiment) {
	t.Helper()
	if x.Faults != nil {
		t.Fatalf("zklab: Explore chooses faults itself: leave out Faults")
	}
	if x.Gates != nil {
		t.Fatalf("zklab: Explore measures no times: leave out Gates")
	}
	seed, err := namedSeed()
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	x.Seed = cmp.Or(seed, x.Seed, 1)
	x = asScenario(x)
	report, p, err := exploreIn(t, x)
	if err != nil {
		t.Fatalf("zklab: the experiment could not be run: %v", err)
	}
	tellExplored(t, x, report, p)
}

// exploreIn explores the experiment in a subtest.
func exploreIn(t *testing.T, x experiment.Experiment) (report explore.Report, p *pace.Pace, err error) {
	var far explore.Report
	p = pace.Begin(t, cmp.Or(x.Budget, usualBudget), "Experiment.Budget", x.Now, func() string { return far.Progress() })
	p.Log(fmt.Sprintf("each fault at each message of %s with %s each, then up to %d pairs of faults, %s",
		prose.Count(x.Clients, "client"), prose.Count(x.Ops, "operation"), exploredPairs, p.AtMost()))
	x.OnLook, x.CheckFor = p.Look, func() time.Duration { return p.CheckTime(exploredPairs) }
	seen := func(r explore.Report) {
		far = r
		p.Look()
	}
	c := explore.Config{
		MostPairs: exploredPairs, Progress: seen,
		Listed: func(r explore.Report) {
			p.Log(r.Listed())
			seen(r)
		},
		Enough: func(r explore.Report) string { return cmp.Or(singlesFailAlike(r), p.Over()) },
	}
	var u unheld
	err = errLeftOut
	t.Run("explore", func(t *testing.T) {
		err = errEnded
		report, err = explore.Experiment(t.Context(), x, c, func(ctx context.Context, x experiment.Experiment) (*experiment.Outcome, error) {
			o, err := x.Simulate(ctx, t)
			if err == nil {
				u.outlive(x.Seed, o)
			}
			return o, err
		})
	})
	u.tellUnheld(t, x, report.Runs)
	return report, p, err
}

// singlesFailAlike says that the first single faults all break the same promise in the same way; "" if they
// do not.
func singlesFailAlike(r explore.Report) string {
	var a sweep.Alike
	if r.Singles.Tried == len(r.Findings) {
		for _, f := range r.Findings {
			a.Add(f.Causes)
		}
	}
	return failAlike(a)
}

// asScenario fills in the defaults of a scenario.
func asScenario(x experiment.Experiment) experiment.Experiment {
	x.Clients = cmp.Or(x.Clients, explore.UsualClients)
	x.Ops = cmp.Or(x.Ops, explore.UsualOps)
	x.Keys = cmp.Or(x.Keys, explore.UsualKeys)
	x.Rate = cmp.Or(x.Rate, explore.UsualRate)
	x.TimeLimit = cmp.Or(x.TimeLimit, explore.UsualLength)
	x.PlayProcesses = x.PlayProcesses || x.Playable()
	x.OptionalFaults, x.MinLoad = true, -1
	return x
}

// tellExplored fails the test, or logs what was tried. If a test passes although its exploration did
// not finish, it prints that where the user sees it.
func tellExplored(t *testing.T, x experiment.Experiment, r explore.Report, p *pace.Pace) {
	t.Helper()
	steps, violated := r.First()
	if violated {
		x.Faults = plan.Steps(steps...)
		o, err := SimulateIn(t, x)
		if err != nil {
			t.Fatalf("zklab: %s\nits first run once more, with the faults %s: %v", r, x.Faults, err)
		}
		if len(o.Result.Violated()) == 0 {
			t.Errorf("zklab: %s\n\nits first run, with the faults %s, took a different course when repeated, and broke nothing; with the flag of zklab overlay, runs repeat", r, x.Faults)
			return
		}
		keepFailed(t, x, o)
		small, err := shrunk(t, o, shown(o))
		t.Errorf("zklab: %s\n\n%s", r, smallestText(o, shown(o), small, err))
		return
	}
	if _, why := r.Verdict(); len(why) > 0 && !x.AllowUnknown {
		t.Errorf("zklab: nothing was violated, but not everything could be decided: %s", r)
		return
	}
	t.Logf("zklab: %s", r)
	if r.Ended != "" {
		p.SayAside(fmt.Sprintf("not everything was explored, since %s: %s", r.Ended, r.Progress()))
	}
}
