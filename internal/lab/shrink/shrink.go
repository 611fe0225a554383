package shrink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

// Runner runs an experiment once. Its outcome is kept while the run is the smallest one. An error
// means that there was no run.
type Runner func(ctx context.Context, x store.Experiment) (Outcome, error)

// Outcome is the outcome of one run.
type Outcome struct {
	Causes   []sweep.Cause       // the causes of the violations
	Unknown  map[string]string   // why properties were not decided, by property
	Arrivals []workloads.Arrival // the arrivals that took place, in any order
	Hit      map[int][]int       // clients that each step of the schedule hit, from 1
	// Shown is when the last event that shows the violation happened; 0 if that is not known. Came is when each step
	// of the schedule began, by the step's number from 1; steps that did not begin are missing.
	Shown time.Duration
	Came  map[int]time.Duration
	// Keep is called before the next run begins if this run is the smallest so far, and Drop if it
	// is not. Both may be nil.
	Keep, Drop func()
}

// Config tells what to shrink, and how.
type Config struct {
	Run Runner
	// From is the experiment. A smaller run must have a violation with a cause that Cause covers
	// ([sweep.Cause.Covers]).
	From  store.Experiment
	Cause sweep.Cause
	// Times is how often an experiment is run, at most, until it fails; 0 means once, which is
	// enough in simulations.
	Times int
	// Runs bounds the number of runs, not counting those that find out what mattered; 0 means
	// [UsualRuns]. For bounds the time in which all runs begin; 0 means no bound.
	Runs int
	For  time.Duration
	// Progress, unless it is nil, is called after each run.
	Progress func(Progress)
}

// UsualRuns is the default of Config.Runs, which is enough for nearly all findings.
const UsualRuns = 2000

// Progress describes how far shrinking has come.
type Progress struct {
	Doing    string // what Shrink tries to leave out
	Runs     int
	From, To Size
}

// Why there is no smaller run.
var (
	// ErrNotAgain means that the violation did not happen again.
	ErrNotAgain = errors.New("it was not violated again")
	// ErrNotDecided means that the run was repeated, and its checks did not decide the property.
	ErrNotDecided = errors.New("it was not decided when the run was repeated")
	// ErrNoRun means that the original experiment could not be run at all.
	ErrNoRun = errors.New("it could not be run")
)

// Shrink returns the smallest experiment that it found. The end of ctx is not an error once the first
// run has failed as it should: the report says how far Shrink came.
func Shrink(ctx context.Context, c Config) (Report, error) {
	c.Times, c.Runs = max(c.Times, 1), cmp.Or(c.Runs, UsualRuns)
	s := &shrinker{Config: c, ctx: ctx, began: time.Now(), seen: map[string]bool{}}
	err := s.begin()
	if err != nil {
		return s.report, err
	}
	s.untilNothingMore()
	s.report.Ended = s.why()
	s.report.Shrunk, s.report.To = s.best, sizeOf(s.best, s.begun)
	s.whatMattered()
	s.report.Took = time.Since(s.began)
	return s.report, nil
}

// shrinker is the state of one call of Shrink.
type shrinker struct {
	Config
	ctx   context.Context
	began time.Time
	best  store.Experiment
	begun []workloads.Arrival // the arrivals in the run of best
	hit   map[int][]int       // the clients that each step hit in that run
	shown time.Duration       // when the violation was shown in that run
	came  map[int]time.Duration
	round int // the number of the present round of passes, from 1
	// anewWith is one more than the number of faults with which small loads were tried last.
	anewWith int
	whole    bool // the original experiment runs
	// otherwise means that the last run violated the property in another way.
	otherwise bool
	unknown   map[string]string // Outcome.Unknown of the last run that did not fail
	took      time.Duration     // how long the run of best took
	seen      map[string]bool   // the experiments that were tried
	doing     string
	report    Report
}

// begin runs the original experiment, with its schedule as single steps.
func (s *shrinker) begin() error {
	s.doing = "the whole"
	x := s.From
	// Faults are numbered in this order, so that the number of a fault is the number of its step.
	x.Schedule = slices.SortedStableFunc(slices.Values(x.Schedule), func(a, b store.Scheduled) int { return cmp.Compare(a.At, b.At) })
	if x.Faults = nil; x.MinLoad == nil || *x.MinLoad > 0 { // a small run does not have that much load
		none := 0
		x.MinLoad = &none
	}
	s.whole = true
	failed := s.fails(x)
	s.whole = false
	if failed {
		s.best, s.report.From = x, sizeOf(x, s.begun)
		return nil
	}
	switch why := s.unknown[s.Cause.Property]; {
	case s.ctx.Err() != nil:
		return fmt.Errorf("interrupted, and nothing is smaller yet: %w", context.Cause(s.ctx))
	case s.report.NotRun > 0:
		return fmt.Errorf("%w: %w", ErrNoRun, s.report.Last)
	case s.otherwise:
		return fmt.Errorf("%w in the same way: %s", ErrNotAgain, s.Cause.Property)
	case why != "":
		return fmt.Errorf("%w: %s: %s", ErrNotDecided, s.Cause.Property, why)
	}
	return fmt.Errorf("%w: %s", ErrNotAgain, s.Cause.Property)
}

// pass is one way to make a run smaller.
type pass struct {
	doing string
	do    func(*shrinker)
}

var passes = []pass{
	{"what came after the violation", (*shrinker).later},
	{"faults", (*shrinker).faults},
	{"whom faults hit", (*shrinker).whom},
	{"all but a small load", (*shrinker).anew},
	{"time", (*shrinker).time}, // before the passes that leave out work of clients, since it makes all later runs shorter
	{"clients", (*shrinker).clients},
	{"arrivals", (*shrinker).arrivals},
	{"keys", (*shrinker).keys},
	{"servers", (*shrinker).servers},
	{"time", (*shrinker).time},
	{"latencies", (*shrinker).latencies},
}

// untilNothingMore repeats rounds of all passes as long as a round removes something: with fewer
// clients, a fault may be left out that could not be before.
func (s *shrinker) untilNothingMore() {
	for before := (store.Experiment{}); !s.over() && !reflect.DeepEqual(before, s.best); {
		before = s.best
		s.round++
		for _, p := range passes {
			s.doing = p.doing
			p.do(s)
		}
	}
}

// over reports whether no more runs may begin.
func (s *shrinker) over() bool { return s.why() != "" }

func (s *shrinker) why() End {
	switch {
	case s.timeIsUp(s.toTell()):
		return TimeIsUp
	case s.ctx.Err() != nil:
		return Interrupted
	case s.report.Runs >= s.Runs:
		return RunsAreUp
	}
	return ""
}

// timeIsUp reports whether so much of the time is left, or less.
func (s *shrinker) timeIsUp(left time.Duration) bool {
	return s.For > 0 && time.Since(s.began)+left >= s.For
}

// toTell returns how long the runs that find out what mattered will take, which is at most half of the time.
func (s *shrinker) toTell() time.Duration {
	return min(s.took*time.Duration(len(s.best.Schedule)*s.Times), s.For/2)
}

// try runs an experiment, unless it was tried before, and makes it the smallest one if it fails.
func (s *shrinker) try(x store.Experiment) bool {
	key := fmt.Sprintf("%+v", x) // Seed and MinLoad are printed as pointers, and never change
	if s.over() || s.seen[key] {
		return false
	}
	s.seen[key] = true
	if !s.fails(x) {
		return false
	}
	s.best = x
	return true
}

// fails runs an experiment up to Times times, and reports whether it failed.
func (s *shrinker) fails(x store.Experiment) bool {
	for range s.Times {
		if s.report.Runs > 0 && s.over() {
			return false
		}
		began := time.Now()
		o, err := s.Run(s.ctx, x)
		s.report.Runs++
		if err != nil {
			if s.ctx.Err() == nil {
				s.report.NotRun, s.report.Last = s.report.NotRun+1, err
			}
			continue
		}
		same := s.covers(o.Causes)
		if same {
			s.begun, s.hit, s.shown, s.came, s.took = o.Arrivals, o.Hit, o.Shown, o.Came, time.Since(began)
			call(o.Keep)
		} else {
			s.unknown = o.Unknown
			call(o.Drop)
		}
		s.tell(x, same)
		if same {
			return true
		}
	}
	return false
}

// covers reports whether a run with these causes counts as the same violation. The original run does if it violates
// the same property, even by another counterexample: how small that is depends on how long the checks may take.
// What is smaller then must have the cause that it had.
func (s *shrinker) covers(causes []sweep.Cause) bool {
	if slices.ContainsFunc(causes, s.Cause.Covers) {
		return true
	}
	at := slices.IndexFunc(causes, func(c sweep.Cause) bool { return c.Property == s.Cause.Property })
	if s.whole && at >= 0 && s.From.Simulate { // in real time it may be another mistake
		s.Cause = causes[at]
		return true
	}
	s.otherwise = at >= 0
	return false
}

func call(f func()) {
	if f != nil {
		f()
	}
}

func (s *shrinker) tell(x store.Experiment, smaller bool) {
	if s.report.From == (Size{}) {
		s.report.From = sizeOf(x, s.begun)
	}
	if smaller {
		s.report.To = sizeOf(x, s.begun)
	}
	if s.Progress != nil {
		s.Progress(Progress{Doing: s.doing, Runs: s.report.Runs, From: s.report.From, To: s.report.To})
	}
}
