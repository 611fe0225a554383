package zklab

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/stats"
)

// Defaults of [Simulate].
const (
	simulatedSeeds    = 50
	simulatedRate     = 50
	simulatedInterval = time.Second // from one fault to the next
	simulatedLength   = 10 * time.Second
)

// Simulate runs an experiment as a test, in simulations: in virtual time, in which seconds take
// milliseconds. Every field except Workload is optional. By default, Simulate tries 50 seeds, from
// Seed on, with a fault every second and with latencies from even to very uneven, so that each run
// takes a different course.
//
// If Faults is nil, each seed also draws the kind of run. Of ten seeds, two have every kind of
// fault, two have no faults, two have only session expiries, two have clients that crash and that
// freeze for longer than their sessions last, one has a lagging server, and one has faults at
// single messages. In the two with crashes, clients also freeze between an answer that shows them a
// znode of their own and what they do next, until another client's znode stands there. In three of
// the ten, all clients use one key. Timeouts differ. With five servers or more, one of the ten
// pauses and kills several servers at once, always leaving a majority.
//
// The test fails when a run violates a property. It also fails when a third of the runs decided
// nothing. Simulate shrinks the smallest failed run for some seconds and shows the events that
// prove the violation. It prefers violations of safety (two clients held one lock) to violations of
// liveness (a client waited for ever). Both the original and the shrunk run are stored, the shrunk
// one with a Go test that repeats it. A failure names the seed and the command that repeats it
// alone: the variable ZKLAB_SEED. The repeated run is the same, byte for byte, under the conditions
// in docs/simulation.md.
//
// Simulate begins no other seed when the first ten failed alike, or when its time is over (see
// [Experiment.Budget]). The test then says how many seeds were not begun, and is judged by the others.
// Every ten seconds of real time it says how far it has come: in the test's log with -v, else on
// standard error, which "go test" without a package shows at once.
//
// Simulate opens the bubbles of [testing/synctest] itself, so it must not be called inside one. The
// recipe may wait only for channels, timers and its connection, as for [Test]. If it waits for
// anything else, or spins, the simulation of that seed gets stuck. After some seconds the test then
// names the place in the code, continues with the other seeds if possible, and fails unless
// AllowUnknown is set.
func Simulate(t *testing.T, x Experiment) {
	t.Helper()
	mixed := x.Faults == nil
	x, seeds, err := x.forSimulation()
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	s := begun(t, x, seeds, x.budget(), "Experiment.Budget")
	x.onLook, x.Gates = s.pace.look, nil // all runs together are judged by them
	s.each(func(int) {
		if err := s.simulate(t, x, mixed); err != nil {
			t.Fatalf("zklab: seed %d: the experiment could not be run: %v", x.Seed, err)
		}
		x.Seed++
	})
	if s.skipped == seeds {
		t.Fatalf("zklab: %v", errLeftOut)
	}
	s.tell(t, x)
}

// begun returns the simulations of a test that is about to begin.
func begun(t *testing.T, x Experiment, seeds int, budget time.Duration, field string) *simulations {
	s := &simulations{seeds: seeds, gates: x.Gates}
	if x.Workload != nil { // else the first run fails
		if _, err := stats.ParseGates(s.gates, x.Workload.Name(), false); err != nil {
			t.Fatalf("zklab: %v", err)
		}
	}
	s.pace = x.pace(t, budget, field, s.far)
	s.pace.log(fmt.Sprintf("%s, %s", prose.Count(seeds, "simulation"), s.pace.atMost()))
	return s
}

// far says how far the test has come.
func (s *simulations) far() string {
	return fmt.Sprintf("%d of %s, %d violated", s.runs+s.unheld.count, prose.Count(s.seeds, "simulation"), s.violated)
}

// each calls run for each seed, until there is a reason to begin no other one.
func (s *simulations) each(run func(i int)) {
	for i := range s.seeds {
		if i > 0 {
			if s.why = s.enough(); s.why != "" {
				s.left = s.seeds - i
				return
			}
		}
		run(i)
		s.pace.look()
	}
}

// enough returns why no other seed may begin, or "".
func (s *simulations) enough() string {
	return cmp.Or(s.giveUp(), failAlike(s.alike), s.pace.over())
}

// mostAlike is the number of runs that fail alike after which no other one begins, if they are the
// first: they fail whatever happens.
const mostAlike = 10

// failAlike says that the first runs fail alike. It returns "" if they do not, or are too few.
func failAlike(a sweep.Alike) string {
	if a.Runs < mostAlike || len(a.Causes) == 0 {
		return ""
	}
	c := a.Causes[0]
	return fmt.Sprintf("the first %d failed alike (%s: %s)", a.Runs, c.Property, c.Shape)
}

// simulate runs one seed as a subtest, which fails if the run violates a property or gets stuck.
func (s *simulations) simulate(t *testing.T, x Experiment, mixed bool) (err error) {
	ran := false
	t.Run(fmt.Sprint("seed ", x.Seed), func(t *testing.T) {
		ran = true
		var o *Outcome
		o, err = x.simulateSeed(t, mixed)
		if o == nil && !x.AllowUnknown || o != nil && o.Result.Verdict == checker.Violation {
			t.Fail() // the parent test says why
		}
		err = s.take(x.Seed, o, err)
	})
	if !ran {
		s.skipped++
	}
	return err
}

// errLeftOut reports a -run pattern that excludes the subtests.
var errLeftOut = errors.New("the pattern of go test -run excludes the simulations, which are subtests: leave out the part of the pattern for them")

// forSimulation fills in the defaults, and returns the number of seeds to try.
func (x Experiment) forSimulation() (Experiment, int, error) {
	seeds := simulatedSeeds
	named, err := namedSeed()
	if err != nil {
		return x, 0, err
	}
	if named != 0 {
		x.Seed, seeds = named, 1
	}
	x.usualFaults, x.usualRate = x.Faults == nil, x.Rate == 0
	defaultTo(&x.Seed, 1)
	defaultTo(&x.Rate, simulatedRate)
	if x.Faults == nil {
		x.Faults, err = plan.Parse("all", simulatedInterval)
		defaultTo(&x.TimeLimit, simulatedLength)
	} else {
		defaultTo(&x.MinLoad, sweptLoad)
	}
	return x, seeds, err
}

// unevenly gives the default ensemble a kind of latencies that depends on the seed.
func (x Experiment) unevenly() Experiment {
	if x.Ensemble == nil {
		spread := embedded.Spreads[int(uint64(x.Seed)%uint64(len(embedded.Spreads)))]
		x.Ensemble = embedded.Config{InMemory: true, Latency: usualLatency, Spread: spread}
	}
	return x
}

// simulations sums up the runs of some seeds.
type simulations struct {
	seeds         int    // to try
	left          int    // of them, not begun
	why           string // why they were not
	pace          *pace
	alike         sweep.Alike
	runs, decided int
	violated      int
	skipped       int // excluded by the pattern of go test -run
	properties    map[string]violatedIn
	smallest      *Outcome // of the runs with a violation
	undecided     *Outcome // the first one
	open          []string // why each undecided run was not decided
	operations    int
	looked        looked
	gates         []string
	samples       stats.Samples
	struck        struck
	unheld
}

// violatedIn is the number of runs that violated a property, and the smallest of them.
type violatedIn struct {
	runs     int
	smallest *Outcome
}

// smaller reports whether o shows a defect better than another run, which may be nil: first by
// violating safety rather than liveness, then by having fewer events.
func (o *Outcome) smaller(than *Outcome) bool {
	if than == nil {
		return true
	}
	stuck := func(o *Outcome) int {
		if checker.Liveness(o.Result.Recipe, o.shown().Property) {
			return 1
		}
		return 0
	}
	return cmp.Or(stuck(o)-stuck(than), len(o.History.Events)-len(than.History.Events)) < 0
}

func (s *simulations) add(o *Outcome) {
	s.runs++
	s.operations += o.Result.Stats.Operations
	s.looked.add(o.Result)
	s.samples.Merge(o.Result.Stats.Samples)
	s.alike.Add(sweep.CausesOf(o.Result, o.History))
	s.struck.add(o)
	switch o.Result.Verdict {
	case checker.Valid:
		s.decided++
	case checker.Violation:
		s.decided++
		s.violated++
		s.count(o)
		if o.smaller(s.smallest) {
			s.smallest = o
		}
	default:
		if s.undecided == nil {
			s.undecided = o
		}
		why, _, _ := strings.Cut(strings.TrimSpace(undecidedText(o.Result)), "\n")
		s.open = append(s.open, fmt.Sprintf("seed %d: %s", o.Result.Seed, why))
	}
}

// count counts each violated property of a run once.
func (s *simulations) count(o *Outcome) {
	if s.properties == nil {
		s.properties = map[string]violatedIn{}
	}
	for _, name := range o.Result.Violated() {
		in := s.properties[name]
		in.runs++
		if in.smallest == nil || len(o.History.Events) < len(in.smallest.History.Events) {
			in.smallest = o
		}
		s.properties[name] = in
	}
}

// often says how many runs violated each property, and names a seed for each property that the
// smallest run does not violate.
func (s *simulations) often() string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(s.properties)) {
		in := s.properties[name]
		text := fmt.Sprintf("%s in %d", name, in.runs)
		if !slices.Contains(s.smallest.Result.Violated(), name) {
			text += fmt.Sprintf(", smallest with ZKLAB_SEED=%d", in.smallest.Result.Seed)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

// howMany says how many simulations had a violation.
func (s *simulations) howMany() string {
	return fmt.Sprintf("%d of %s %s violated", s.violated, prose.Count(s.runs, "simulation"), prose.Were(s.violated))
}

// tell fails the test, or logs what passed.
func (s *simulations) tell(t *testing.T, x Experiment) {
	t.Helper()
	s.tellUnheld(t, x, s.runs)
	if s.left > 0 {
		t.Logf("zklab: %s", s.notBegun())
	}
	switch {
	case s.runs == 0:
		t.Log("zklab: no simulation ran to its end")
	case s.violated > 0:
		keepFailed(t, x, s.smallest)
		t.Errorf("zklab: %s (%s); %s", s.howMany(), s.often(), smallestText(t, s.smallest))
	case s.decided == 0 && !x.AllowUnknown:
		keepFailed(t, x, s.undecided)
		t.Errorf("zklab: nothing was violated, but nothing was decided either\n%s%s", undecidedText(s.undecided.Result), whereText(s.undecided))
	case mostOpen*len(s.open) >= s.runs && !x.AllowUnknown:
		keepFailed(t, x, s.undecided)
		t.Errorf("zklab: nothing was violated, but %d of %d simulations were undecided, which is too many\n%s%s", len(s.open), s.runs, s.whyOpen(), whereText(s.undecided))
	default:
		t.Logf("zklab: %s, %d valid, %d not decided, %s\n%s%s", prose.Count(s.runs, "simulation"), s.decided, s.runs-s.decided, prose.Count(s.operations, "operation"), s.whyOpen(), strings.TrimSuffix(goNames.Replace(s.looked.text(x.Workload.Name()))+"\n"+s.struck.text(), "\n"))
	}
	s.judgeGates(t, x)
	if s.left > 0 && !t.Failed() {
		s.pace.sayAside(s.notBegun())
	}
}

// judgeGates judges the samples of all runs. It says nothing if a run violated a property.
func (s *simulations) judgeGates(t *testing.T, x Experiment) {
	t.Helper()
	if gates, err := stats.JudgeGates(s.gates, x.Workload.Name(), &s.samples); err != nil {
		t.Errorf("zklab: %v", err)
	} else if s.violated == 0 && !x.keepsGates(gates) {
		t.Errorf("zklab: %s", gatesText(gates))
	}
}

// notBegun says how many seeds were not begun, and why.
func (s *simulations) notBegun() string {
	return fmt.Sprintf("%s not begun, since %s", seedsWere(s.left), s.why)
}

// mostOpen is the share of simulations, as one in so many, that fails the test if they are
// undecided.
const mostOpen = 3

// whyOpen says why the first undecided simulations were not decided, one line each.
func (s *simulations) whyOpen() string {
	const most = 3
	var b strings.Builder
	for _, why := range s.open[:min(most, len(s.open))] {
		fmt.Fprintf(&b, "not decided: %s\n", why)
	}
	if more := len(s.open) - most; more > 0 {
		fmt.Fprintf(&b, "and %d others\n", more)
	}
	return b.String()
}

// keepFailed writes a run to the place where failed tests keep their runs.
func keepFailed(t *testing.T, x Experiment, o *Outcome) {
	t.Helper()
	made, err := x.place(t)
	if err == nil {
		keep(t, made)
		o.replay = replayTest(o.Result.Seed, t.Name())
		err = o.Keep(x.Out)
	}
	if err != nil {
		t.Fatalf("zklab: cannot store the run of seed %d: %v", o.Result.Seed, errors.Join(err, discard(made)))
	}
}
