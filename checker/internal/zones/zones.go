package zones

import (
	"fmt"
	"slices"
	"strings"
)

// chains are the chains of a register's values.
type chains struct {
	r       *Register
	ops     []Op
	initial int32 // the value at first
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
	start int32 // its first value
	first int32 // the operation that ended first; none: the initial value
	last  int32 // the operation that began last
	f, s  int32
}

// Decide decides the register. It takes time in proportion to n log n.
func (r *Register) Decide() Finding {
	c := &chains{r: r, ops: r.Ops, initial: r.Initial}
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
	return Finding{Result: Explained}
}

// collect finds what belongs to each value.
func (c *chains) collect() (Finding, bool) {
	size := c.r.Values
	all := make([]int32, 4*size)
	for i := range all {
		all[i] = none
	}
	c.writer, c.next, c.first, c.last = all[:size], all[size:2*size], all[2*size:3*size], all[3*size:]
	c.see(size)
	for i := range c.ops {
		o := &c.ops[i]
		if v, ok := o.Effect(); ok {
			if o.Unknown() && !c.seen[v] {
				continue // it may never have happened
			}
			if v == c.initial || c.writer[v] != none {
				return Finding{Result: Inapplicable, Reason: fmt.Sprintf("the value %s was written more than once", c.value(v))}, true
			}
			c.writer[v] = int32(i)
		}
	}
	for i := range c.ops {
		if f, done := c.observe(int32(i)); done {
			return f, true
		}
	}
	return Finding{}, false
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
	for i := range c.ops {
		o := &c.ops[i]
		switch v, ok := o.observes(); {
		case !ok:
		case !o.Unknown():
			mark(v)
		case o.Kind == CAS && o.A != o.B:
			if made == nil {
				made = make([]int32, size)
				for i := range made {
					made[i] = none
				}
			}
			made[o.B] = int32(i)
		}
	}
	for len(todo) > 0 && made != nil {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if i := made[v]; i != none {
			mark(c.ops[i].A)
		}
	}
}

// observe puts a read, or the reading half of a compare-and-set, to its value.
func (c *chains) observe(i int32) (Finding, bool) {
	o := &c.ops[i]
	v, ok := o.observes()
	if !ok {
		return Finding{}, false
	}
	made, makes := o.Effect()
	if o.Unknown() && (!makes || c.writer[made] != i) {
		return Finding{}, false
	}
	if c.writer[v] == none && v != c.initial {
		return violation([]int32{i}, "%s found %s, which nobody had written (the register began as %s)", c.r.Span(i), c.value(v), c.value(c.initial)), true
	}
	if makes {
		if other := c.next[v]; other != none {
			return violation([]int32{i, other, c.writer[v]}, "%s and %s both found %s, which was written once and was gone after the first of them", c.r.Span(other), c.r.Span(i), c.value(v)), true
		}
		c.next[v] = i
		return Finding{}, false
	}
	if c.first[v] == none || o.Ret < c.ops[c.first[v]].Ret {
		c.first[v] = i
	}
	if c.last[v] == none || o.Inv > c.ops[c.last[v]].Inv {
		c.last[v] = i
	}
	return Finding{}, false
}

// walk follows every chain from its beginning, and checks the order within.
func (c *chains) walk() ([]chain, Finding, bool) {
	var all []chain
	written, visited := 0, 0
	for v := range c.writer {
		w := c.writer[v]
		if w != none {
			written++
		}
		if int32(v) != c.initial && (w == none || c.ops[w].Kind == CAS) {
			continue
		}
		z := chain{start: int32(v), first: none, last: none, f: Never, s: -1}
		if int32(v) == c.initial {
			z.f = -1
		}
		for v := int32(v); ; v = c.ops[c.next[v]].B {
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
	return all, Finding{}, false
}

// enter adds operations that come next in a chain: the one that ended first
// and the one that began last of them.
func (c *chains) enter(z *chain, v, first, last int32) (Finding, bool) {
	ops := c.ops
	if z.last != none && ops[first].Ret < z.s {
		return c.backwards(z.last, first, v), true
	}
	if ops[first].Ret < z.f {
		z.first, z.f = first, ops[first].Ret
	}
	if ops[last].Inv > z.s {
		z.last, z.s = last, ops[last].Inv
	}
	return Finding{}, false
}

// backwards tells of an operation that ended before an earlier one in its chain
// began.
func (c *chains) backwards(earlier, later, v int32) Finding {
	witness := c.link(c.valueOf(earlier), v)
	return violation(append(witness, earlier, later), "%s had ended before %s began, though %s",
		c.r.Span(later), c.r.Span(earlier), c.because(earlier, later))
}

// because says why an operation must come before another of its chain.
func (c *chains) because(earlier, later int32) string {
	o := &c.ops[later]
	switch {
	case o.Kind == CAS && o.A != o.B && c.valueOf(earlier) == o.A:
		return "it took away the value " + c.value(o.A) + " that the other needs"
	case c.writer[c.valueOf(later)] == earlier:
		return "it needs the value " + c.value(o.A) + " that the other makes"
	}
	return "the values were made from one another in the other order"
}

// valueOf is the value that an operation belongs to in its chain.
func (c *chains) valueOf(i int32) int32 {
	if v, ok := c.ops[i].Effect(); ok {
		return v
	}
	return c.ops[i].A
}

// link are the writers of the values from one to another in a chain, whichever
// comes first; the first one's included.
func (c *chains) link(v, w int32) []int32 {
	for range 2 {
		var is []int32
		for at, steps := v, 0; steps <= c.r.Values; steps++ {
			if c.writer[at] != none {
				is = append(is, c.writer[at])
			}
			if at == w {
				return is
			}
			if c.next[at] == none {
				break
			}
			at = c.ops[c.next[at]].B
		}
		v, w = w, v
	}
	return nil
}

// circle tells of values that were made from one another only.
func (c *chains) circle() Finding {
	on := make([]bool, c.r.Values)
	for v := range c.writer { // what a beginning leads to
		if w := c.writer[v]; int32(v) == c.initial || w != none && c.ops[w].Kind == Write {
			for at := int32(v); !on[at]; at = c.ops[c.next[at]].B {
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
		for at := int32(v); !on[at]; at = c.ops[c.writer[at]].A {
			on[at] = true
			witness = append(witness, c.writer[at])
		}
		return violation(witness, "each of these compare-and-sets needs the value that another one made, and none can be the first: %s", c.spans(witness))
	}
	return Finding{}
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
func (c *chains) conflict(a, b chain) Finding {
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
			return "the value at first, " + c.value(c.initial) + ", was there before " + c.r.Span(y)
		}
		return c.r.Span(x) + " had ended before " + c.r.Span(y) + " began"
	}
	return violation(witness, "%s, and %s; so %s was there both before and after %s, though it was written once",
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
		return c.value(from)
	}
	return "what links " + c.value(from) + " and " + c.value(to)
}

func (c *chains) began(i int32) int32 { return c.ops[i].Inv }

func (c *chains) ended(i int32) int32 {
	if i == none {
		return -1
	}
	return c.ops[i].Ret
}

// nearest finds in a chain an operation that ended before s and one that began
// after f, as near to each other as there are.
func (c *chains) nearest(start, s, f int32) (early, late int32) {
	early, late = none, none
	best := c.r.Values + 1
	lastEarly, lastLate := none, none
	earlyAt, lateAt := -best, -best
	ops := c.ops
	consider := func(at int, first, last int32) {
		if ops[first].Ret < s {
			lastEarly, earlyAt = int(first), at
		}
		if ops[last].Inv > f {
			lastLate, lateAt = int(last), at
		}
		if d := max(earlyAt, lateAt) - min(earlyAt, lateAt); lateAt >= 0 && earlyAt > -c.r.Values-1 && d < best {
			best, early, late = d, int32(lastEarly), int32(lastLate)
		}
	}
	if start == c.initial {
		earlyAt = -1
	}
	for v, at := start, 0; ; v, at = ops[c.next[v]].B, at+1 {
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

func (c *chains) value(v int32) string { return c.r.Value(v) }

// spans joins operations.
func (c *chains) spans(is []int32) string {
	const some = 6
	var parts []string
	for n, i := range is {
		if n == some {
			parts = append(parts, fmt.Sprintf("%d more", len(is)-some))
			break
		}
		parts = append(parts, c.r.Span(i))
	}
	return strings.Join(parts, ", ")
}

func violation(witness []int32, format string, args ...any) Finding {
	witness = slices.DeleteFunc(witness, func(i int32) bool { return i == none })
	slices.Sort(witness)
	return Finding{Violated, fmt.Sprintf(format, args...), slices.Compact(witness)}
}
