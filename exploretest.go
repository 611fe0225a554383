package zklab

import (
	"cmp"
	"context"
	"fmt"
	"testing"

	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/explore"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// exploredPairs is the number of pairs of faults that [Explore] tries.
const exploredPairs = 300

// Explore runs a small experiment as a test, in simulations, and repeats it with each single fault
// at each of its messages: each request lost; each reply lost; each connection cut before and after
// a message; each session expired; the server of each connection killed, and the leader. If clients
// can be played as processes (see [Experiment.PlayProcesses]), each client is also frozen for
// longer than its session lasts, and crashed. If no single fault breaks a promise, Explore tries
// 300 pairs of them, the most different pairs first. So it reaches windows of less than a
// millisecond, which [Simulate] and [Sweep] hit only by luck.
//
// Every field except Workload is optional. By default, three clients begin three operations each on
// one key. The number of runs grows with the number of messages, so keep the experiment small: a
// few hundred to a few thousand runs of about ten milliseconds each. Faults must be nil. The
// variable ZKLAB_SEED sets the seed.
//
// A client that polls sends the same request and gets the same answer round after round. While
// nothing else happens, its rounds differ only by the time, so Explore tries faults in the first two
// rounds and in the last one, and counts the others as implied.
//
// Explore begins no other run when the first ten faults failed alike, or when its time is over (see
// [Experiment.Budget]). If that leaves single faults untried and none has broken a promise, the test
// is undecided: it fails, and says how far it came, unless AllowUnknown is set. Like Simulate, it
// says how far it has come every ten seconds.
//
// The test fails when a run violates a property. It shows the events of the first such run with the
// fewest faults, and the number of runs in which each cause was found. That run is stored, together
// with a test that repeats it alone. The test also fails when all runs together leave a property
// undecided, unless AllowUnknown is set. The recipe has to meet the same requirements as for
// Simulate.
func Explore(t *testing.T, x Experiment) {
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
	if seed != 0 {
		x.Seed = seed
	}
	defaultTo(&x.Seed, 1)
	x = x.asScenario()
	report, p, err := x.exploreIn(t)
	if err != nil {
		t.Fatalf("zklab: the experiment could not be run: %v", err)
	}
	x.tellExplored(t, report, p)
}

// exploreIn explores the experiment in a subtest.
func (x Experiment) exploreIn(t *testing.T) (report explore.Report, p *pace, err error) {
	var far explore.Report
	p = x.pace(t, x.budget(), "Experiment.Budget", func() string { return far.Progress() })
	p.log(fmt.Sprintf("each fault at each message of %s with %s each, then up to %d pairs of faults, %s",
		prose.Count(x.Clients, "client"), prose.Count(x.Ops, "operation"), exploredPairs, p.atMost()))
	x.onLook = p.look
	seen := func(r explore.Report) {
		far = r
		p.look()
	}
	c := explore.Config{
		MostPairs: exploredPairs, Progress: seen,
		Listed: func(r explore.Report) {
			p.log(r.Listed())
			seen(r)
		},
		Enough: func(r explore.Report) string { return cmp.Or(singlesFailAlike(r), p.over()) },
	}
	var u unheld
	err = errLeftOut
	t.Run("explore", func(t *testing.T) {
		err = errEnded
		report, err = x.explore(t.Context(), c, func(x Experiment, ctx context.Context) (*Outcome, error) {
			o, err := x.simulate(ctx, t)
			if err == nil {
				u.outlive(x.Seed, o)
			}
			return o, err
		})
	})
	u.tellUnheld(t, x, report.Runs)
	return report, p, err
}

// singlesFailAlike says that the first single faults all break one promise in one way.
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
func (x Experiment) asScenario() Experiment {
	defaultTo(&x.Clients, explore.UsualClients)
	defaultTo(&x.Ops, explore.UsualOps)
	defaultTo(&x.Keys, explore.UsualKeys)
	defaultTo(&x.Rate, explore.UsualRate)
	defaultTo(&x.TimeLimit, explore.UsualLength)
	x.PlayProcesses = x.PlayProcesses || x.playable()
	x.OptionalFaults, x.MinLoad = true, -1
	return x
}

// tellExplored fails the test, or says what was tried. A test that passes although its exploration
// did not come to its end says so where the user sees it.
func (x Experiment) tellExplored(t *testing.T, r explore.Report, p *pace) {
	t.Helper()
	steps, violated := r.First()
	if violated {
		x.Faults = plan.Steps(steps...)
		o, err := SimulateIn(t, x)
		if err != nil {
			t.Fatalf("zklab: %s\nits first run once more: %v", r, err)
		}
		if len(o.Result.Violated()) == 0 {
			t.Errorf("zklab: %s\n\nits first run took a different course when repeated, and broke nothing; with the flag of zklab overlay, runs repeat", r)
			return
		}
		keepFailed(t, x, o)
		t.Errorf("zklab: %s\n\n%s", r, smallestText(t, o))
		return
	}
	if _, why := r.Verdict(); len(why) > 0 && !x.AllowUnknown {
		t.Errorf("zklab: nothing was violated, but not everything could be decided: %s", r)
		return
	}
	t.Logf("zklab: %s", r)
	if r.Ended != "" {
		p.sayAside(fmt.Sprintf("not everything was explored, since %s: %s", r.Ended, r.Progress()))
	}
}
