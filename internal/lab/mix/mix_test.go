package mix

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/internal/virtual/overlay"
	"github.com/zklab/zklab/specimens"
)

// Each of the usual seeds of Simulate always gives the same record, whatever its mix. Each object is
// tried with two of the ten mixes, and each pair of mixes with several objects. With the overlay, every
// run is the same as the first one: TestRealMixesAreExact runs this test with the overlay. Without it,
// the runtime still makes a few choices, most of them on a busy machine, which preempts goroutines; so
// only two of five runs have to be the same, and only for four of five seeds. If zklab left anything to
// chance that affects all runs, no two runs would be the same. Without the overlay, processes crash but
// are not frozen: when a frozen process continues, all its goroutines whose timers have expired run at
// one instant, and only the overlay determines their order.
func TestMixesRepeat(t *testing.T) {
	drawn := mixes
	defer func() { mixes = drawn }()
	exact := overlay.Active(t)
	if !exact {
		for i := range mixes {
			if of := drawn[i].faults; drawn[i].crashes {
				mixes[i].faults = func(x experiment.Experiment) plan.Schedule { return withoutFreezes(of(x)) }
			}
		}
	}
	if exact {
		t.Log(everyRun)
	}
	var tried int
	var differ []string
	for i, recipe := range specimens.Recipes() {
		for _, seed := range []int64{int64(i%len(mixes)) + 1, int64((i+5)%len(mixes)) + 1} {
			m := mixes[seed%int64(len(mixes))]
			if m.aimed && recipe == models.Session.Name && !exact { // a select of go-zookeeper chooses: see docs/simulation.md
				continue
			}
			var before []string // the fingerprint of the run that tests share, if it had the same faults
			if exact || !m.crashes {
				before = append(before, ranOwn(t, recipe, seed).fingerprint)
			}
			tried++
			if !repeated(t, own(t, recipe, seed), exact, before...) {
				differ = append(differ, fmt.Sprintf("%s with seed %d", recipe, seed))
			}
		}
	}
	if exact && len(differ) > 0 || 5*len(differ) > tried {
		t.Errorf("%d of %d differ each time: %s", len(differ), tried, strings.Join(differ, ", "))
	} else if len(differ) > 0 {
		t.Logf("differ each time, as the runtime's choices do: %s", strings.Join(differ, ", "))
	}
}

// everyRun is the line that TestMixesRepeat logs in a binary with the overlay.
const everyRun = "every run has to repeat"

// withoutFreezes returns a schedule without its freezes.
func withoutFreezes(s plan.Schedule) (rest plan.Schedule) {
	for _, part := range s {
		var turns []plan.Turn
		for _, turn := range part.Turns {
			turn.Faults = slices.DeleteFunc(slices.Clone(turn.Faults), func(f faults.Fault) bool { return f.Kind() == kinds.Freeze.Name })
			if len(turn.Faults) > 0 {
				turns = append(turns, turn)
			}
		}
		if part.Turns = turns; len(turns) > 0 {
			rest = append(rest, part)
		}
	}
	return rest
}

// In the usual seeds it happens that a client acts on outdated knowledge of a znode: mutants that are wrong
// only then are found in several seeds. (Such mutants of groups are found in fewer seeds, because a free seat
// stays free until the next member comes.)
func TestMixesOutdateLooks(t *testing.T) {
	const several = 3
	for _, mutant := range []string{"lock/broken:looks-then-unlocks", "lock/broken:takes-over-its-lock"} {
		t.Run(mutant, func(t *testing.T) {
			recipe, subject, _ := strings.Cut(mutant, "/")
			w := must.Get(specimens.Named(recipe, subject))(t)
			x := usual(t, w)
			found, tried := 0, 0
			for ; x.Seed <= 50 && found < several; x.Seed++ {
				if !mixes[x.Seed%int64(len(mixes))].crashes {
					continue
				}
				o := must.Get(Simulate(t, x))(t)
				tried++
				if o.Result.Verdict == checker.Violation {
					found++
				}
			}
			if found < several {
				t.Errorf("found in %d of the %d seeds with crashes, of %d wanted", found, tried, several)
			}
		})
	}
}

// repeated reports whether two of five runs of the experiment's seed are the same, or two of two if the
// runtime makes no choices of its own. The fingerprints of runs made earlier are in before.
func repeated(t *testing.T, x experiment.Experiment, exact bool, before ...string) bool {
	t.Helper()
	most := 5
	if exact {
		most = 2
	}
	records := before
	for len(records) < most {
		record := simulated(t, x).Fingerprint()
		if slices.Contains(records, record) {
			return true
		}
		records = append(records, record)
	}
	return false
}

// Aimed runs have faults at many kinds of messages, and some of these runs have no expiry. The schedule of such a run
// names the messages at which the faults took effect, and a run with that schedule has the same faults again.
func TestAimedRuns(t *testing.T) {
	kinds := map[bool]map[string]bool{true: {}, false: {}}
	for _, seed := range []int64{5, 8, 15, 18} {
		o := simulated(t, own(t, models.Lock.Name, seed))
		took := tookAt(t, o.History)
		if len(took) < 15 {
			t.Errorf("seed %d: only %d faults: %v", seed, len(took), took)
		}
		for _, spec := range took {
			fault, _, _ := strings.Cut(spec, "@")
			kind, _, _ := strings.Cut(fault, ":")
			kinds[seed < 10][kind] = true
		}
		x := own(t, models.Lock.Name, seed)
		x.UsualFaults = false
		x.SessionTimeout, x.OpTimeout, x.Keys, x.MinLoad = o.Made.SessionTimeout, o.Made.OpTimeout, o.Made.Keys, -1
		var err error
		if x.Faults, err = engine.Given(o.Unkept.Stored().Schedule); err != nil {
			t.Fatal(err)
		}
		again := tookAt(t, simulated(t, x).History)
		if n := len(took); len(again) < n/2 || !slices.Equal(took[:3], again[:3]) {
			t.Errorf("seed %d: with its schedule %d of %d faults came again, first %v", seed, len(again), n, again[:3])
		}
	}
	for _, kind := range []string{"lose-reply", "lose-request", "late-request", "cut"} {
		if !kinds[true][kind] || !kinds[false][kind] {
			t.Errorf("no %s in one of the runs: %v", kind, kinds)
		}
	}
	if kinds[true]["expire"] == kinds[false]["expire"] {
		t.Errorf("sessions expire in both runs, or in none: %v", kinds)
	}
}

// tookAt lists the faults at messages that took effect.
func tookAt(t *testing.T, h *history.History) (specs []string) {
	t.Helper()
	for i := range h.Events {
		e := &h.Events[i]
		if e.Process != history.Nemesis {
			continue
		}
		var s history.FaultStep
		must.Do(t, e.Decode(&s))
		if s.Step == history.StepVerified && strings.Contains(s.Spec, "@") {
			specs = append(specs, s.Spec)
		}
	}
	return specs
}
