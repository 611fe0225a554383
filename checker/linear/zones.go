package linear

import (
	"slices"
)

const byZones = "chains and zones"

// A register whose values are all different is decided by chains and their
// zones (Gibbons and Korach 1997, extended to compare-and-set). A chain is a
// value with its reads, the value that a compare-and-set made of it with its
// reads, and so on: nothing else can come between them. Of a chain, f is when
// the first of its operations has ended, s when the last begins: if f < s the
// chain fills the time between. Two chains contradict each other iff each has
// something that ended before something of the other began.
type chains struct {
	k       *object
	n       *numbers
	initial int32 // number of the value at first
	// by value
	writer []int32 // the operation that wrote it, none
	next   []int32 // the compare-and-set from it, none
	first  []int32 // of its reads, the one that ended first, none
	last   []int32 // of its reads, the one that began last, none
	seen   []bool  // it was there for certain
}

const none = -1

// chain is a chain's extent.
type chain struct {
	start int32 // its first value, as a number
	first int32 // the operation that ended first; none: the initial value
	last  int32 // the operation that began last
	f, s  int32
}

func decideRegister(k *object) finding {
	for i := range k.ops {
		switch k.ops[i].code {
		case mismatch:
			return inapplicable("failed compare-and-sets say what the value was not")
		case extend:
			return decideAppends(k)
		}
	}
	c := &chains{k: k, n: k.numbers()}
	if f, done := c.collect(); done {
		return f
	}
	all, f, done := c.walk()
	if done {
		return f
	}
	if a, b, conflict := conflicting(all); conflict {
		return c.conflict(a, b)
	}
	return valid(byZones)
}

// effect is the value that an operation writes; false if it writes none.
func effect(o *op) (int32, bool) {
	switch {
	case o.code == write:
		return o.a, true
	case o.code == cas && o.a != o.b:
		return o.b, true
	}
	return 0, false
}

// observes is the value that an operation finds; false if it finds none. A
// compare-and-set of a value to itself is a read.
func observes(o *op) (int32, bool) {
	return o.a, o.code == read || o.code == cas
}

// collect finds what belongs to each value.
func (c *chains) collect() (finding, bool) {
	k := c.k
	c.initial = c.n.of(k.initial)
	for i := range k.ops {
		c.n.of(k.ops[i].a)
		if k.ops[i].code == cas {
			c.n.of(k.ops[i].b)
		}
	}
	size := len(c.n.list)
	all := make([]int32, 4*size)
	for i := range all {
		all[i] = none
	}
	c.writer, c.next, c.first, c.last = all[:size], all[size:2*size], all[2*size:3*size], all[3*size:]
	c.see(size)
	for i := range k.ops {
		o := &k.ops[i]
		if v, ok := effect(o); ok {
			v := c.n.of(v)
			if o.unknown() && !c.seen[v] {
				continue // it may never have happened
			}
			if v == c.initial || c.writer[v] != none {
				return inapplicable("the value %s was written more than once", k.value(c.n.list[v])), true
			}
			c.writer[v] = int32(i)
		}
	}
	for i := range k.ops {
		if f, done := c.observe(int32(i)); done {
			return f, true
		}
	}
	return finding{}, false
}

// see finds the values that were there for certain: those that were read, or
// compared with, also by an unknown compare-and-set whose own value was there.
func (c *chains) see(size int) {
	c.seen = make([]bool, size)
	var made []int32 // by value: an unknown compare-and-set that may have made it
	var todo []int32
	mark := func(v int32) {
		if !c.seen[v] {
			c.seen[v] = true
			todo = append(todo, v)
		}
	}
	for i := range c.k.ops {
		o := &c.k.ops[i]
		switch v, ok := observes(o); {
		case !ok:
		case !o.unknown():
			mark(c.n.of(v))
		case o.code == cas && o.a != o.b:
			if made == nil {
				made = make([]int32, size)
				for i := range made {
					made[i] = none
				}
			}
			made[c.n.of(o.b)] = int32(i)
		}
	}
	for len(todo) > 0 && made != nil {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if i := made[v]; i != none {
			mark(c.n.of(c.k.ops[i].a))
		}
	}
}

// observe puts a read, or the reading half of a compare-and-set, to its value.
func (c *chains) observe(i int32) (finding, bool) {
	k, o := c.k, &c.k.ops[i]
	found, ok := observes(o)
	if !ok {
		return finding{}, false
	}
	v := c.n.of(found)
	made, makes := effect(o)
	if o.unknown() && (!makes || c.writer[c.n.of(made)] != i) {
		return finding{}, false
	}
	if c.writer[v] == none && v != c.initial {
		return violation(byZones, []int32{i}, "%s found %s, which nobody had written (the register began as %s)", k.span(i), k.value(found), k.value(k.initial)), true
	}
	if makes {
		if other := c.next[v]; other != none {
			return violation(byZones, []int32{i, other, c.writer[v]}, "%s and %s both found %s, which was written once and was gone after the first of them", k.span(other), k.span(i), k.value(found)), true
		}
		c.next[v] = i
		return finding{}, false
	}
	if c.first[v] == none || o.ret < k.ops[c.first[v]].ret {
		c.first[v] = i
	}
	if c.last[v] == none || o.inv > k.ops[c.last[v]].inv {
		c.last[v] = i
	}
	return finding{}, false
}

// walk follows every chain from its beginning, and checks the order within.
func (c *chains) walk() ([]chain, finding, bool) {
	k := c.k
	var all []chain
	written, visited := 0, 0
	for v := range c.writer {
		w := c.writer[v]
		if w != none {
			written++
		}
		if int32(v) != c.initial && (w == none || k.ops[w].code == cas) {
			continue
		}
		z := chain{start: int32(v), first: none, last: none, f: never, s: -1}
		if int32(v) == c.initial {
			z.f = -1
		}
		for v := int32(v); ; v = c.n.of(k.ops[c.next[v]].b) {
			if w := c.writer[v]; w != none {
				visited++
				if f, done := c.enter(&z, v, w, w); done {
					return nil, f, true
				}
			}
			if c.first[v] != none {
				if f, done := c.enter(&z, v, c.first[v], c.last[v]); done {
					return nil, f, true
				}
			}
			if c.next[v] == none {
				break
			}
		}
		all = append(all, z)
	}
	if visited < written {
		return nil, c.circle(), true
	}
	return all, finding{}, false
}

// enter adds operations that come next in a chain: the one that ended first
// and the one that began last of them.
func (c *chains) enter(z *chain, v, first, last int32) (finding, bool) {
	ops := c.k.ops
	if z.last != none && ops[first].ret < z.s {
		return c.backwards(z.last, first, v), true
	}
	if ops[first].ret < z.f {
		z.first, z.f = first, ops[first].ret
	}
	if ops[last].inv > z.s {
		z.last, z.s = last, ops[last].inv
	}
	return finding{}, false
}

// backwards tells of an operation that ended before an earlier one in its chain
// began.
func (c *chains) backwards(earlier, later, v int32) finding {
	k := c.k
	witness := c.link(c.valueOf(earlier), v)
	return violation(byZones, append(witness, earlier, later), "%s had ended before %s began, though %s",
		k.span(later), k.span(earlier), c.because(earlier, later))
}

// because says why an operation must come before another of its chain.
func (c *chains) because(earlier, later int32) string {
	k, o := c.k, &c.k.ops[later]
	switch {
	case o.code == cas && o.a != o.b && c.valueOf(earlier) == c.n.of(o.a):
		return "it took away the value " + k.value(o.a) + " that the other needs"
	case c.writer[c.valueOf(later)] == earlier:
		return "it needs the value " + k.value(o.a) + " that the other makes"
	}
	return "the values were made from one another in the other order"
}

// valueOf is the value that an operation belongs to in its chain.
func (c *chains) valueOf(i int32) int32 {
	if v, ok := effect(&c.k.ops[i]); ok {
		return c.n.of(v)
	}
	return c.n.of(c.k.ops[i].a)
}

// link are the writers of the values from one to another in a chain, whichever
// comes first; the first one's included.
func (c *chains) link(v, w int32) []int32 {
	for range 2 {
		var is []int32
		for at, steps := v, 0; steps <= len(c.n.list); steps++ {
			if c.writer[at] != none {
				is = append(is, c.writer[at])
			}
			if at == w {
				return is
			}
			if c.next[at] == none {
				break
			}
			at = c.n.of(c.k.ops[c.next[at]].b)
		}
		v, w = w, v
	}
	return nil
}

// circle tells of values that were made from one another only.
func (c *chains) circle() finding {
	on := make([]bool, len(c.n.list))
	for v := range c.writer { // what a beginning leads to
		if w := c.writer[v]; int32(v) == c.initial || w != none && c.k.ops[w].code == write {
			for at := int32(v); !on[at]; at = c.n.of(c.k.ops[c.next[at]].b) {
				on[at] = true
				if c.next[at] == none {
					break
				}
			}
		}
	}
	for v := range c.writer {
		if c.writer[v] == none || on[v] {
			continue
		}
		var witness []int32
		for at := int32(v); !on[at]; at = c.n.of(c.k.ops[c.writer[at]].a) {
			on[at] = true
			witness = append(witness, c.writer[at])
		}
		return violation(byZones, witness, "each of these compare-and-sets needs the value that another one made, and none can be the first: %s", c.k.spans(witness))
	}
	return finding{}
}

// conflicting finds two chains of which each has something that ended before
// something of the other began.
func conflicting(all []chain) (a, b chain, found bool) {
	var forward []chain
	for _, z := range all {
		if z.f < z.s {
			forward = append(forward, z)
		}
	}
	slices.SortFunc(forward, func(x, y chain) int { return int(x.f) - int(y.f) })
	for i := 1; i < len(forward); i++ {
		if forward[i].f < forward[i-1].s {
			return forward[i-1], forward[i], true
		}
	}
	for _, z := range all {
		if z.f < z.s {
			continue
		}
		i, _ := slices.BinarySearchFunc(forward, z.s, func(x chain, s int32) int { return int(x.f) - int(s) })
		if i > 0 && z.f < forward[i-1].s {
			return forward[i-1], z, true
		}
	}
	return a, b, false
}

// conflict tells of two chains. Of a long chain the nearest two operations that
// show it are taken.
func (c *chains) conflict(a, b chain) finding {
	k := c.k
	aFirst, aLast := c.nearest(a.start, b.s, b.f)
	bFirst, bLast := c.nearest(b.start, c.began(aLast), c.ended(aFirst))
	var witness []int32
	for _, pair := range [][2]int32{{aFirst, aLast}, {bFirst, bLast}} {
		for _, i := range pair {
			if i != none {
				witness = append(witness, i)
			}
		}
		from, to := c.initial, c.initial
		if pair[0] != none {
			from = c.valueOf(pair[0])
		}
		if pair[1] != none {
			to = c.valueOf(pair[1])
		}
		witness = append(witness, c.link(from, to)...)
	}
	before := func(x, y int32) string {
		if x == none {
			return "the value at first, " + k.value(k.initial) + ", was there before " + k.span(y)
		}
		return k.span(x) + " had ended before " + k.span(y) + " began"
	}
	return violation(byZones, witness, "%s, and %s; so %s was there both before and after %s, though it was written once",
		before(aFirst, bLast), before(bFirst, aLast), c.named(aFirst, aLast), c.named(bFirst, bLast))
}

// named is what two operations of a chain are about.
func (c *chains) named(x, y int32) string {
	from, to := c.initial, c.initial
	if x != none {
		from = c.valueOf(x)
	}
	if y != none {
		to = c.valueOf(y)
	}
	if from == to {
		return c.k.value(c.n.list[from])
	}
	return "what links " + c.k.value(c.n.list[from]) + " and " + c.k.value(c.n.list[to])
}

func (c *chains) began(i int32) int32 { return c.k.ops[i].inv }

func (c *chains) ended(i int32) int32 {
	if i == none {
		return -1
	}
	return c.k.ops[i].ret
}

// nearest finds in a chain an operation that ended before s and one that began
// after f, as near to each other as there are.
func (c *chains) nearest(start, s, f int32) (early, late int32) {
	early, late = none, none
	best := len(c.n.list) + 1
	lastEarly, lastLate := none, none
	earlyAt, lateAt := -best, -best
	ops := c.k.ops
	consider := func(at int, first, last int32) {
		if ops[first].ret < s {
			lastEarly, earlyAt = int(first), at
		}
		if ops[last].inv > f {
			lastLate, lateAt = int(last), at
		}
		if d := max(earlyAt, lateAt) - min(earlyAt, lateAt); lateAt >= 0 && earlyAt > -len(c.n.list)-1 && d < best {
			best, early, late = d, int32(lastEarly), int32(lastLate)
		}
	}
	if start == c.initial {
		earlyAt = -1
	}
	for v, at := start, 0; ; v, at = c.n.of(ops[c.next[v]].b), at+1 {
		if w := c.writer[v]; w != none {
			consider(at, w, w)
		}
		if c.first[v] != none {
			consider(at, c.first[v], c.last[v])
		}
		if c.next[v] == none {
			return early, late
		}
	}
}
