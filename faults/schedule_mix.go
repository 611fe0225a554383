package faults

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Every is a mix of faults: one at each interval, lasting half of it. Every
// fault has its turn before any has a second one; the order of turns is drawn.
// Faults without parameters take them from the draw: a pause begins with the
// leader, an expiry takes holders, waiters and anybody in turn.
func Every(interval time.Duration, faults ...Fault) Schedule {
	m := Mix{Interval: interval}
	for _, f := range faults {
		m.Turns = append(m.Turns, Together(f))
	}
	return m
}

// Mix takes turns in an order that is drawn, one at each interval. Rounds follow
// each other: in a round every turn comes once, in any order, and then those of
// more weight come again, in any order. A turn that lasts as long as the
// interval, or longer, is followed by half an interval of quiet.
type Mix struct {
	Interval time.Duration
	// Lasts is how long faults last whose turn does not say; 0 is half an interval.
	Lasts time.Duration
	Turns []Turn
}

// Sequence takes turns in the order given, at the pace of a [Mix].
type Sequence struct {
	Interval time.Duration
	Lasts    time.Duration // as in a Mix
	Turns    []Turn
	// Times is how often the whole is done; 0 is until the load ends.
	Times int
}

// Faults are those of all turns.
func (m Mix) Faults() []Fault { return faultsOf(m.Turns) }

// Faults are those of all turns.
func (s Sequence) Faults() []Fault { return faultsOf(s.Turns) }

func faultsOf(turns []Turn) []Fault {
	var all []Fault
	for _, t := range turns {
		all = append(all, t.Faults...)
	}
	return all
}

// Plan gives the steps.
func (m Mix) Plan(limit time.Duration, rng *rand.Rand) []Step {
	if len(m.Faults()) == 0 {
		return nil
	}
	var round []Turn
	return m.pace().plan(limit, rng, func() (Turn, bool) {
		if len(round) == 0 {
			round = m.round(rng)
		}
		t := round[0]
		round = round[1:]
		return t, true
	})
}

// round is the order of turns until each has had as many as its weight says.
func (m Mix) round(rng *rand.Rand) []Turn {
	first, again := slices.Clone(m.Turns), []Turn(nil)
	for _, t := range m.Turns {
		for range t.Weight - 1 {
			again = append(again, t)
		}
	}
	for _, turns := range [][]Turn{first, again} {
		rng.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
	}
	return append(first, again...)
}

// Plan gives the steps.
func (s Sequence) Plan(limit time.Duration, rng *rand.Rand) []Step {
	if len(s.Faults()) == 0 {
		return nil
	}
	n := 0
	return s.pace().plan(limit, rng, func() (Turn, bool) {
		if s.Times > 0 && n >= s.Times*len(s.Turns) {
			return Turn{}, false
		}
		n++
		return s.Turns[(n-1)%len(s.Turns)], true
	})
}

// Length is until every turn was taken once, with the quiet after it.
func (m Mix) Length() time.Duration { return m.pace().length(m.Turns) }

// Length is until the sequence is done as often as it says, or once.
func (s Sequence) Length() time.Duration {
	once := s.pace().length(s.Turns) - s.Interval
	return s.Interval + once*time.Duration(max(s.Times, 1))
}

// Missed names turns that never come.
func (m Mix) Missed(plan []Step, limit time.Duration) []string {
	return missed(m.Turns, plan, limit)
}

// Missed names turns that never come, or says that the whole is not done as
// often as it should be.
func (s Sequence) Missed(plan []Step, limit time.Duration) []string {
	if never := missed(s.Turns, plan, limit); len(never) > 0 || s.Times == 0 || len(s.Faults()) == 0 {
		return never
	}
	if last := s.Length() - s.pace().takes(s.Turns[len(s.Turns)-1]); last >= limit {
		return []string{fmt.Sprintf("the sequence is not done %d times within the time limit of %s", s.Times, short(limit))}
	}
	return nil
}

// missed names the turns that are not in the plan, but for those that nobody
// asked for by name.
func missed(turns []Turn, plan []Step, limit time.Duration) []string {
	var never []string
	for _, t := range turns {
		item := t.String()
		came := slices.ContainsFunc(plan, func(s Step) bool { return s.item == item })
		if text := fmt.Sprintf("%s has no turn within the time limit of %s", item, short(limit)); !came && !t.chosen && !t.quiet() && !slices.Contains(never, text) {
			never = append(never, text)
		}
	}
	return never
}

// pace is when the turns of a mix or a sequence come.
type pace struct{ interval, lasts time.Duration }

func (m Mix) pace() pace      { return pace{m.Interval, m.Lasts} }
func (s Sequence) pace() pace { return pace{s.Interval, s.Lasts} }

// lasting is how long a turn's faults last.
func (p pace) lasting(t Turn) time.Duration {
	switch {
	case t.For > 0:
		return t.For
	case p.lasts > 0:
		return p.lasts
	}
	return p.interval / 2
}

// takes is the time from a turn to the next.
func (p pace) takes(t Turn) time.Duration {
	if t.quiet() {
		if t.For > 0 {
			return t.For
		}
		return p.interval
	}
	if d := p.lasting(t); d >= p.interval {
		return d + p.interval/2
	}
	return p.interval
}

// length is until all turns were taken once.
func (p pace) length(turns []Turn) time.Duration {
	d := p.interval
	for _, t := range turns {
		d += p.takes(t)
	}
	return d
}

// plan takes turns until there is none, or the limit. The first comes after an
// interval.
func (p pace) plan(limit time.Duration, rng *rand.Rand, next func() (Turn, bool)) []Step {
	if p.interval <= 0 {
		return nil
	}
	drawn := draws{}
	var steps []Step
	for at := p.interval; at < limit; {
		t, ok := next()
		if !ok {
			break
		}
		steps = append(steps, t.steps(at, p.lasting(t), &drawn, rng)...)
		at += p.takes(t)
	}
	return steps
}
