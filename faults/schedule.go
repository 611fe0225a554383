package faults

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Step is one fault of a plan: when it begins, counted from the beginning of
// the load, and how long it lasts at most.
type Step struct {
	At    time.Duration
	For   time.Duration
	Fault Fault
	// Seed fixes what the fault leaves to chance.
	Seed uint64
	// Lane is the queue in which the step stands: steps of one lane that begin at
	// different times wait for each other, those of different lanes overlap. In
	// lane 0 nobody waits for anybody.
	Lane int

	item string // what it comes from, as the schedule has it
}

// Schedule says what happens when.
type Schedule interface {
	// Plan gives the steps that begin before limit, in order. It follows from
	// the random source alone.
	Plan(limit time.Duration, rng *rand.Rand) []Step
	// Faults gives the faults that the schedule can draw.
	Faults() []Fault
}

// Turn is what happens at one time: one fault, several at once, or nothing.
type Turn struct {
	Faults []Fault
	// For is how long they last; 0 leaves it to the schedule.
	For time.Duration
	// Weight is how often the turn comes in a mix for each time that one of
	// weight 1 does; 0 is 1.
	Weight int

	all    bool // stands for every fault that there is; see AllFaults
	chosen bool // was one of those
}

// Together is a turn in which faults begin at once.
func Together(faults ...Fault) Turn { return Turn{Faults: faults} }

// Quiet is a turn in which nothing happens for so long; 0 is for as long as
// other turns of the schedule take.
func Quiet(d time.Duration) Turn { return Turn{For: d} }

// String is the turn as an expression has it, without times.
func (t Turn) String() string {
	var words []string
	for _, f := range t.Faults {
		words = append(words, f.Spec())
	}
	switch {
	case t.all:
		words = []string{allName}
	case len(words) == 0 && t.For > 0:
		words = []string{quietName + ":" + short(t.For)}
	case len(words) == 0:
		words = []string{quietName}
	}
	if t.Weight > 1 {
		words[0] += fmt.Sprintf(":%s=%d", weightKey, t.Weight)
	}
	return strings.Join(words, ","+withName+":")
}

// quiet says that nothing happens.
func (t Turn) quiet() bool { return len(t.Faults) == 0 && !t.all }

// steps are those of the turn at a time.
func (t Turn) steps(at, lasts time.Duration, drawn *draws, rng *rand.Rand) []Step {
	var steps []Step
	for _, f := range t.Faults {
		steps = append(steps, Step{At: at, For: lasts, Fault: drawn.next(f, rng), Seed: rng.Uint64(), Lane: 1, item: t.String()})
	}
	return steps
}

// draws counts how often each fault was drawn: what faults leave open differs
// from one time to the next.
type draws map[string]int

// next is the fault with what it leaves open filled in. Faults that embed one
// of ours are faults of their own.
func (d draws) next(f Fault, rng *rand.Rand) Fault {
	n := d[f.Spec()]
	d[f.Spec()]++
	if k := kindOf(f); k != nil && k.vary != nil {
		return k.vary(f, n, rng)
	}
	return f
}

// At does faults together, once.
func At(at, lasts time.Duration, faults ...Fault) Schedule {
	return timed{at: at, turn: Turn{Faults: faults, For: lasts}}
}

// Repeat does faults together, first at a time and then after each period.
func Repeat(first, period, lasts time.Duration, faults ...Fault) Schedule {
	return timed{at: first, period: period, turn: Turn{Faults: faults, For: lasts}}
}

// timed is a turn at a fixed time.
type timed struct {
	at     time.Duration
	period time.Duration // 0 is once
	turn   Turn
}

func (t timed) Faults() []Fault { return t.turn.Faults }

func (t timed) Plan(limit time.Duration, rng *rand.Rand) []Step {
	drawn := draws{}
	var steps []Step
	for at := t.at; at < limit; at += t.period {
		steps = append(steps, t.turn.steps(at, t.turn.For, &drawn, rng)...)
		if t.period <= 0 {
			break
		}
	}
	for i := range steps {
		steps[i].item = t.item()
	}
	return steps
}

// item is how an expression has it.
func (t timed) item() string {
	times := "@" + short(t.at)
	if t.turn.For > 0 {
		times += "+" + short(t.turn.For)
	}
	if t.period > 0 {
		times += "/" + short(t.period)
	}
	first, others, together := strings.Cut(t.turn.String(), ",")
	if together {
		others = "," + others
	}
	return first + times + others
}

// Length is until the fault is over, a repeated one for the second time.
func (t timed) Length() time.Duration { return t.at + t.period + t.turn.For }

// Missed says that the time never comes.
func (t timed) Missed(_ []Step, limit time.Duration) []string {
	switch {
	case t.at >= limit:
		return []string{fmt.Sprintf("%s begins after the time limit of %s", t.item(), short(limit))}
	case t.period > 0 && t.at+t.period >= limit:
		return []string{fmt.Sprintf("%s does not come again within the time limit of %s", t.item(), short(limit))}
	}
	return nil
}

// Overlay plays schedules at the same time. What one draws is not moved by the
// others.
func Overlay(schedules ...Schedule) Schedule { return overlay(schedules) }

type overlay []Schedule

func (o overlay) Faults() []Fault {
	var all []Fault
	for _, s := range o {
		all = append(all, s.Faults()...)
	}
	return all
}

func (o overlay) Plan(limit time.Duration, rng *rand.Rand) []Step {
	var all []Step
	for i, s := range o {
		steps := s.Plan(limit, rand.New(rand.NewPCG(rng.Uint64(), 0)))
		for j := range steps {
			if lane := &steps[j].Lane; *lane > 0 {
				*lane = (*lane-1)*len(o) + i + 1 // one that no other schedule has
			}
		}
		all = append(all, steps...)
	}
	slices.SortStableFunc(all, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	return all
}

// Length is that of the longest.
func (o overlay) Length() time.Duration {
	longest := time.Duration(0)
	for _, s := range o {
		longest = max(longest, Length(s))
	}
	return longest
}

// Missed asks each schedule.
func (o overlay) Missed(plan []Step, limit time.Duration) []string {
	var all []string
	for _, s := range o {
		all = append(all, Missed(s, plan, limit)...)
	}
	return all
}

// Choose asks each schedule.
func (o overlay) Choose(s Setting) (Schedule, []LeftOut) {
	var out overlay
	var left []LeftOut
	for _, schedule := range o {
		chosen, without := Choose(schedule, s)
		out, left = append(out, chosen), append(left, without...)
	}
	return out, left
}

// Length is how long the load must be for everything in a schedule to happen
// once; 0 if the schedule does not say, or is nil.
func Length(s Schedule) time.Duration {
	if s, ok := s.(interface{ Length() time.Duration }); ok {
		return s.Length()
	}
	return 0
}

// Missed says what a schedule was asked for by name that is not in its plan,
// because the load is over before, in one sentence each.
func Missed(s Schedule, plan []Step, limit time.Duration) []string {
	if s, ok := s.(interface {
		Missed([]Step, time.Duration) []string
	}); ok {
		return s.Missed(plan, limit)
	}
	return nil
}

// short writes a time without parts that are zero: 1m instead of 1m0s.
func short(d time.Duration) string {
	text := strings.Replace(d.String(), "µ", "u", 1)
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
