package gotests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/internal/lab/experiment"
	"github.com/zklab/zklab/internal/lab/mix"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/subjects/broken"
	"github.com/zklab/zklab/workloads"
)

// The default seeds find a lock that goes wrong only if the session of a waiting client ends, and that
// has only its two methods.
func TestUsualSeedsMeetWaiters(t *testing.T) {
	x, _, err := forSimulation(experiment.Experiment{Config: engine.Config{Workload: workloads.Lock{New: broken.MissingIsFirst}}})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for range 10 {
		o := must.Get(mix.Simulate(t, x))(t)
		if slices.Contains(o.Result.Violated(), "grant") {
			found++
		}
		x.Seed++
	}
	if t.Logf("found by %d of 10 seeds", found); found == 0 {
		t.Error("not found")
	}
}

// The default seeds hit clients that hold and clients that wait, if the object has such clients, crash
// and freeze some of them, and also have faults at messages.
func TestUsualSeedsHitEverybody(t *testing.T) {
	for _, recipe := range []string{"barrier", "double-barrier", "lock", "membership", "queue", "two-phase-commit"} {
		t.Run(recipe, func(t *testing.T) {
			w := must.Get(specimens.Named(recipe, workloads.Own))(t)
			x, _, err := forSimulation(experiment.Experiment{Config: engine.Config{Workload: w}})
			if err != nil {
				t.Fatal(err)
			}
			var s simulations
			atMessages := 0
			for range 20 {
				o := must.Get(mix.Simulate(t, x))(t)
				s.add(o)
				for _, step := range o.Unkept.Stored().Schedule {
					if step.Point != "" {
						atMessages++
					}
				}
				x.Seed++
			}
			if s.violated > 0 || s.decided < 19 || atMessages < 20 {
				t.Errorf("%d violated, %d decided of 20, %d faults at messages", s.violated, s.decided, atMessages)
			}
			if e := s.met.Estimate(usualSeeds); e.Runs != 20 || e.Met < 100 || e.New <= 0 || !strings.Contains(s.sure(), "\nno violation in 20 runs: fewer than 1 run in 7 has one") {
				t.Errorf("%+v\n%s", e, s.sure())
			}
			for _, d := range doings {
				if hits := s.struck.kinds["expire"][d.state]; hits < 3 && s.struck.ever[d.state] {
					t.Errorf("expiries of clients that %s: %d", d.words, hits)
				}
			}
			if len(s.struck.kinds["crash"]) == 0 || len(s.struck.kinds["freeze"]) == 0 {
				t.Error(s.struck.text())
			}
		})
	}
}

// An object without holds has no holders: faults hit who had written last.
func TestHitsOfWriters(t *testing.T) {
	for want, model := range map[string]string{
		"faults hit clients that had written last 1 time": models.Counter.Name,
		"faults hit clients that held 1 time":             models.Lock.Name,
	} {
		var s struck
		s.add(&experiment.Outcome{History: historytest.New(model).History()})
		s.kinds, s.ever = map[string]map[string]int{"expire": {faults.Holding: 1}}, map[string]bool{faults.Holding: true}
		if got := s.text(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// violates adds a run with violations.
func (s *simulations) violates(seed int64, events int, violated ...string) {
	o := &experiment.Outcome{History: &history.History{Events: make([]history.Event, events)}, Result: &store.Result{Recipe: models.Lock.Name, Seed: seed, Verdict: checker.Violation}}
	for _, p := range violated {
		o.Result.Verdicts = append(o.Result.Verdicts, checker.Verdict{Property: p, Result: checker.Violation})
	}
	s.add(o)
}

// Each violated property is reported with a seed that shows it, except those that the shown run violates.
func TestEachPropertyHasASeed(t *testing.T) {
	var s simulations
	s.violates(1, 50, "exclusion", "progress")
	s.violates(2, 40, "exclusion", "progress")
	s.violates(3, 10, "progress")
	s.violates(4, 60, "exclusion")
	s.violates(5, 70, "grant", "progress")
	got, want := s.often(), "exclusion in 3; grant in 1, smallest with ZKLAB_SEED=5; progress in 4"
	if property, smallest := s.told(); got != want || property != "exclusion" || smallest.Result.Seed != 2 || s.violated != 5 {
		t.Errorf("%q, want %q; the smallest is %d of %d, with %s", got, want, smallest.Result.Seed, s.violated, property)
	}
}

// The runs that can be shown instead of the smallest one are the next larger ones, the first of each size first.
func TestOthersAreLarger(t *testing.T) {
	var s simulations
	for i, size := range []int{50, 40, 40, 70, 45} {
		s.violates(int64(1+i), size, "exclusion")
	}
	in, seeds := s.properties["exclusion"], []int64{}
	for _, o := range append([]*experiment.Outcome{in.smallest}, in.others...) {
		seeds = append(seeds, o.Result.Seed)
	}
	if !slices.Equal(seeds, []int64{2, 3, 5}) || in.runs != 5 {
		t.Errorf("seeds %v of %d runs", seeds, in.runs)
	}
}

// A failed test shrinks the run that it shows, and names the others.
func TestNotShrunk(t *testing.T) {
	s := &simulations{wrong: []string{"3"}}
	shown := &experiment.Outcome{Result: &store.Result{Seed: 3}}
	if got := s.notShrunk(shown); got != "" {
		t.Error(got)
	}
	for seed := 4; seed < 16; seed++ {
		s.wrong = append(s.wrong, fmt.Sprint(seed))
	}
	const want = "\n  not shrunk: the violated runs of the other seeds 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 2 more\n"
	if got := s.notShrunk(shown); got != want {
		t.Errorf("%q", got)
	}
}

// The property that most runs violate is shown first, but safety before liveness unless it is rare.
func TestToldFirst(t *testing.T) {
	for _, tt := range []struct {
		want string
		seed int64
		runs [][]string
	}{
		{"progress", 2, [][]string{{"exclusion", "progress"}, {"progress"}, {"progress"}, {"progress"}}},
		{"progress", 3, [][]string{{"exclusion"}, {"progress", "exclusion"}, {"progress"}, {"progress"}, {"progress"}, {"progress"}, {"progress"}, {"progress"}}},
		{"exclusion", 1, [][]string{{"exclusion"}, {"progress"}, {"progress"}}},
		{"grant", 2, [][]string{{"exclusion", "grant"}, {"grant"}, {"progress"}, {"progress"}, {"progress"}, {"progress"}}},
		{"exclusion", 1, [][]string{{"exclusion", "grant", "progress"}}},
		{"progress", 1, [][]string{{"progress"}}},
	} {
		s := simulations{looked: looked{names: []string{"exclusion", "grant", "progress"}}}
		for i, violated := range tt.runs {
			s.violates(int64(i+1), 100*len(violated)+i, violated...)
		}
		if property, smallest := s.told(); property != tt.want || smallest.Result.Seed != tt.seed {
			t.Errorf("%v: %s with seed %d, want %s with seed %d", tt.runs, property, smallest.Result.Seed, tt.want, tt.seed)
		}
	}
}

// A test names fields of an experiment in place of the command line's flags.
func TestUndecidedNamesFields(t *testing.T) {
	const short = "a pause is too short for an election; set --fault-interval to 5s or more"
	text := undecidedText(&store.Result{Warnings: []string{short, "no fault was injected; use a longer --time-limit or a shorter --fault-interval"}})
	if strings.Contains(text, "--") || !strings.Contains(text, "set interval of Faults to 5s") || !strings.Contains(text, "a longer TimeLimit or a shorter interval of Faults") {
		t.Error(text)
	}
}

// The number of violated simulations is reported with the right grammar.
func TestHowMany(t *testing.T) {
	for want, s := range map[string]simulations{
		"1 of 1 simulation was violated":    {violated: 1, runs: 1},
		"1 of 50 simulations was violated":  {violated: 1, runs: 50},
		"2 of 50 simulations were violated": {violated: 2, runs: 50},
	} {
		if got := s.howMany(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The reasons of the first undecided runs are reported.
func TestWhyRunsWereNotDecided(t *testing.T) {
	var s simulations
	for seed := range int64(5) {
		s.add(&experiment.Outcome{History: &history.History{}, Result: &store.Result{Seed: seed, Verdict: checker.Unknown, Verdicts: []checker.Verdict{{Property: "exclusion", Result: checker.Unknown, Reason: "too little contention"}}}})
	}
	want := "not decided: seed 0: exclusion: too little contention\nnot decided: seed 1: exclusion: too little contention\nnot decided: seed 2: exclusion: too little contention\nand 2 others\n"
	if got := s.whyOpen(); got != want {
		t.Errorf("%q", got)
	}
}

// A subject that panics in a simulated process answers with the panic, like a subject in the test's own
// process, and ends neither the run nor the test.
func TestPanicsInPlayedProcesses(t *testing.T) {
	x, _, err := forSimulation(experiment.Experiment{Config: engine.Config{Workload: workloads.Discovery{New: broken.PanicsWhenEmpty}}})
	if err != nil {
		t.Fatal(err)
	}
	x.PlayProcesses = true
	for x.Seed = 1; x.Seed <= 10; x.Seed++ {
		o := must.Get(mix.Simulate(t, x))(t)
		for _, v := range o.Result.Decisive(checker.Violation) {
			if v.Property == "no-panic" && strings.Contains(v.Reason, "discovery.go:") {
				return
			}
			t.Logf("%s: %s", v.Property, v.Reason)
		}
	}
	t.Error("no seed shows that it panics, and where")
}
