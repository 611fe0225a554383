package plan

import (
	"slices"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/link"
)

// Schedule says what happens when: its parts are played at the same time, and what
// one draws is not moved by the others. It is a value that can be read ([Parse]),
// written ([Schedule.String]), fitted to an ensemble ([Schedule.Choose]) and planned
// ([Schedule.Plan]). Nil is no fault.
type Schedule []Part

// Part is turns in some order.
type Part struct {
	Order Order
	Turns []Turn // of a Timed part: one
	// Interval is the time between two turns. The first comes after one, and one that
	// lasts as long, or longer, is followed by half an interval of quiet. Of a Timed part
	// it is the time after which the turn comes again; 0 is never.
	Interval time.Duration
	// At is when a Timed part's turn first comes, or Point the message at which it comes,
	// once; see [faults.PointOf].
	At    time.Duration
	Point link.Point
	// Lasts is how long faults last whose turn does not say; 0 is half an interval.
	Lasts time.Duration
	// Times is how often all turns of a part that is InOrder are taken; 0 is until the
	// load ends.
	Times int
	// Steps are those of a Given part, which has no turns.
	Steps []Step
}

// Order is how the turns of a part follow each other.
type Order int

const (
	// Mixed turns come in rounds: in a round every turn comes once, in an order that is
	// drawn, and then those of more weight come again, in any order.
	Mixed Order = iota
	// InOrder they come as they stand.
	InOrder
	// Timed is one turn at a time, or at a message, of its own.
	Timed
	// Given is steps as they are, of which nothing is drawn.
	Given
)

// Turn is what happens at one time: one fault, several at once, or nothing.
type Turn struct {
	Faults []faults.Fault
	// For is how long they last; 0 leaves it to the part.
	For time.Duration
	// Weight is how often the turn comes in a mix for each time that one of
	// weight 1 does; 0 is 1.
	Weight int

	all     bool     // stands for every fault that there is; see AllFaults
	chosen  bool     // was one of those
	without []string // kinds that all of those are without
}

// Together is a turn in which faults begin at once.
func Together(all ...faults.Fault) Turn { return Turn{Faults: all} }

// Quiet is a turn in which nothing happens for so long; 0 is for as long as
// other turns of the part take.
func Quiet(d time.Duration) Turn { return Turn{For: d} }

// quiet says that nothing happens.
func (t Turn) quiet() bool { return len(t.Faults) == 0 && !t.all }

// Every is a mix of faults: one at each interval, lasting half of it. Every
// fault has its turn before any has a second one; the order of turns is drawn.
// Faults without parameters take them from the draw: one pause in three is the
// leader's, an expiry takes holders, waiters and anybody in turn. With whom that begins is drawn.
func Every(interval time.Duration, all ...faults.Fault) Schedule {
	var turns []Turn
	for _, f := range all {
		turns = append(turns, Together(f))
	}
	return Mix(interval, turns...)
}

// Mix takes turns in an order that is drawn; see [Mixed].
func Mix(interval time.Duration, turns ...Turn) Schedule {
	return Schedule{{Order: Mixed, Interval: interval, Turns: turns}}
}

// Sequence takes turns as they stand, again and again; see [InOrder].
func Sequence(interval time.Duration, turns ...Turn) Schedule {
	return Schedule{{Order: InOrder, Interval: interval, Turns: turns}}
}

// At does faults together, once.
func At(at, lasts time.Duration, all ...faults.Fault) Schedule {
	return Repeat(at, 0, lasts, all...)
}

// Repeat does faults together, first at a time and then after each period.
func Repeat(first, period, lasts time.Duration, all ...faults.Fault) Schedule {
	return Schedule{{Order: Timed, At: first, Interval: period, Turns: []Turn{{Faults: all, For: lasts}}}}
}

// AtPoint does faults together, once, when a message passes.
func AtPoint(p link.Point, lasts time.Duration, all ...faults.Fault) Schedule {
	return Schedule{{Order: Timed, Point: p, Turns: []Turn{{Faults: all, For: lasts}}}}
}

// Overlay plays schedules at the same time.
func Overlay(schedules ...Schedule) Schedule { return slices.Concat(schedules...) }

// turns are those of all parts.
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

// Faults gives the faults that the schedule can draw.
func (s Schedule) Faults() []faults.Fault { return faultsOf(s.turns()) }

// Named gives those that were asked for by name, and not by AllFaults.
func (s Schedule) Named() []faults.Fault {
	return faultsOf(slices.DeleteFunc(s.turns(), func(t Turn) bool { return t.chosen }))
}

// Kinds are the kinds of faults in mixes, each once: those that [Schedule.Only] chooses from.
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

// Hits says whether a fault of the schedule hits such targets. Of AllFaults it asks all the kinds that
// this stands for, wherever they are to be had.
func (s Schedule) Hits(target kinds.Target) bool {
	return slices.ContainsFunc(s.turns(), func(t Turn) bool { return t.hits(target) })
}

func (t Turn) hits(target kinds.Target) bool {
	if t.all {
		return slices.ContainsFunc(faults.Kinds(), func(k faults.Kind) bool { return t.standsFor(k) && kinds.Named(k.Name).Hits == target })
	}
	return slices.ContainsFunc(t.Faults, func(f faults.Fault) bool { return kinds.Named(f.Kind()).Hits == target })
}

// standsFor says whether the turn, which is AllFaults, is of a kind, too.
func (t Turn) standsFor(k faults.Kind) bool { return !k.Harsh && !slices.Contains(t.without, k.Name) }

// Only is the schedule without the turns in mixes that have none of some kinds of faults.
// What comes in an order, or at a time, is there because of the others, and stays.
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
				p.Turns[i].chosen, p.Turns[i].without = false, nil // they are not all that there are any more
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

// Interval is the time between the turns of its first part that has such; 0: none has.
func (s Schedule) Interval() time.Duration {
	for _, p := range s {
		if p.Order == Mixed || p.Order == InOrder {
			return p.Interval
		}
	}
	return 0
}
