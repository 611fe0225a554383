package runtime

import (
	"internal/runtime/atomic"
	_ "unsafe" // for go:linkname
)

// nextSeed is the seed of bubbles that begin now: none, unless it is set.
var nextSeed struct {
	set  atomic.Bool
	seed atomic.Uint64
}

// seedBubbles sets the seed of the bubbles that begin from now on, and returns the previous setting.
//
//go:linkname seedBubbles testing/cryptotest.seedBubbles
func seedBubbles(seed uint64, set bool) (before uint64, wasSet bool) {
	before, wasSet = nextSeed.seed.Load(), nextSeed.set.Load()
	nextSeed.seed.Store(seed)
	nextSeed.set.Store(set)
	seededBubbles.Store(0)
	randomizeScheduler = raceenabled
	ages.Add(1)
	return before, wasSet
}

// seededBubbles counts the present seeded bubbles, without those that began before the present seed was
// set: they are abandoned, or else they would have ended.
var seededBubbles atomic.Int32

// ages counts how often a seed was set.
var ages atomic.Uint32

// instants counts the instants of seeded bubbles.
var instants atomic.Uint32

// looked holds what sysmon saw when it looked last, and how often in a row that was the same.
// Only sysmon uses it.
var looked struct{ instants, times uint32 }

// stuckAfter is how often sysmon looks, every 10 ms, before a seeded bubble in which no virtual
// time passes counts as stuck.
const stuckAfter = 500

// stuck reports whether seeded bubbles are stuck: then goroutines are preempted as in a stock runtime, so
// that goroutines outside can notice it. It counts sysmon's own looks, because the clock continues to run
// while a process is stopped.
func stuck() bool {
	if now := instants.Load(); now != looked.instants {
		looked.instants, looked.times = now, 0
	} else if looked.times < stuckAfter {
		looked.times++
	}
	return looked.times == stuckAfter
}

// The kinds of choices. Each has a stream of numbers of its own: code that runs
// only the first time in a process, or only under the race detector, makes maps and
// drops what is pooled, but mostly draws nothing of the other kinds.
const (
	choiceOfCase   = iota // of a select
	choiceOfTimer         // among those of one instant
	choiceOfStart         // of an iteration over a map
	choiceOfCancel        // among the children of a context
	choiceOfPool          // whether sync.Pool keeps a value under the race detector
	choiceByRand          // of packages math/rand and math/rand/v2
	choiceElse            // seeds of maps that do not escape, of hash/maphash, …
	kindsOfChoice
)

// seededChoices is the source of a bubble's choices, if the bubble is seeded.
type seededChoices struct {
	seeded bool
	age    uint32
	seed   uint64
	states [kindsOfChoice]atomic.Uint64
}

// begin uses the seed that is set, if there is one.
func (c *seededChoices) begin(now int64) {
	if !nextSeed.set.Load() {
		return
	}
	c.seeded, c.age, c.seed = true, ages.Load(), nextSeed.seed.Load()
	if seededBubbles.Add(1) == 1 {
		randomizeScheduler = false
	}
	c.startAgain(now)
}

func (c *seededChoices) end() {
	if c.seeded && c.age == ages.Load() && seededBubbles.Add(-1) == 0 {
		randomizeScheduler = raceenabled
	}
}

// startAgain begins all streams afresh at each instant of the bubble's time, so that one choice more or
// less (by code that runs only the first time) has no effect after that instant. It also resets the
// scheduler's round of 61 turns, after which the scheduler looks at the global queue first.
func (c *seededChoices) startAgain(now int64) {
	if !c.seeded {
		return
	}
	instants.Add(1)
	for kind := range c.states {
		c.states[kind].Store(scramble(c.seed ^ scramble(uint64(now)+uint64(kind))))
	}
	mp := acquirem()
	mp.p.ptr().schedtick = 0
	releasem(mp)
}

// scramble is the output function of SplitMix64 (Steele, Lea, Flood: Fast splittable
// pseudorandom number generators, 2014).
//
//go:nosplit
func scramble(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// choicesHere returns the choices of the goroutine's bubble; nil where choices are made as in a stock
// runtime.
//
//go:nosplit
func choicesHere() *seededChoices {
	if b := getg().bubble; b != nil && b.choices.seeded {
		return &b.choices
	}
	return nil
}

// draw returns the next number of one kind.
//
//go:nosplit
func (c *seededChoices) draw(kind int) uint64 {
	return scramble(c.states[kind].Add(-0x61c8864680b583eb)) // the golden ratio's 0x9e3779b97f4a7c15, modulo 2^64
}

// below returns the next number of one kind, from 0 to n-1.
//
//go:nosplit
func (c *seededChoices) below(kind int, n uint32) uint32 {
	return uint32(c.draw(kind) >> 32 * uint64(n) >> 32)
}

func chooseCase(n uint32) uint32 {
	if c := choicesHere(); c != nil {
		return c.below(choiceOfCase, n)
	}
	return cheaprandn(n)
}

func chooseTimer() uint32 {
	if c := choicesHere(); c != nil {
		return uint32(c.draw(choiceOfTimer))
	}
	return cheaprand()
}

//go:linkname chooseStart internal/runtime/maps.chooseStart
func chooseStart() uint64 {
	if c := choicesHere(); c != nil {
		return c.draw(choiceOfStart)
	}
	return rand()
}

//go:linkname chooseCancel context.chooseCancel
func chooseCancel(n uint32) (chosen uint32, seeded bool) {
	if c := choicesHere(); c != nil {
		return c.below(choiceOfCancel, n), true
	}
	return 0, false
}

// randForPackages is the source of math/rand and math/rand/v2.
//
//go:linkname randForPackages
func randForPackages() uint64 {
	if c := choicesHere(); c != nil {
		return c.draw(choiceByRand)
	}
	return rand()
}

// seedOfMap returns the seed that decides where keys go in a map. It is the same for all maps of a
// bubble, so that it does not depend on maps that were made before.
//
//go:linkname seedOfMap
func seedOfMap() uint64 {
	if c := choicesHere(); c != nil {
		return scramble(^c.seed)
	}
	return rand()
}

// fixHashes makes hashes follow from map seeds alone. Otherwise they have a random
// key for each process, and other functions on other processors.
func fixHashes() {
	for i := range hashkey {
		hashkey[i] = uintptr(scramble(uint64(i) + 1))
	}
}

// standsBack reports whether a goroutine must not influence the order in which goroutines of seeded
// bubbles run: there are seeded bubbles, and it is outside of them.
func standsBack(gp *g) bool {
	return seededBubbles.Load() > 0 && (gp.bubble == nil || !gp.bubble.choices.seeded)
}

// standBack makes such a goroutine wait in the global queue, from which goroutines are taken one by
// one. In the queue of a P it would go before others, or fill the queue, and a full queue is cut in
// half.
func standBack(gp *g) {
	lock(&sched.lock)
	globrunqput(gp)
	unlock(&sched.lock)
}

// roomyStack is the least size of a goroutine's stack when it begins. With fixedStack, most goroutines
// of a simulation grow theirs once or twice, which copies it, and release it when they end, since it
// does not have the size that the next goroutine begins with.
const roomyStack = 4 * fixedStack

// nobodyToWake reports whether the only P is at work: then wakep would take the scheduler's lock and look for
// an idle P in vain.
func nobodyToWake() bool { return gomaxprocs == 1 && sched.npidle.Load() == 0 }
