package linear

import (
	"cmp"
	"slices"

	"github.com/zklab/zklab/checker"
)

const byPriority = "best first"

// A queue that gives the least number first, of numbers that are all different,
// is decided from the best to the worst: each is taken as early as it can be,
// at a moment when nothing better is there for certain. A worse item never
// hinders a better one; that the queue was found empty counts as the worst.
//
// What is wrong without the values that unknown dequeues may have taken is wrong.
// They must have taken what never came out though something worse did, and have
// begun in time for that. The first to begin take what had to be gone first: if
// that explains the history, it is valid; else a search must say.
func decidePriority(k *object) finding {
	q, f := k.readItems()
	switch {
	case f.result != "":
		f.decider = byPriority
		return f
	case q == nil:
		return f
	}
	best := make([]int32, 0, len(q.in))
	for v, in := range q.in {
		if in != none {
			best = append(best, int32(v))
		}
	}
	number := func(v int32) int64 { return k.h.values.list[q.n.list[v]].number }
	slices.SortFunc(best, func(x, y int32) int { return cmp.Compare(number(x), number(y)) })
	if len(q.unknown) == 0 {
		return q.bestFirst(best)
	}
	known := slices.DeleteFunc(slices.Clone(best), func(v int32) bool { return q.out[v] == none })
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

// overdue are the values that went in for certain and never came out, though
// something worse did that was asked for later, or nothing was found.
func (q *items) overdue(best []int32) []goner {
	k := q.k
	worse := newLatest(k.ops, len(k.ranks))
	for _, e := range q.empties {
		worse.add(e)
	}
	var overdue []goner
	for _, v := range slices.Backward(best) {
		in, out := q.in[v], q.out[v]
		if out != none {
			worse.add(out)
			continue
		}
		d := worse.after(k.ops[in].ret)
		if d == none {
			continue
		}
		g := goner{item: v, deadline: k.ops[d].ret, shown: []int32{d}}
		if a := k.ops[d].a; a != 0 {
			g.shown = []int32{q.in[q.n.of(a)], d}
		}
		overdue = append(overdue, g)
	}
	return overdue
}

// latest finds, of operations that began after a rank, the one that ended first.
// It is a tree of minima (Fenwick).
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

// mostTaken is how many values more are tried as taken by unknown dequeues.
const mostTaken = 30

// someTaken says whether it explains the history that unknown dequeues took
// what is overdue, and some of what else is in the way: it tries one way only.
func (q *items) someTaken(best []int32, overdue []goner) bool {
	saved := slices.Clone(q.out)
	defer func() { q.out = saved }()
	for i, g := range overdue {
		q.out[g.item] = q.unknown[i]
	}
	left := q.unknown[len(overdue):]
	for n := 0; ; n++ {
		f := q.bestFirst(best)
		if f.result == checker.Valid {
			return true
		}
		in := slices.IndexFunc(f.witness, func(i int32) bool {
			o := &q.k.ops[i]
			return o.code == enqueue && q.out[q.n.of(o.a)] == none
		})
		if in < 0 || n == min(mostTaken, len(left)) {
			return false
		}
		q.out[q.n.of(q.k.ops[f.witness[in]].a)] = left[n]
	}
}

// bestFirst takes the values in order of their numbers, each as early as it can be.
func (q *items) bestFirst(best []int32) finding {
	k := q.k
	b := newBusy(len(k.ranks))
	var there []stay
	for _, v := range best {
		in := &k.ops[q.in[v]]
		if q.out[v] == none {
			there = append(there, stay{v, in.ret, int32(len(k.ranks))})
			b.add(in.ret, int32(len(k.ranks)))
			continue
		}
		out := &k.ops[q.out[v]]
		p := b.free(max(out.inv, in.inv))
		if p > out.ret {
			return q.worse(q.out[v], there, v)
		}
		if p > in.ret {
			there = append(there, stay{v, in.ret, p})
			b.add(in.ret, p)
		}
	}
	for _, e := range q.empties {
		if b.free(k.ops[e].inv) > k.ops[e].ret {
			return q.worse(e, there, none)
		}
	}
	return valid(byPriority)
}

// worse tells of a dequeue, of v or of nothing, during which there always was
// something better. there is until when each value was there.
func (q *items) worse(d int32, there []stay, v int32) finding {
	k := q.k
	from := k.ops[d].inv
	witness := []int32{d}
	if v != none {
		from = max(from, k.ops[q.in[v]].inv)
		witness = append(witness, q.in[v])
	}
	chosen := q.cover(there, from, k.ops[d].ret, nil)
	var names []int32
	for _, x := range chosen {
		names = append(names, q.in[x])
		witness = append(witness, q.in[x], q.out[x])
	}
	return violation(byPriority, witness, "during %s something better was there all the time: %s", k.span(d), k.spans(names))
}

// stay is how long a value was there for certain.
type stay struct{ v, from, to int32 }

// cover chooses values that were there, one after another, from one rank to
// another; and where one of them was there for longer than its own dequeue
// tells, the better ones that held that up.
func (q *items) cover(there []stay, from, to int32, chosen []int32) []int32 {
	for at := from; at <= to; {
		best := none
		for i := range there {
			if s := &there[i]; s.from < at && s.to > at && (best == none || s.to > there[best].to) {
				best = i
			}
		}
		if best == none {
			return chosen // cannot be
		}
		s := there[best]
		if !slices.Contains(chosen, s.v) {
			chosen = append(chosen, s.v)
			if out := q.out[s.v]; out != none {
				if could := max(q.k.ops[out].inv, q.k.ops[q.in[s.v]].inv); could < min(s.to, to) {
					chosen = q.cover(there[:best], could, s.to-1, chosen)
				}
			}
		}
		at = s.to
	}
	return chosen
}

// busy is a union of open intervals between ranks, kept as the steps from one
// rank to the next that they cover.
type busy struct {
	next []int32 // of a covered step: a later one, towards the first that is not
}

func newBusy(ranks int) *busy {
	b := &busy{next: make([]int32, ranks+2)}
	for i := range b.next {
		b.next[i] = int32(i)
	}
	return b
}

// find is the first step from step i on that is not covered.
func (b *busy) find(i int32) int32 {
	for b.next[i] != i {
		b.next[i] = b.next[b.next[i]]
		i = b.next[i]
	}
	return i
}

// add covers what is between two ranks.
func (b *busy) add(from, to int32) {
	for i := b.find(from); i < to; i = b.find(i + 1) {
		b.next[i] = i + 1
	}
}

// free is the first rank from a rank on that is not within an interval.
func (b *busy) free(rank int32) int32 {
	if rank == 0 || b.next[rank-1] == rank-1 {
		return rank
	}
	return b.find(rank)
}
