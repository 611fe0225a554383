package explore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
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
	// Undecided says that some could not be decided, and none was broken.
	Undecided bool
	// Missed says that a fault of the schedule found no target.
	Missed bool
}

// Config is what to explore.
type Config struct {
	Run Runner
	// Faults are tried at each message where they can be injected.
	Faults []Choice
	// Lasts is how long each lasts at most; 0 is a second.
	Lasts time.Duration
	// Singles leaves the pairs out.
	Singles bool
	// Progress is told after each run what is known so far; nil for nobody.
	Progress func(Report)
}

// Choice is a fault before a message goes on, or after that.
type Choice struct {
	Fault faults.Fault
	After bool
}

// Usual are the faults of a setting that are tried if nobody says otherwise.
func Usual(s faults.Setting) (all []Choice) {
	for _, c := range []Choice{
		{Fault: faults.LoseRequest{}},
		{Fault: faults.LoseReply{}},
		{Fault: faults.LateEvent{}},
		{Fault: faults.Cut{}},
		{Fault: faults.Cut{}, After: true},
		{Fault: faults.Expire{}},
		{Fault: faults.Freeze{}},
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
	if c.Lasts == 0 {
		c.Lasts = time.Second
	}
	e := &explorer{Config: c, ctx: ctx, guilty: map[link.Point][]string{}, then: map[single][]link.Point{}}
	err := e.explore()
	if ctx.Err() != nil {
		err = nil // it is why the run had none
	}
	return e.report, err
}

// explorer is one exploration under way.
type explorer struct {
	Config
	ctx    context.Context
	report Report
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
	if e.Config.Singles {
		return nil
	}
	pairs := newPairs(singles, e.then, e.Faults)
	e.report.Pairs.All = pairs.count
	for a, b := range pairs.all() {
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
	o, err := e.Run(e.ctx, nil)
	if err != nil {
		return fmt.Errorf("without a fault: %w", err)
	}
	e.points = slices.Clone(o.Points)
	slices.SortFunc(e.points, link.Point.Compare)
	e.points = slices.Compact(e.points)
	e.report.Points, e.report.Always = len(e.points), o.Broken
	return nil
}

// try runs the scenario with some faults.
func (e *explorer) try(count *Count, faults ...single) error {
	if e.ctx.Err() != nil {
		return e.ctx.Err()
	}
	steps := e.steps(faults)
	o, err := e.Run(e.ctx, plan.Steps(steps...))
	if err != nil {
		return fmt.Errorf("with %s: %w", plan.Steps(steps...), err)
	}
	count.add(o)
	if len(o.Broken) > 0 {
		e.report.Findings = append(e.report.Findings, Finding{Steps: steps, Broken: o.Broken})
	}
	if len(faults) == 1 {
		e.remember(faults[0], o)
	}
	if e.Progress != nil {
		e.Progress(e.report)
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
		steps = append(steps, plan.Step{Point: s.point, For: e.Lasts, Fault: s.fault, Seed: uint64(i)})
	}
	return steps
}
