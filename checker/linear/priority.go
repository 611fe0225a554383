package linear

import (
	"math"
	"slices"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/internal/zones"
)

const byPriority = "best first"

// decidePriority decides a queue that returns the least number first. The numbers are all
// different. The procedure takes each value as early as possible, from the best to the worst, at a
// moment when certainly nothing better is there. A worse item never hinders a better one; an empty
// answer counts as the worst.
//
// A mistake among values that came out is a mistake whatever the unknown dequeues took. These must
// have taken each value that never came out although a worse one did, and must have begun in time
// for that. The procedure lets the dequeues that began first take the values that had to be gone
// first: if that explains the history, it is valid; otherwise porcupine must decide.
//
// A drain takes its items one after another: an item cannot have been taken before the previous
// item of the drain. That can delay a better item, so the procedure repeats until nothing is
// delayed any further.
func decidePriority(k *object) finding {
	return k.inOrder(decideBest)
}

func decideBest(k *object, drains [][]int32) finding {
	q, f := k.readItems()
	switch {
	case f.result != "":
		f.decider = byPriority
		return f
	case q == nil:
		return f
	}
	q.drains = drains
	if f := q.leftBetter(); f.result != "" {
		return f
	}
	best := q.byNumber()
	if len(q.unknown) == 0 {
		return q.bestFirst(best)
	}
	known := slices.DeleteFunc(slices.Clone(best), func(v int32) bool { return q.of[v].out == none })
	if f = q.bestFirst(known); f.result == checker.Violation {
		return f
	}
	overdue, f := q.inTime(q.overdue(best))
	if f.result != "" {
		f.decider = byPriority
		return f
	}
	if q.someTaken(best, overdue) {
		return valid(byPriority)
	}
	return inapplicable("unknown dequeues may have taken something")
}

// numbered is a value, by its place among items, and its number minus the least number.
type numbered struct {
	number uint64
	v      int32
}

// byNumber returns the values that went in, the best first.
func (q *items) byNumber() []int32 {
	least := int64(math.MaxInt64)
	for v := range q.of {
		least = min(least, q.number(int32(v)))
	}
	all := make([]numbered, 0, len(q.of))
	for v := range q.of {
		if q.of[v].in != none {
			all = append(all, numbered{uint64(q.number(int32(v))) - uint64(least), int32(v)})
		}
	}
	best := make([]int32, len(all))
	for i, x := range byDigits(all) {
		best[i] = x.v
	}
	return best
}

// byDigits sorts numbers by their bytes, the lowest byte first. For a million numbers,
// that takes half the time of comparing them.
func byDigits(all []numbered) []numbered {
	most := uint64(0)
	for _, x := range all {
		most = max(most, x.number)
	}
	sorted := make([]numbered, len(all))
	for shift := 0; shift < 64 && most>>shift > 0; shift += 8 {
		var at [256]int32
		for _, x := range all {
			at[uint8(x.number>>shift)]++
		}
		from := int32(0)
		for digit, n := range at {
			at[digit] = from
			from += n
		}
		for _, x := range all {
			digit := uint8(x.number >> shift)
			sorted[at[digit]] = x
			at[digit]++
		}
		all, sorted = sorted, all
	}
	return all
}

// overdue returns the values that certainly went in and never came out, although a
// worse value came out that was asked for later, or nothing was found later.
func (q *items) overdue(best []int32) []forcedDequeue {
	k := q.k
	worse := newLatest(k.ops, len(k.ranks))
	for _, e := range q.empties {
		worse.add(e)
	}
	var overdue []forcedDequeue
	for _, v := range slices.Backward(best) {
		x := &q.of[v]
		if x.out != none {
			worse.add(x.out)
			continue
		}
		d := worse.after(x.inRet)
		if d == none {
			continue
		}
		g := forcedDequeue{item: v, deadline: k.ops[d].ret, shown: []int32{d}}
		if a := k.ops[d].a; a != 0 {
			g.shown = []int32{q.of[q.n.of(a)].in, d}
		}
		overdue = append(overdue, g)
	}
	return overdue
}

// latest finds the operation that ended first among those that began after a rank. It is a tree of
// minima (Fenwick).
type latest struct {
	ops   []op
	first []int32
}

func newLatest(ops []op, ranks int) *latest {
	l := &latest{ops, make([]int32, ranks+1)}
	for i := range l.first {
		l.first[i] = none
	}
	return l
}

func (l *latest) add(i int32) {
	for at := int32(len(l.first)) - l.ops[i].inv; at > 0 && int(at) < len(l.first); at += at & -at {
		l.first[at] = l.sooner(l.first[at], i)
	}
}

func (l *latest) after(rank int32) int32 {
	best := int32(none)
	for at := int32(len(l.first)) - rank - 1; at > 0; at -= at & -at {
		best = l.sooner(best, l.first[at])
	}
	return best
}

func (l *latest) sooner(i, j int32) int32 {
	if i == none || j != none && l.ops[j].ret < l.ops[i].ret {
		return j
	}
	return i
}

// mostTaken is the maximum number of further values for which the search assumes that unknown
// dequeues took them.
const mostTaken = 30

// someTaken reports whether the history is explained if unknown dequeues took the overdue values,
// and some of the other values that are in the way. It tries only one way.
func (q *items) someTaken(best []int32, overdue []forcedDequeue) bool {
	saved := slices.Clone(q.of)
	defer func() { q.of = saved }()
	for i, g := range overdue {
		q.take(g.item, q.unknown[i])
	}
	left := q.unknown[len(overdue):]
	for n := 0; ; n++ {
		f := q.bestFirst(best)
		if f.result == checker.Valid {
			return true
		}
		in := slices.IndexFunc(f.counterexample, func(i int32) bool {
			o := &q.k.ops[i]
			return o.code == enqueue && q.of[q.n.of(o.a)].out == none
		})
		if in < 0 || n == min(mostTaken, len(left)) {
			return false
		}
		q.take(q.n.of(q.k.ops[f.counterexample[in]].a), left[n])
	}
}

// leftBetter looks for a value that a drain took although a better one, which it took
// later, was certainly there.
func (q *items) leftBetter() finding {
	k := q.k
	type taken struct {
		v        int32
		earliest int32 // when it can first have been taken
	}
	for _, is := range q.drains {
		var worse []taken // among those so far, the ones that are worse than all that came out after them
		from := k.ops[is[0]].inv
		for _, i := range is {
			a := k.ops[i].a
			if a == 0 {
				continue
			}
			v := q.n.of(a)
			for n := len(worse); n > 0 && q.number(worse[n-1].v) <= q.number(v); n-- {
				worse = worse[:n-1]
			}
			x := &q.of[v]
			if n := len(worse); n > 0 && x.inRet < worse[n-1].earliest {
				y := &q.of[worse[n-1].v]
				return violation(byPriority, []int32{x.in, x.out, y.in, y.out}, "the drain by %s (%s to %s) took %s before %s, which was better and there all the time: %s",
					k.who(i), k.at(k.ops[i].inv), k.at(k.ops[i].ret), q.name(worse[n-1].v), q.name(v), k.span(x.in))
			}
			from = max(from, x.inInv)
			worse = append(worse, taken{v, from})
		}
	}
	return finding{}
}

// number returns a value's number.
func (q *items) number(v int32) int64 { return q.k.h.values.list[q.n.list[v]].number }

// mostRounds is the maximum number of passes over the values until drains delay nothing
// any more.
const mostRounds = 50

// bestFirst takes the values in order of their numbers, each as early as possible.
func (q *items) bestFirst(best []int32) finding {
	if len(q.drains) == 0 {
		return q.earliest(best, nil)
	}
	at := make([]int32, len(q.of)) // when each can be taken at the earliest
	for v := range q.of {
		at[v] = max(q.of[v].outInv, q.of[v].inInv)
	}
	for range mostRounds {
		q.chain(at)
		before := slices.Clone(at)
		if f := q.earliest(best, at); f.result != checker.Valid {
			return f
		}
		if q.chain(at); slices.Equal(at, before) {
			return q.together(at)
		}
	}
	return inapplicable("what drains took holds up one another")
}

// chain delays each item of a drain until the drain can have taken the previous item, and the end
// of the drain until all its items are out.
func (q *items) chain(at []int32) {
	q.from = map[int32]int32{}
	for _, is := range q.drains {
		from := q.k.ops[is[0]].inv
		for _, i := range is {
			if a := q.k.ops[i].a; a != 0 {
				v := q.n.of(a)
				from = max(from, at[v])
				at[v] = from
			} else {
				q.from[i] = from
			}
		}
	}
}

// together checks the items that a drain took at the same rank: an item that was certainly there
// before must come before all worse ones.
func (q *items) together(at []int32) finding {
	for _, is := range q.drains {
		worst := int32(none) // the worst so far at the same rank
		for _, i := range is {
			a := q.k.ops[i].a
			if a == 0 {
				continue
			}
			v := q.n.of(a)
			switch {
			case worst == none || at[worst] != at[v]:
				worst = v
			case q.number(v) > q.number(worst):
				worst = v
			case q.of[v].inRet < at[v]:
				return violation(byPriority, []int32{q.of[v].in, i, q.of[worst].in, q.of[worst].out}, "")
			}
		}
	}
	return valid(byPriority)
}

// earliest takes each value as early as possible, but not before its time in at, and
// stores the time in at.
func (q *items) earliest(best, at []int32) finding {
	k := q.k
	b := &busy{make([]int32, 0, len(best)), make([]zones.Presence, 0, len(best)), zones.NewFree(len(k.ranks) + 2)}
	for _, v := range best {
		x := &q.of[v]
		if x.out == none {
			b.add(v, x.inRet, int32(len(k.ranks)), never)
			continue
		}
		could := max(x.outInv, x.inInv)
		from := could
		if at != nil {
			from = max(from, at[v])
		}
		p := b.free(from)
		if p > x.outRet {
			return q.worse(x.out, from, b, v)
		}
		if at != nil {
			at[v] = p
		}
		if p > x.inRet {
			b.add(v, x.inRet, p, could)
		}
	}
	for _, e := range q.empties {
		if from := q.begin(e); b.free(from) > k.ops[e].ret {
			return q.worse(e, from, b, none)
		}
	}
	return valid(byPriority)
}

// busy has the values that were there, the best first, and when each certainly was.
type busy struct {
	best  []int32
	there []zones.Presence // by place in best
	steps *zones.Free      // from one rank to the next
}

func (b *busy) add(v, from, to, could int32) {
	b.there = append(b.there, zones.Presence{From: from, To: to, Could: could, Better: int32(len(b.there))})
	b.best = append(b.best, v)
	b.steps.Take(from, to)
}

// free returns the first rank from a rank on at which nothing was there.
func (b *busy) free(rank int32) int32 {
	if rank == 0 {
		return rank
	}
	return max(rank, b.steps.From(rank-1))
}

// worse reports a dequeue, of v or of nothing, such that something better was there from a rank
// until its end.
func (q *items) worse(d, from int32, b *busy, v int32) finding {
	k := q.k
	counterexample := []int32{d}
	if v != none {
		counterexample = append(counterexample, q.of[v].in)
	}
	var names []int32
	for _, i := range zones.Cover(b.there, int32(len(b.there)), from, k.ops[d].ret, nil) {
		v := b.best[i]
		names = append(names, q.of[v].in)
		counterexample = append(counterexample, q.of[v].in, q.of[v].out)
	}
	if q.drains != nil {
		return violation(byPriority, counterexample, "")
	}
	return violation(byPriority, counterexample, "during %s something better was there all the time: %s", k.span(d), k.spans(names))
}
