package plan

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
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
	// Gap is the least time between two faults of the [Aimed] part that the step belongs to; 0 for all other steps.
	// Such a step gets its point when it is played. At is then the time before which no fault of the part comes.
	Gap time.Duration

	item string // the text of the turn that it comes from
}

// Plan returns the steps that begin before limit, in order. They depend only on the schedule and one
// number from rng for each part. Each fault draws from a stream of its own, so adding a fault to a part
// changes only the places that it takes.
func (s Schedule) Plan(limit time.Duration, rng *rand.Rand) []Step {
	var all []Step
	last := s.lastLane()
	for i, p := range s {
		if p.Order == Given {
			all = append(all, p.given(limit)...)
			continue
		}
		steps := p.plan(limit, rng.Uint64())
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

func (p Part) plan(limit time.Duration, seed uint64) []Step {
	if len(faultsOf(p.Turns)) == 0 || p.Order != Timed && p.Interval <= 0 {
		return nil
	}
	if p.Order == Aimed {
		return p.aimed(seed)
	}
	drawn := draws{seed: seed, times: map[string]int{}}
	var steps []Step
	next := p.order(seed)
	for at := p.first(); at < limit; {
		t, ok := next()
		if !ok {
			break
		}
		steps = append(steps, p.steps(t, at, drawn)...)
		at += p.takes(t)
	}
	return steps
}

// order yields one turn after the other, until there are no more.
func (p Part) order(seed uint64) func() (Turn, bool) {
	var round []Turn
	n, rounds := 0, 0
	times := p.Times
	if p.Order == Timed && p.Interval <= 0 {
		times = 1
	}
	return func() (Turn, bool) {
		if times > 0 && n >= times*len(p.Turns) {
			return Turn{}, false
		}
		if len(round) == 0 {
			round = p.round(seed, rounds)
			rounds++
		}
		t := round[0]
		round = round[1:]
		n++
		return t, true
	}
}

// round returns the turns of a mix in one round, each as often as its weight says.
func (p Part) round(seed uint64, round int) []Turn {
	if p.Order != Mixed {
		return p.Turns
	}
	var again []Turn
	for _, t := range p.Turns {
		for range t.Weight - 1 {
			again = append(again, t)
		}
	}
	first := shuffled(p.Turns, seed, "first", round)
	if !p.fits() { // what the list names has its turn
		slices.SortStableFunc(first, func(a, b Turn) int { return cmp.Compare(placeOf(a), placeOf(b)) })
	}
	return append(first, shuffled(again, seed, "again", round)...)
}

// placeOf returns 0 for turns that the list names, and 1 for those that AllFaults stands for.
func placeOf(t Turn) int {
	if t.chosen {
		return 1
	}
	return 0
}

// shuffled returns turns in random order. For each place, every remaining turn draws a number from a
// stream of its own, and the least number wins. So an additional turn takes a few places, and leaves
// all others as they were.
func shuffled(turns []Turn, seed uint64, half string, round int) (order []Turn) {
	left, names, alike := slices.Clone(turns), make([]string, len(turns)), map[string]int{}
	for i, t := range turns { // turns with the same text are numbered
		text := t.String()
		names[i] = fmt.Sprint(text, " ", alike[text])
		alike[text]++
	}
	for place := range turns {
		best, least := 0, uint64(math.MaxUint64)
		for i, name := range names {
			if n := stream(seed, half, round, place, name).Uint64(); n < least {
				best, least = i, n
			}
		}
		order = append(order, left[best])
		left, names = slices.Delete(left, best, best+1), slices.Delete(names, best, best+1)
	}
	return order
}

// stream returns random numbers for one purpose, which its words name. They are independent of the numbers for
// all other purposes, so a new purpose changes no other draw of a seed.
func stream(seed uint64, purpose ...any) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintln(h, purpose...)
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// steps returns the steps of one turn at a time.
func (p Part) steps(t Turn, at time.Duration, drawn draws) []Step {
	var steps []Step
	for _, f := range t.Faults {
		s := drawn.next(f)
		s.For, s.item = p.lasting(t), t.String()
		if p.Point.Zero() {
			s.At = at
		} else { // the message fills in what is left open
			s.Point, s.Fault = p.Point, f
		}
		steps = append(steps, s)
	}
	return steps
}

// draws counts how often each fault was drawn, by its text. What faults leave open differs from one time
// to the next. The start is drawn as well: in a short load each kind comes once, and it
// must not hit the same target in every run.
type draws struct {
	seed  uint64
	times map[string]int
}

// next returns a step of the fault with its open parameters filled in.
func (d draws) next(f faults.Fault) Step {
	n := d.times[f.Spec()]
	d.times[f.Spec()]++
	first := stream(d.seed, "first of", f.Spec()).IntN(firsts)
	rng := stream(d.seed, "fault", f.Spec(), n)
	return Step{Fault: faults.Drawn(f, first+n, rng), Seed: rng.Uint64()}
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
func (p Part) lasting(t Turn) time.Duration {
	if p.Order == Aimed { // the next one does not wait
		return cmp.Or(t.For, p.Lasts, aimedLasts)
	}
	return cmp.Or(t.For, p.Lasts, p.Interval/2)
}

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

// Weightless returns, in one sentence each, the turns of mixes whose weights have no effect because the load ends
// before any turn comes again.
func (s Schedule) Weightless(limit time.Duration) []string {
	return s.weights("no turn comes twice within the time limit of "+short(limit), func(p Part) bool {
		return p.Order == Mixed && p.length() >= limit // else the first round of turns ends within the load
	})
}

// Unweighed returns, in one sentence each, the turns whose weights have no effect because their part takes its turns
// in the given order.
func (s Schedule) Unweighed() []string {
	return s.weights("a sequence takes its turns in the given order; name the fault as often as it is to come",
		func(p Part) bool { return p.Order == InOrder })
}

// weights returns a sentence for each turn with a weight in some of the parts, with the reason why it has no effect.
func (s Schedule) weights(why string, in func(Part) bool) (all []string) {
	for _, p := range s {
		for _, t := range p.Turns {
			if t.Weight <= 1 || !in(p) {
				continue
			}
			if t.chosen {
				t = Turn{all: true, Weight: t.Weight}
			}
			if text := fmt.Sprintf("the weight of %s has no effect: %s", t, why); !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return all
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
