package gotests

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/mix"
	"github.com/zklab/zklab/internal/lab/pace"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/workloads"
)

// usualSeeds is the number of seeds that Simulate tries.
const usualSeeds = 50

// usualBudget is the default of zklab.Experiment.Budget.
const usualBudget = time.Minute

// Simulate runs an experiment as a test, in simulations; see zklab.Simulate.
func Simulate(t *testing.T, x experiment.Experiment) {
	t.Helper()
	x, seeds, err := forSimulation(x)
	if err != nil {
		t.Fatalf("zklab: %v", err)
	}
	s := begun(t, x, seeds, cmp.Or(x.Budget, usualBudget), "Experiment.Budget")
	if whole, err := x.CompleteSimulated(); err == nil && !x.UsualFaults { // else the first run fails
		s.asked = sweep.AskedOf(whole.Faults, whole.TimeLimit, false)
	} else if seeds > 1 {
		s.asked = &sweep.Asked{} // no single fault is required: the kinds of runs have different ones
	}
	x = s.oneOf(x)
	s.each(func(int) {
		if err := s.simulate(t, x); err != nil {
			if s.violated > 0 {
				s.tell(t, x)
			}
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
func begun(t *testing.T, x experiment.Experiment, seeds int, budget time.Duration, field string) *simulations {
	s := &simulations{seeds: seeds, gates: x.Gates}
	if x.Workload != nil { // else the first run fails
		if _, err := gates.ParseAll(s.gates, workloads.ModelOf(x.Workload), false); err != nil {
			t.Fatalf("zklab: %v", err)
		}
	}
	s.pace = pace.Begin(t, budget, field, x.Now, s.far)
	s.pace.Log(fmt.Sprintf("%s, %s", prose.Count(seeds, "simulation"), s.pace.AtMost()))
	return s
}

// oneOf returns the experiment for one of the runs.
func (s *simulations) oneOf(x experiment.Experiment) experiment.Experiment {
	x.OnLook, x.Gates = s.pace.Look, nil // gates judge all runs together
	x.Quick, x.CheckFor = true, func() time.Duration { return s.pace.CheckTime(s.seeds) }
	return x
}

// far says how far the test has come.
func (s *simulations) far() string {
	return fmt.Sprintf("%d of %s, %d violated", s.runs+s.unheld.count+len(s.cut), prose.Count(s.seeds, "simulation"), s.violated)
}

// each calls run for each seed, until there is a reason not to begin another one.
func (s *simulations) each(run func(i int)) {
	for i := range s.seeds {
		if i > 0 {
			if s.why = s.enough(); s.why != "" {
				s.left = s.seeds - i
				return
			}
		}
		run(i)
		s.pace.Look()
	}
}

// enough returns why no other seed may begin, or "".
func (s *simulations) enough() string {
	return cmp.Or(s.giveUp(s.runs), s.tooSlow(), failAlike(s.alike), s.pace.Over())
}

// mostAlike is the number of first runs after which no other run begins if all of them fail alike, since the
// subject then fails whatever happens.
const mostAlike = 10

// failAlike says that the first runs fail alike. It returns "" if they do not, or if there are too few.
func failAlike(a sweep.Alike) string {
	if a.Runs < mostAlike || len(a.Causes) == 0 {
		return ""
	}
	c := a.Causes[0]
	return fmt.Sprintf("the first %d failed alike (%s: %s)", a.Runs, c.Property, c.Shape)
}

// simulate runs one seed as a subtest, which does not fail if the run violates a property or gets stuck: the whole test does.
func (s *simulations) simulate(t *testing.T, x experiment.Experiment) (err error) {
	ran := false
	t.Run(fmt.Sprint("seed ", x.Seed), func(t *testing.T) {
		ran = true
		var o *experiment.Outcome
		o, err = mix.Simulate(t, x)
		err = s.take(x.Seed, o, err) // the parent test fails, and says why: a line for each seed would hide it
		if o != nil && o.Result.Verdict == checker.Violation {
			t.Logf("zklab: %s violated", strings.Join(o.Result.Violated(), ", "))
		}
	})
	if !ran {
		s.skipped++
	}
	return err
}

// errLeftOut reports a -run pattern that excludes the subtests.
var errLeftOut = errors.New("the pattern of go test -run excludes the simulations, which are subtests: leave out the part of the pattern for them")

// forSimulation fills in the defaults, and returns the number of seeds to try.
func forSimulation(x experiment.Experiment) (experiment.Experiment, int, error) {
	seeds := usualSeeds
	named, err := namedSeed()
	if err != nil {
		return x, 0, err
	}
	if named != 0 {
		seeds = 1
	}
	x.Seed = cmp.Or(named, x.Seed, 1)
	x, err = mix.Usual(x)
	return x, seeds, err
}

// SimulateIn simulates an experiment once, in a subtest; see zklab.SimulateIn.
func SimulateIn(t *testing.T, x experiment.Experiment) (o *experiment.Outcome, err error) {
	if x.Seed == 0 {
		x.Seed = experiment.DrawSeed()
	}
	err = errLeftOut
	t.Run(fmt.Sprint("seed ", x.Seed), func(t *testing.T) {
		err = errEnded
		o, err = x.Simulate(t.Context(), t)
	})
	if errors.Is(err, errLeftOut) {
		t.Fatalf("zklab: %v", err)
	}
	return o, err
}

// errEnded means that code in a simulation called a method that ends the test.
var errEnded = errors.New("the code under test ended the simulation's test")
