package explore

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/link"
)

// The defaults of a scenario: small enough to try each of its messages, with few enough keys that
// clients contend, and with time for everything that a fault makes clients wait for.
const (
	UsualClients = 3
	UsualOps     = 3
	UsualKeys    = 1
	UsualRate    = 300
	UsualLength  = time.Minute
)

// Runner runs the scenario once with a schedule. The error says why there was no run.
type Runner func(ctx context.Context, s plan.Schedule) (Outcome, error)

// Outcome is the outcome of one run.
type Outcome struct {
	// Points are the messages that passed, in any order. Only runs with at most one fault have them.
	Points []link.Point
	// Messages are the same messages with their contents, and the moments after them, in their order. Only
	// runs with at most one fault have them; without them, each round of a loop is tried.
	Messages []link.Message
	// Done is a hash of the outcomes of each client's operations, without times. Runs with at most one
	// fault have it.
	Done uint64
	// Exact means that a run with the same schedule repeats this one exactly. Only then can runs imply the
	// outcomes of pairs.
	Exact bool
	// Broken lists the promises that were broken.
	Broken []string
	// Causes lists the causes of what is broken.
	Causes []sweep.Cause
	// Missed means that a fault of the schedule found no target.
	Missed bool
	// Struck counts what the faults did.
	Struck sweep.Struck
	// Unchecked holds the properties that could not be checked, with the reasons.
	Unchecked map[string]string
	// Header is the header of the history. Only the run without a fault has it.
	Header history.Header
	// Verdicts holds all verdicts on the run.
	Verdicts []checker.Verdict
}

// Config describes an exploration.
type Config struct {
	// Each of the Runners performs one run at a time, so there are as many concurrent runs. The
	// report does not depend on their number.
	Runners []Runner
	// Faults are tried at each message where they can be injected.
	Faults []Choice
	// Kinds lists the kinds of faults that are to be tried alone; nil: all.
	Kinds    []string
	declared history.Declared // the declaration of the histories' objects, if zklab does not know them
	// Strict means that violations of measured properties also count.
	Strict bool
	// First ends the exploration with the first finding.
	First bool
	// Singles leaves the pairs out.
	Singles bool
	// MostPairs bounds the pairs that are tried; 0 means all. With a bound, no pairs are tried once
	// a single fault has broken a promise.
	MostPairs int
	// Shard is the part of the pairs that is tried; the zero value is all of them. Single faults are tried
	// in each shard, since the pairs follow from them.
	Shard sweep.Shard
	// From is how far the same exploration came before; nil if it is a new one. If single faults now
	// have other outcomes, the exploration begins again.
	From *State
	// Keep, unless it is nil, is called now and then and at the end with how far the exploration
	// has come.
	Keep func(State) error
	// Begins, unless it is nil, is called with the schedule of each run before the run begins, some
	// runs ahead if there are several runners.
	Begins func(plan.Schedule)
	// Listed, unless it is nil, is called with what there is to try before the first fault is
	// tried.
	Listed func(Report)
	// Progress, unless it is nil, is called after each run with what is known so far.
	Progress func(Report)
	// Enough, unless it is nil, is called before each run with a fault. If it returns a reason, the
	// exploration ends, and the report has the reason.
	Enough func(Report) (reason string)
}

// Choice is a fault to try, before or after a message is passed on.
type Choice struct {
	Fault faults.Fault
	After bool
	Lasts time.Duration // at most; 0 is a second
}

// Usual returns the faults of a setting that can be tried: each request lost, each reply lost, each
// watch event late, each connection cut before and after, each session expired, each client frozen
// until its session is over, each client crashed, the server of each connection killed, and the leader
// killed. session is the timeout of sessions.
func Usual(s faults.Setting, session time.Duration) (all []Choice) {
	for _, c := range []Choice{
		{Fault: faults.LoseRequest{}},
		{Fault: faults.LoseReply{}},
		{Fault: faults.LateEvent{}},
		{Fault: faults.Cut{}},
		{Fault: faults.Cut{}, After: true},
		{Fault: faults.Expire{}},
		{Fault: faults.Freeze{}, Lasts: session + session/2},
		{Fault: faults.Crash{}},
		{Fault: faults.Kill{}},
		{Fault: faults.Kill{Nodes: faults.Leader}},
	} {
		if c.Fault.Available(s) == nil {
			all = append(all, c)
		}
	}
	return all
}

// Explore tries single faults and then pairs until all were tried or ctx ends, which is no error:
// the report says how far it came. It returns only errors of runners.
func Explore(ctx context.Context, c Config) (Report, error) {
	e := newExplorer(ctx, c)
	err := e.explore()
	if ctx.Err() != nil || errors.Is(err, errEnough) {
		err = nil // the end of ctx, or enough findings, ended the exploration: that is no error
		e.report.NotRun = e.points == nil && len(e.report.Always) == 0
	}
	return e.decided(), errors.Join(err, e.keep())
}

// newExplorer returns an exploration that has not begun.
func newExplorer(ctx context.Context, c Config) *explorer {
	if c.Kinds != nil {
		c.Faults = slices.DeleteFunc(slices.Clone(c.Faults), func(f Choice) bool { return !slices.Contains(c.Kinds, f.Fault.Kind()) })
	}
	e := &explorer{Config: c, ctx: ctx, guilty: map[link.Point][]string{}, then: map[single][]link.Point{}, listed: fnv.New64a()}
	e.report.Only = c.Kinds
	if !c.Shard.Whole() {
		e.report.Shard = c.Shard.String()
	}
	return e
}

// explorer is one exploration under way.
type explorer struct {
	Config
	ctx     context.Context
	report  Report
	header  history.Header // of all histories
	pool    *pool          // the runs with at most one fault
	paired  *pool          // the runs with two faults
	points  []link.Point
	loops   map[link.Point]bool // points that only repeat other points
	rules   *rules
	singles []single                // to be tried
	guilty  map[link.Point][]string // faults that alone break a promise, by point
	then    map[single][]link.Point // points that exist only after a single
	inAll   int                     // pairs of all shards
	listed  hash.Hash64             // hashes the outcomes of the singles
	left    Implied                 // the implied pairs after the last pair that is run
	unkept  int                     // runs since Keep was called
}

// attempt holds the faults of one run of the scenario.
type attempt struct {
	faults  []single
	pair    int     // the number of the pair, from 1; 0 if it is no pair
	implied Implied // counts the implied pairs since the last pair that was run
}

func (e *explorer) explore() error {
	if err := e.begin(); err != nil || len(e.report.Always) > 0 {
		return err
	}
	all := singlesAt(e.points, e.Faults)
	e.singles = slices.DeleteFunc(slices.Clone(all), e.repeats)
	e.report.Singles.All = len(all)
	e.report.Singles.imply(Implied{Loops: len(all) - len(e.singles)})
	if e.Listed != nil {
		e.Listed(e.report)
	}
	if err := e.tryEach(&e.report.Singles, alone(e.singles)); err != nil || e.Config.Singles {
		return err
	}
	if e.MostPairs > 0 && len(e.report.Findings) > 0 {
		return nil
	}
	pairs := e.pairs()
	e.inAll = pairs.count
	e.report.Pairs.All = e.mineOf(pairs.count)
	if err := e.goOn(); err != nil {
		return err
	}
	if err := e.tryEach(&e.report.Pairs, e.worth(pairs)); err != nil {
		return err
	}
	e.report.Pairs.imply(e.left)
	return nil
}

// pairs returns all pairs. All singles must have been tried.
func (e *explorer) pairs() *pairs { return newPairs(e.singles, e.then, e.Faults) }

// alone yields each single as an attempt without another fault.
func alone(singles []single) iter.Seq[attempt] {
	return func(yield func(attempt) bool) {
		for _, s := range singles {
			if !yield(attempt{faults: []single{s}}) {
				return
			}
		}
	}
}

// worth yields the shard's pairs to try: those that no other run implies and that were not tried before, up
// to the bound on pairs.
func (e *explorer) worth(pairs *pairs) iter.Seq[attempt] {
	return func(yield func(attempt) bool) {
		given, number, before := 0, 0, e.report.Pairs.Tried+e.report.Pairs.Implied
		var by Implied
		for a, b := range pairs.all() {
			if e.MostPairs > 0 && given == e.MostPairs {
				break
			}
			number++
			implied := e.implied(a, b) // also for pairs of other shards, which may imply pairs of this one
			switch {
			case !e.mine(number):
			case before > 0:
				before--
			case implied != Implied{}:
				by.add(implied)
			default:
				given++
				if !yield(attempt{[]single{a, b}, number, by}) {
					return
				}
				by = Implied{}
			}
		}
		e.left = by
	}
}

// implied returns the reason for which a pair is implied, as a count; zero if it is not implied.
func (e *explorer) implied(a, b single) Implied {
	if e.isGuilty(a) || e.isGuilty(b) {
		return Implied{Alone: 1}
	}
	return e.rules.imply(a, b)
}

// repeats reports whether a single is at a point that only repeats another.
func (e *explorer) repeats(s single) bool {
	s.point.After = false
	return e.loops[s.point]
}

// begin runs the scenario without a fault.
func (e *explorer) begin() error {
	if e.Begins != nil {
		e.Begins(nil)
	}
	o, err := e.Runners[0](e.ctx, nil)
	if err != nil {
		return &RunError{Err: err}
	}
	e.points = slices.Clone(o.Points)
	slices.SortFunc(e.points, link.Point.Compare)
	e.points = slices.Compact(e.points)
	e.loops, e.rules = implied(o.Messages), newRules(o)
	e.report.Points, e.report.Always = len(e.points), o.Broken
	e.header = o.Header
	e.header.Declared = e.declared // another process cannot send the declaration
	e.pool = newPool(e.header, e.kinds(), e.Strict)
	e.paired = newPool(e.header, nil, e.Strict)
	e.add(e.pool, o)
	return nil
}

// pool sums up the verdicts on some runs, and what could not be checked.
type pool struct {
	*checker.Pool
	unchecked sweep.UncheckedRuns
}

// newPool returns a pool of runs with some kinds of faults.
func newPool(of history.Header, kinds []string, strict bool) *pool {
	return &pool{checker.NewPool(of, kinds, checker.Options{Strict: strict}), sweep.UncheckedRuns{}}
}

// state returns what the pool knows about its runs.
func (p *pool) state() PoolState { return PoolState{p.State(), p.unchecked.List()} }

// add adds the runs of another pool of the same scenario.
func (p *pool) add(s PoolState) error {
	p.unchecked.AddAll(s.Unchecked)
	return p.AddState(s.PoolState)
}

// kinds lists the kinds of faults that can be injected at some point of the scenario.
func (e *explorer) kinds() (kinds []string) {
	for _, s := range singlesAt(e.points, e.Faults) {
		if kind := s.fault.Kind(); !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
			e.report.Kinds = append(e.report.Kinds, KindCount{Kind: kind})
		}
	}
	for _, c := range e.Faults {
		if kind := c.Fault.Kind(); !slices.Contains(kinds, kind) && !slices.Contains(e.report.Nowhere, kind) {
			e.report.Nowhere = append(e.report.Nowhere, kind)
		}
	}
	return kinds
}

// add adds what was decided about a run.
func (e *explorer) add(to *pool, o Outcome) {
	to.Add(o.Verdicts)
	to.unchecked.Add(o.Unchecked)
	e.report.Runs++
}

// errEnough ends an exploration when Enough returns a reason.
var errEnough = errors.New("that is enough")

// enough asks whether to go on. It is called only while there is more to try.
func (e *explorer) enough() error {
	if e.Enough == nil {
		return nil
	}
	if e.report.Ended = e.Enough(e.report); e.report.Ended != "" {
		return errEnough
	}
	return nil
}

// RunError says which run could not be made, and why.
type RunError struct {
	Schedule plan.Schedule // the schedule of the run; nil: the run without a fault
	Err      error
}

func (e *RunError) Error() string {
	if e.Schedule == nil {
		return "without a fault: " + e.Err.Error()
	}
	return fmt.Sprintf("with %s: %v", e.Schedule, e.Err)
}

func (e *RunError) Unwrap() error { return e.Err }

// flight is a run under way.
type flight struct {
	attempt
	steps   []plan.Step
	outcome Outcome
	err     error
	landed  chan struct{}
}

// tryEach runs the scenario with each attempt, with as many concurrent runs as there are runners,
// and takes the outcomes in the order of the attempts.
func (e *explorer) tryEach(count *Count, all iter.Seq[attempt]) error {
	ctx, cancel := context.WithCancel(e.ctx)
	var under sync.WaitGroup
	defer under.Wait()
	defer cancel()
	free := make(chan Runner, len(e.Runners))
	for _, r := range e.Runners {
		free <- r
	}
	ahead := 1
	if len(e.Runners) > 1 {
		ahead = 4 * len(e.Runners) // so that a long run keeps no runner waiting
	}
	var queue []*flight
	next, stop := iter.Pull(all)
	defer stop()
	for more := true; more || len(queue) > 0; {
		for more && len(queue) < ahead && ctx.Err() == nil {
			var a attempt
			if a, more = next(); more {
				if err := e.enough(); err != nil {
					return err
				}
				f := e.begins(a)
				queue = append(queue, f)
				under.Go(func() { f.fly(ctx, free) })
			}
		}
		if len(queue) == 0 {
			return ctx.Err()
		}
		<-queue[0].landed
		if err := e.take(count, queue[0]); err != nil {
			return err
		}
		queue = queue[1:]
	}
	return nil
}

// begins returns the flight of a run that is about to begin.
func (e *explorer) begins(a attempt) *flight {
	f := &flight{attempt: a, steps: e.steps(a.faults), landed: make(chan struct{})}
	if e.Begins != nil {
		e.Begins(plan.Steps(f.steps...))
	}
	return f
}

// fly performs the run with the next free runner.
func (f *flight) fly(ctx context.Context, free chan Runner) {
	defer close(f.landed)
	run := <-free
	defer func() { free <- run }()
	if f.err = ctx.Err(); f.err == nil {
		f.outcome, f.err = run(ctx, plan.Steps(f.steps...))
	}
}

// take takes the outcome of a run into the report.
func (e *explorer) take(count *Count, f *flight) error {
	if f.err != nil {
		return &RunError{plan.Steps(f.steps...), f.err}
	}
	o := f.outcome
	count.imply(f.implied)
	count.add(o)
	if len(o.Broken) > 0 {
		e.report.Findings = append(e.report.Findings, Finding{Steps: f.steps, Broken: o.Broken, Causes: o.Causes, Pair: f.pair})
	}
	if f.pair == 0 {
		e.add(e.pool, o)
		e.report.count(f.faults[0].fault.Kind(), o)
		e.remember(f.faults[0], o)
	} else {
		e.add(e.paired, o)
		if err := e.keepNowAndThen(); err != nil {
			return err
		}
	}
	if e.Progress != nil {
		e.Progress(e.report)
	}
	if e.First && len(o.Broken) > 0 {
		return errEnough
	}
	return nil
}

// remember keeps what pairs need to know about a single.
func (e *explorer) remember(s single, o Outcome) {
	e.list(s, o)
	if len(o.Broken) > 0 {
		e.guilty[s.point] = append(e.guilty[s.point], s.fault.Spec())
		return
	}
	e.rules.learn(s, o)
	for _, p := range o.Points {
		if _, known := slices.BinarySearchFunc(e.points, p, link.Point.Compare); !known {
			e.then[s] = append(e.then[s], p)
		}
	}
	slices.SortFunc(e.then[s], link.Point.Compare)
}

func (e *explorer) isGuilty(s single) bool { return slices.Contains(e.guilty[s.point], s.fault.Spec()) }

// steps returns the steps of a schedule that injects the singles.
func (e *explorer) steps(all []single) (steps []plan.Step) {
	for i, s := range all {
		steps = append(steps, plan.Step{Point: s.point, For: s.lasts, Fault: s.fault, Seed: uint64(i)})
	}
	return steps
}
