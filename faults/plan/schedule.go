package plan

import (
	"slices"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/link"
)

// Schedule tells which faults happen when. Its parts are played at the same time, and each
// part draws independently of the others. It is a value that can be parsed ([Parse]),
// written ([Schedule.String]), fitted to an ensemble ([Schedule.Choose]) and planned
// ([Schedule.Plan]). Nil has no faults.
type Schedule []Part

// Part is a set of turns with an order.
type Part struct {
	Order Order
	Turns []Turn // of a Timed part: one
	// Interval is the time between two turns. The first turn comes after one interval. A
	// turn that lasts an interval or longer is followed by half an interval of quiet. In a
	// Timed part, Interval is the period after which the turn comes again; 0 means never.
	Interval time.Duration
	// At is when the turn of a Timed part first comes; or Point is the message at which it
	// comes, once; see [faults.PointOf].
	At    time.Duration
	Point link.Point
	// Lasts is the default duration of faults; 0 is half an interval, or a second in an Aimed part.
	Lasts time.Duration
	// Times is how often an InOrder part takes all its turns; 0 is until the load ends.
	Times int
	// Steps are the steps of a Given part, which has no turns.
	Steps []Step
	// within is the limit in which each turn is to end if the list gives no interval; 0 if it gives
	// one. Choose makes the interval shorter, since only then are the turns of AllFaults known.
	within time.Duration
}

// Order is how the turns of a part follow each other.
type Order int

const (
	// Mixed turns come in rounds. In a round every turn comes once, in random order; then
	// turns with more weight come again, in any order.
	Mixed Order = iota
	// InOrder turns come in the order given.
	InOrder
	// Timed is one turn at its own time, or at a message.
	Timed
	// Given steps are played as they are; nothing is drawn.
	Given
	// Aimed turns have no times. They come at single messages at which the run meets a new kind of
	// place: an operation, which of its requests or replies, and whether it is the first one in the
	// client's session. At each kind of place, the faults that can be injected there take turns, at
	// first often and then seldom. Only the seed decides where they begin and at which of the messages
	// they come.
	Aimed
)

// Turn happens at one time: it is one fault, several at once, or nothing.
type Turn struct {
	Faults []faults.Fault
	// For is how long they last; 0 means the part's duration.
	For time.Duration
	// Weight is how often the turn comes in a mix for each time that a turn of weight 1
	// comes; 0 means 1.
	Weight int

	all     bool     // stands for every available fault; see AllFaults
	chosen  bool     // Choose made it from AllFaults
	without []string // kinds that AllFaults leaves out
}

// Together returns a turn in which several faults begin at once.
func Together(all ...faults.Fault) Turn { return Turn{Faults: all} }

// Quiet returns a turn in which nothing happens for d; if d is 0, for as long as the other turns of the
// part take.
func Quiet(d time.Duration) Turn { return Turn{For: d} }

// quiet reports whether nothing happens.
func (t Turn) quiet() bool { return len(t.Faults) == 0 && !t.all }

// Every returns a mix of faults: one at each interval, lasting half of it. Every fault has its turn
// before any has a second one; the order is drawn. Faults without parameters get them from the draw:
// one pause in three hits the leader, and expiries hit holders, waiters and any client in rotation. The
// first target is drawn.
func Every(interval time.Duration, all ...faults.Fault) Schedule {
	var turns []Turn
	for _, f := range all {
		turns = append(turns, Together(f))
	}
	return Mix(interval, turns...)
}

// Mix takes turns in random order; see [Mixed].
func Mix(interval time.Duration, turns ...Turn) Schedule {
	return Schedule{{Order: Mixed, Interval: interval, Turns: turns}}
}

// Sequence takes turns in the order given, again and again; see [InOrder].
func Sequence(interval time.Duration, turns ...Turn) Schedule {
	return Schedule{{Order: InOrder, Interval: interval, Turns: turns}}
}

// At injects faults together, once.
func At(at, lasts time.Duration, all ...faults.Fault) Schedule {
	return Repeat(at, 0, lasts, all...)
}

// Repeat injects faults together, first at a time and then after each period.
func Repeat(first, period, lasts time.Duration, all ...faults.Fault) Schedule {
	return Schedule{{Order: Timed, At: first, Interval: period, Turns: []Turn{{Faults: all, For: lasts}}}}
}

// AtPoint injects faults together, once, when a message passes.
func AtPoint(p link.Point, lasts time.Duration, all ...faults.Fault) Schedule {
	return Schedule{{Order: Timed, Point: p, Turns: []Turn{{Faults: all, For: lasts}}}}
}

// Overlay plays schedules at the same time.
func Overlay(schedules ...Schedule) Schedule { return slices.Concat(schedules...) }

// turns returns the turns of all parts.
func (s Schedule) turns() []Turn {
	var all []Turn
	for _, p := range s {
		all = append(all, p.Turns...)
		for _, step := range p.Steps {
			all = append(all, Turn{Faults: []faults.Fault{step.Fault}, For: step.For})
		}
	}
	return all
}

// Faults returns the faults that the schedule can draw.
func (s Schedule) Faults() []faults.Fault { return faultsOf(s.turns()) }

// Named returns the faults that were asked for by name, not by AllFaults.
func (s Schedule) Named() []faults.Fault {
	return faultsOf(slices.DeleteFunc(s.turns(), func(t Turn) bool { return t.chosen }))
}

// Kinds returns the kinds of faults in mixes, without duplicates: [Schedule.Only] chooses
// from these.
func (s Schedule) Kinds() (names []string) {
	for _, p := range s {
		for _, f := range faultsOf(p.Turns) {
			if p.Order == Mixed && !slices.Contains(names, f.Kind()) {
				names = append(names, f.Kind())
			}
		}
	}
	return names
}

// Hits reports whether a fault of the schedule hits such targets. AllFaults counts as all
// kinds that it stands for, whether or not they are available.
func (s Schedule) Hits(target kinds.Target) bool {
	return s.draws(func(kind string) bool { return kinds.Named(kind).Hits == target })
}

// Has reports whether the schedule can draw faults of a kind. AllFaults counts as in [Schedule.Hits].
func (s Schedule) Has(kind string) bool {
	return s.draws(func(name string) bool { return name == kind })
}

// draws reports whether the schedule can draw faults of such a kind.
func (s Schedule) draws(such func(kind string) bool) bool {
	return slices.ContainsFunc(s.turns(), func(t Turn) bool {
		if t.all {
			return slices.ContainsFunc(faults.Kinds(), func(k faults.Kind) bool { return t.standsFor(k) && such(k.Name) })
		}
		return slices.ContainsFunc(t.Faults, func(f faults.Fault) bool { return such(f.Kind()) })
	})
}

// standsFor reports whether a turn of AllFaults includes a kind.
func (t Turn) standsFor(k faults.Kind) bool { return !k.Harsh && !slices.Contains(t.without, k.Name) }

// Only returns the schedule without the turns in mixes that have no fault of the named
// kinds. Turns in a sequence or at a time stay, since they depend on each other.
func (s Schedule) Only(names []string) (out Schedule) {
	for _, p := range s {
		if p.Order == Mixed {
			p.Turns = slices.DeleteFunc(slices.Clone(p.Turns), func(t Turn) bool {
				return !t.quiet() && !slices.ContainsFunc(t.Faults, func(f faults.Fault) bool { return slices.Contains(names, f.Kind()) })
			})
			if len(faultsOf(p.Turns)) == 0 {
				continue
			}
			for i := range p.Turns {
				p.Turns[i].chosen, p.Turns[i].without = false, nil // they are no longer all available faults
			}
		}
		out = append(out, p)
	}
	return out
}

func faultsOf(turns []Turn) []faults.Fault {
	var all []faults.Fault
	for _, t := range turns {
		all = append(all, t.Faults...)
	}
	return all
}

// Interval returns the time between the turns of the first part that has an interval; 0 if
// none has.
func (s Schedule) Interval() time.Duration {
	for _, p := range s {
		if p.Order == Mixed || p.Order == InOrder {
			return p.Interval
		}
	}
	return 0
}
