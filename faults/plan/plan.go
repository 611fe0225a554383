package plan

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/link"
)

// Step is one fault of a plan: when it begins, counted from the beginning of the load, or
// at which message, and how long it lasts at most.
type Step struct {
	At    time.Duration
	Point link.Point // zero for a step at a time
	For   time.Duration
	Fault faults.Fault
	// Seed determines what the fault leaves to chance.
	Seed uint64
	// Lane is the queue of the step. Steps of one lane that begin at different times wait
	// for each other; those of different lanes overlap. In lane 0, and at messages, no step
	// waits for another.
	Lane int

	item string // the text of the turn that it comes from
}

// Plan returns the steps that begin before limit, in order. They depend only on the
// schedule and rng.
func (s Schedule) Plan(limit time.Duration, rng *rand.Rand) []Step {
	var all []Step
	last := s.lastLane()
	for i, p := range s {
		if p.Order == Given {
			all = append(all, p.given(limit)...)
			continue
		}
		own := rng
		if len(s) > 1 {
			own = rand.New(rand.NewPCG(rng.Uint64(), 0))
		}
		steps := p.plan(limit, own)
		for j := range steps {
			if steps[j].Point.Zero() {
				steps[j].Lane = last + i + 1
			}
		}
		all = append(all, steps...)
	}
	slices.SortStableFunc(all, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	return all
}

func (p Part) plan(limit time.Duration, rng *rand.Rand) []Step {
	if len(faultsOf(p.Turns)) == 0 || p.Order != Timed && p.Interval <= 0 {
		return nil
	}
	drawn := draws{}
	var steps []Step
	next := p.order(rng)
	for at := p.first(); at < limit; {
		t, ok := next()
		if !ok {
			break
		}
		steps = append(steps, p.steps(t, at, &drawn, rng)...)
		at += p.takes(t)
	}
	return steps
}

// order yields one turn after the other, until there are no more.
func (p Part) order(rng *rand.Rand) func() (Turn, bool) {
	var round []Turn
	n := 0
	times := p.Times
	if p.Order == Timed && p.Interval <= 0 {
		times = 1
	}
	return func() (Turn, bool) {
		if times > 0 && n >= times*len(p.Turns) {
			return Turn{}, false
		}
		if len(round) == 0 {
			round = p.round(rng)
		}
		t := round[0]
		round = round[1:]
		n++
		return t, true
	}
}

// round returns the turns of a mix, each as often as its weight says.
func (p Part) round(rng *rand.Rand) []Turn {
	if p.Order != Mixed {
		return p.Turns
	}
	first, again := slices.Clone(p.Turns), []Turn(nil)
	for _, t := range p.Turns {
		for range t.Weight - 1 {
			again = append(again, t)
		}
	}
	for _, turns := range [][]Turn{first, again} {
		rng.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
	}
	return append(first, again...)
}

// steps returns the steps of one turn at a time.
func (p Part) steps(t Turn, at time.Duration, drawn *draws, rng *rand.Rand) []Step {
	var steps []Step
	for _, f := range t.Faults {
		if !p.Point.Zero() { // the message fills in what is left open
			steps = append(steps, Step{Point: p.Point, For: p.lasting(t), Fault: f, Seed: rng.Uint64(), item: t.String()})
			continue
		}
		steps = append(steps, Step{At: at, For: p.lasting(t), Fault: drawn.next(f, rng), Seed: rng.Uint64(), item: t.String()})
	}
	return steps
}

// draws counts how often each fault was drawn. What faults leave open differs from one time
// to the next. The start is drawn as well: in a short load each kind comes once, and it
// must not hit the same target in every run.
type draws map[string]int

// next returns the fault with what it leaves open filled in.
func (d draws) next(f faults.Fault, rng *rand.Rand) faults.Fault {
	n, again := d[f.Spec()]
	if !again {
		n = rng.IntN(firsts)
	}
	d[f.Spec()] = n + 1
	return faults.Drawn(f, n, rng)
}

// firsts is a multiple of every number of turns that a fault cycles through.
const firsts = 12

// first returns when the first turn comes.
func (p Part) first() time.Duration {
	if p.Order == Timed {
		return p.At
	}
	return p.Interval
}

// lasting returns how long a turn's faults last.
func (p Part) lasting(t Turn) time.Duration { return cmp.Or(t.For, p.Lasts, p.Interval/2) }

// takes returns the time from a turn to the next.
func (p Part) takes(t Turn) time.Duration {
	switch d := p.lasting(t); {
	case p.Order == Timed:
		return p.Interval
	case t.quiet():
		return cmp.Or(t.For, p.Interval)
	case d >= p.Interval:
		return d + p.Interval/2
	}
	return p.Interval
}

// Length returns how long the load must be for every turn to happen once, every repeated
// fault twice, and every sequence as often as it says.
func (s Schedule) Length() time.Duration {
	longest := time.Duration(0)
	for _, p := range s {
		longest = max(longest, p.length())
	}
	return longest
}

func (p Part) length() time.Duration {
	if p.Order == Given {
		last := time.Duration(0)
		for _, s := range p.Steps {
			last = max(last, s.At+s.For)
		}
		return last
	}
	if p.Order == Timed {
		return p.At + p.Interval + p.lasting(p.Turns[0])
	}
	once := time.Duration(0)
	for _, t := range p.Turns {
		once += p.takes(t)
	}
	return p.Interval + once*time.Duration(max(p.Times, 1))
}

// Missed returns, in one sentence each, the faults that were asked for by name but are not
// in the plan because the load ends before.
func (s Schedule) Missed(plan []Step, limit time.Duration) []string {
	var all []string
	for _, p := range s {
		all = append(all, p.missed(plan, limit)...)
	}
	return all
}

func (p Part) missed(plan []Step, limit time.Duration) []string {
	switch p.Order {
	case Timed:
		return p.late(limit)
	case Given:
		return p.lateSteps(limit)
	}
	if len(plan) == 0 && slices.ContainsFunc(p.Turns, func(t Turn) bool { return t.chosen }) {
		return []string{"all has no turn within the time limit of " + short(limit)}
	}
	var never []string
	for _, t := range p.Turns {
		item := t.String()
		came := slices.ContainsFunc(plan, func(s Step) bool { return s.item == item })
		if text := fmt.Sprintf("%s has no turn within the time limit of %s", item, short(limit)); !came && !t.chosen && !t.quiet() && !slices.Contains(never, text) {
			never = append(never, text)
		}
	}
	if len(never) > 0 || p.Times == 0 || len(faultsOf(p.Turns)) == 0 {
		return never
	}
	if last := p.length() - p.takes(p.Turns[len(p.Turns)-1]); last >= limit {
		return []string{fmt.Sprintf("the sequence does not run %d times within the time limit of %s", p.Times, short(limit))}
	}
	return nil
}

// Late returns a sentence for each fault with its own time that would begin only after the
// load.
func (s Schedule) Late(limit time.Duration) []string {
	var all []string
	for _, p := range s {
		if p.Order == Timed && p.At >= limit {
			all = append(all, p.late(limit)...)
		}
	}
	return all
}

// late reports a turn whose time never comes.
func (p Part) late(limit time.Duration) []string {
	switch {
	case p.At >= limit:
		return []string{fmt.Sprintf("%s begins after the time limit of %s", p.timed(), short(limit))}
	case p.Interval > 0 && p.At+p.Interval >= limit:
		return []string{fmt.Sprintf("%s does not come again within the time limit of %s", p.timed(), short(limit))}
	}
	return nil
}
