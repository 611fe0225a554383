package explore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/sweep"
	"github.com/zklab/zklab/link"
)

// Runner runs the scenario once with a schedule. The error says why there was no run.
type Runner func(ctx context.Context, s plan.Schedule) (Outcome, error)

// Outcome is what one run came to.
type Outcome struct {
	// Points are the messages that passed, in any order.
	Points []link.Point
	// Broken are the promises that were not kept.
	Broken []string
	// Causes are those of what is broken.
	Causes []sweep.Cause
	// Missed says that a fault of the schedule found no target.
	Missed bool
	// Header is that of the run's history, Verdicts all that was decided about it.
	Header   history.Header
	Verdicts []checker.Verdict
}

// Config is what to explore.
type Config struct {
	Run Runner
	// Faults are tried at each message where they can be injected.
	Faults []Choice
	// Kinds are those of the faults that are to be tried alone; nil: all.
	Kinds []string
	// Strict lets measured properties count, too.
	Strict bool
	// First ends it with the first finding.
	First bool
	// Singles leaves the pairs out.
	Singles bool
	// MostPairs is how many pairs are tried at most, and none once a single fault has broken a
	// promise; 0: all.
	MostPairs int
	// Begins is told of each run's schedule before it begins; nil for nobody.
	Begins func(plan.Schedule)
	// Progress is told after each run what is known so far; nil for nobody.
	Progress func(Report)
}

// Choice is a fault before a message goes on, or after that.
type Choice struct {
	Fault faults.Fault
	After bool
	Lasts time.Duration // at most; 0 is a second
}

// Usual are the faults of a setting that can be tried: each request
// lost, each reply lost, each watch event late, each connection cut before and after, each
// session expired, each client frozen until its session is over, and crashed, the server of
// each connection killed, and the leader. session is the time-out of sessions.
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

// Explore tries single faults and then pairs until all were tried or ctx ends, which is
// no error: the report says how far it came. An error is the runner's own.
func Explore(ctx context.Context, c Config) (Report, error) {
	if c.Kinds != nil {
		c.Faults = slices.DeleteFunc(slices.Clone(c.Faults), func(f Choice) bool { return !slices.Contains(c.Kinds, f.Fault.Kind()) })
	}
	e := &explorer{Config: c, ctx: ctx, guilty: map[link.Point][]string{}, then: map[single][]link.Point{}}
	e.report.Only = c.Kinds
	err := e.explore()
	if ctx.Err() != nil || errors.Is(err, errEnough) {
		err = nil // it is why the run had none, or was the last
	}
	return e.report, err
}

// explorer is one exploration under way.
type explorer struct {
	Config
	ctx    context.Context
	report Report
	pool   *checker.Pool
	points []link.Point
	guilty map[link.Point][]string // faults that alone break a promise, by point
	then   map[single][]link.Point // points that are there only with a single
}

func (e *explorer) explore() error {
	if err := e.begin(); err != nil || len(e.report.Always) > 0 {
		return err
	}
	singles := singlesAt(e.points, e.Faults)
	e.report.Singles.All = len(singles)
	for _, s := range singles {
		if err := e.try(&e.report.Singles, s); err != nil {
			return err
		}
	}
	if e.Config.Singles || e.MostPairs > 0 && len(e.report.Findings) > 0 {
		return nil
	}
	pairs := newPairs(singles, e.then, e.Faults)
	e.report.Pairs.All = pairs.count
	for a, b := range pairs.all() {
		if e.MostPairs > 0 && e.report.Pairs.Tried == e.MostPairs {
			return nil
		}
		if e.isGuilty(a) || e.isGuilty(b) {
			e.report.Pairs.Implied++
			continue
		}
		if err := e.try(&e.report.Pairs, a, b); err != nil {
			return err
		}
	}
	return nil
}

// begin runs the scenario without a fault.
func (e *explorer) begin() error {
	o, err := e.run(nil)
	if err != nil {
		return fmt.Errorf("without a fault: %w", err)
	}
	e.points = slices.Clone(o.Points)
	slices.SortFunc(e.points, link.Point.Compare)
	e.points = slices.Compact(e.points)
	e.report.Points, e.report.Always = len(e.points), o.Broken
	e.pool = checker.NewPool(o.Header, e.kinds(), checker.Options{Strict: e.Strict})
	e.add(o)
	return nil
}

// run runs the scenario with a schedule.
func (e *explorer) run(s plan.Schedule) (Outcome, error) {
	if e.Begins != nil {
		e.Begins(s)
	}
	return e.Run(e.ctx, s)
}

// kinds are those of the faults that can be injected at some point of the scenario.
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
func (e *explorer) add(o Outcome) {
	e.pool.Add(o.Verdicts)
	e.report.Runs, e.report.Properties = e.pool.Runs(), e.pool.Verdicts()
}

// errEnough ends an exploration of which the first finding is wanted.
var errEnough = errors.New("there is a finding")

// try runs the scenario with some faults.
func (e *explorer) try(count *Count, faults ...single) error {
	if e.ctx.Err() != nil {
		return e.ctx.Err()
	}
	steps := e.steps(faults)
	o, err := e.run(plan.Steps(steps...))
	if err != nil {
		return fmt.Errorf("with %s: %w", plan.Steps(steps...), err)
	}
	count.add(o)
	e.add(o)
	if len(o.Broken) > 0 {
		e.report.Findings = append(e.report.Findings, Finding{Steps: steps, Broken: o.Broken, Causes: o.Causes})
	}
	if len(faults) == 1 {
		e.report.count(faults[0].fault.Kind(), !o.Missed)
		e.remember(faults[0], o)
	}
	if e.Progress != nil {
		e.Progress(e.report)
	}
	if e.First && len(o.Broken) > 0 {
		return errEnough
	}
	return nil
}

// remember keeps what pairs need to know of a single.
func (e *explorer) remember(s single, o Outcome) {
	if len(o.Broken) > 0 {
		e.guilty[s.point] = append(e.guilty[s.point], s.fault.Spec())
		return
	}
	for _, p := range o.Points {
		if _, known := slices.BinarySearchFunc(e.points, p, link.Point.Compare); !known {
			e.then[s] = append(e.then[s], p)
		}
	}
	slices.SortFunc(e.then[s], link.Point.Compare)
}

func (e *explorer) isGuilty(s single) bool { return slices.Contains(e.guilty[s.point], s.fault.Spec()) }

// steps are those of a schedule with some singles.
func (e *explorer) steps(all []single) (steps []plan.Step) {
	for i, s := range all {
		steps = append(steps, plan.Step{Point: s.point, For: s.lasts, Fault: s.fault, Seed: uint64(i)})
	}
	return steps
}
