package faults

import (
	"math/rand/v2"
	"time"
)

// Step is one fault of a plan: when it begins, counted from the beginning of
// the load, and how long it lasts. A fault without duration (expire) ignores For.
type Step struct {
	At    time.Duration
	For   time.Duration
	Fault Fault
	// Seed fixes what the fault leaves to chance.
	Seed uint64
}

// Schedule says what happens when.
type Schedule interface {
	// Plan gives the steps that begin before limit, in order. It follows from
	// the random source alone.
	Plan(limit time.Duration, rng *rand.Rand) []Step
	// Faults gives the faults that the schedule can draw.
	Faults() []Fault
}

// Every is a mix of faults: one at each interval, lasting half of it. Every
// fault has its turn before any has a second one; the order of turns is drawn.
// Faults without parameters take them from the draw: a pause begins with the
// leader, an expiry takes holders, waiters and anybody in turn.
func Every(interval time.Duration, faults ...Fault) Schedule {
	return mix{interval: interval, faults: faults}
}

type mix struct {
	interval time.Duration
	faults   []Fault
}

func (m mix) Faults() []Fault { return m.faults }

// Interval is the time between two faults.
func (m mix) Interval() time.Duration { return m.interval }

func (m mix) Plan(limit time.Duration, rng *rand.Rand) []Step {
	var steps []Step
	if len(m.faults) == 0 || m.interval <= 0 {
		return nil
	}
	drawn := map[string]int{}
	var turn []int
	for at := m.interval; at < limit; at += m.interval {
		if len(turn) == 0 {
			turn = rng.Perm(len(m.faults))
		}
		fault := m.faults[turn[0]]
		turn = turn[1:]
		n := drawn[fault.Spec()]
		drawn[fault.Spec()]++
		fault = variant(fault, n, rng)
		steps = append(steps, Step{At: at, For: m.interval / 2, Fault: fault, Seed: rng.Uint64()})
	}
	return steps
}

// variant gives the n-th of a schedule of a fault that may leave a parameter
// open, with it filled in. Faults that embed one of these are faults of their own.
func variant(f Fault, n int, rng *rand.Rand) Fault {
	switch f := f.(type) {
	case Pause:
		return f.variant(n, rng)
	case Expire:
		return f.variant(n)
	}
	return f
}

func (p Pause) variant(n int, rng *rand.Rand) Fault {
	if p.Nodes != AnyNodes {
		return p
	}
	if n == 0 {
		return Pause{Nodes: Leader}
	}
	choices := []Nodes{Leader, Leader, One, Majority}
	return Pause{Nodes: choices[rng.IntN(len(choices))]}
}

func (x Expire) variant(n int) Fault {
	if x.Who != AnyWho {
		return x
	}
	turns := []Who{Holder, Waiter, Holder, Anyone}
	return Expire{Who: turns[n%len(turns)], orElse: true}
}
