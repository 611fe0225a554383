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
)

// What [Simulate] does if nothing else is said.
const (
	simulatedSeeds    = 50
	simulatedRate     = 50
	simulatedInterval = time.Second // from one fault to the next
	simulatedLength   = 10 * time.Second
)

// Simulate runs an experiment as a test, in simulations: virtual time, in which seconds
// take milliseconds. Every field but Workload may be left out. Then 50 seeds are tried, with
// a fault of some kind every second and latencies that differ from even to very uneven, so
// that each run takes another course; Seed is the first of them. Where the experiment says
// nothing of faults, each seed also draws what its run is like: of ten seeds two have every
// kind of fault, two have none, in two nothing happens but that sessions end, in two clients
// crash, and freeze for longer than their sessions last, in one a server lags behind, and in one
// faults come at single messages. Three have one key, on which all clients meet, and time-outs
// differ. Of an ensemble of five servers or more one of the ten has servers paused and killed beside
// each other, as many at once as leave a majority.
//
// The test fails when a property is violated; it also fails when a third of the runs decided
// nothing. The smallest of the runs that failed is made smaller for some seconds, and the events that
// show the violation are told of what came of that: of a run in which something happened that must
// not (two clients held one lock) before one in which something did not (a client waited for ever).
// Both runs are stored, and the smaller one comes with a test that runs it alone. A failure names the seed and the command that runs it again, alone: the
// variable ZKLAB_SEED. That run is the same one, byte for byte, as far as docs/simulation.md says.
//
// It opens the bubbles of [testing/synctest] itself, so it must not be called in one. A
// recipe is to wait for nothing but channels, timers and its connection, as in [Test]. If it
// waits for something else, or spins, the simulation of that seed is stuck: after some seconds
// the test names the place in the code, goes on with the other seeds if it can, and fails unless
// AllowUnknown is set.
func Simulate(t *testing.T, x Experiment) {
	t.Helper()
	mixed := x.Faults == nil
	x, seeds, err := x.forSimulation()
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	var s simulations
	for i := range seeds {
		if s.giveUp() {
			s.left = seeds - i
			break
		}
		if err := s.simulate(t, x, mixed); err != nil {
			t.Fatalf("zklab: seed %d: the experiment could not be run: %v", x.Seed, err)
		}
		x.Seed++
	}
	if s.skipped == seeds {
		t.Fatalf("zklab: %v", errLeftOut)
	}
	s.tell(t, x)
}

// simulate runs one seed as a test of its own, which fails if it is violated, or stuck.
func (s *simulations) simulate(t *testing.T, x Experiment, mixed bool) (err error) {
	ran := false
	t.Run(fmt.Sprint("seed ", x.Seed), func(t *testing.T) {
		ran = true
		var o *Outcome
		o, err = x.simulateSeed(t, mixed)
		if o == nil && !x.AllowUnknown || o != nil && o.Result.Verdict == checker.Violation {
			t.Fail() // the test that it is a part of says why
		}
		err = s.take(x.Seed, o, err)
	})
	if !ran {
		s.skipped++
	}
	return err
}

// errLeftOut is of a pattern that names parts of a test which are none of its own.
var errLeftOut = errors.New("the pattern of go test -run leaves out the simulations, which are tests within this one: give it no part for them")

// forSimulation fills in what is left out, and gives how many seeds are to be tried.
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

// unevenly gives the usual ensemble a kind of latencies that follows from the seed.
func (x Experiment) unevenly() Experiment {
	if x.Ensemble == nil {
		spread := embedded.Spreads[int(uint64(x.Seed)%uint64(len(embedded.Spreads)))]
		x.Ensemble = embedded.Config{InMemory: true, Latency: usualLatency, Spread: spread}
	}
	return x
}

// simulations are what came of some seeds.
type simulations struct {
	runs, decided int
	violated      int
	skipped       int // that the pattern of go test leaves out
	properties    map[string]violatedIn
	smallest      *Outcome // of those that were violated
	undecided     *Outcome // the first one
	open          []string // why each of these was not decided
	operations    int
	looked        looked
	struck        struck
	unheld
}

// violatedIn is in how many runs a property was violated, and the smallest of these.
type violatedIn struct {
	runs     int
	smallest *Outcome
}

// smaller says that a run shows what is wrong better than another one, if there is one: by a violation
// that something happened before one that something never did, and then by fewer events.
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

// count counts each property that was violated, once.
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

// often says in how many runs each property was violated, and of those that the smallest run
// of all does not show, by which seed.
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

// howMany says how many of the simulations were violated.
func (s *simulations) howMany() string {
	return fmt.Sprintf("%d of %s %s violated", s.violated, prose.Count(s.runs, "simulation"), prose.Were(s.violated))
}

// tell fails the test, or says what passed.
func (s *simulations) tell(t *testing.T, x Experiment) {
	t.Helper()
	s.tellUnheld(t, x, s.runs)
	switch {
	case s.runs == 0:
		t.Log("zklab: no simulation was run to its end")
	case s.violated > 0:
		keepFailed(t, x, s.smallest)
		t.Errorf("zklab: %s (%s); %s", s.howMany(), s.often(), smallestText(t, s.smallest))
	case s.decided == 0 && !x.AllowUnknown:
		keepFailed(t, x, s.undecided)
		t.Errorf("zklab: nothing is violated, but nothing was decided either\n%s%s", undecidedText(s.undecided.Result), whereText(s.undecided))
	case mostOpen*len(s.open) >= s.runs && !x.AllowUnknown:
		keepFailed(t, x, s.undecided)
		t.Errorf("zklab: nothing is violated, but %d of %d simulations were not decided: too many for the others to show much\n%s%s", len(s.open), s.runs, s.whyOpen(), whereText(s.undecided))
	default:
		t.Logf("zklab: %s, %d valid, %d not decided, %s\n%s%s", prose.Count(s.runs, "simulation"), s.decided, s.runs-s.decided, prose.Count(s.operations, "operation"), s.whyOpen(), strings.TrimSuffix(goNames.Replace(s.looked.text(x.Workload.Name()))+"\n"+s.struck.text(), "\n"))
	}
}

// mostOpen is one of how many simulations may be undecided.
const mostOpen = 3

// whyOpen says of the first simulations that were not decided why, a line each.
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

// keepFailed writes a run to where failed tests keep theirs.
func keepFailed(t *testing.T, x Experiment, o *Outcome) {
	t.Helper()
	made, err := x.place(t)
	if err == nil {
		keep(t, made)
		o.replay = replayTest(o.Result.Seed, t.Name())
		err = o.Keep(x.Out)
	}
	if err != nil {
		t.Fatalf("zklab: the run of seed %d could not be kept: %v", o.Result.Seed, errors.Join(err, discard(made)))
	}
}
