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
	initial int32   // the value at first
	of      []value // by value
	written int     // values with a writer
	starts  int     // those of which a chain may start
	most    int32   // the last invocation
	again   int32   // a compare-and-set from a value that another one took, none
	scratch *Scratch
}

// value is what belongs to a value: operations, none.
type value struct {
	writer int32 // that wrote it
	next   int32 // the compare-and-set from it
	first  int32 // of its reads, the one that ended first
	last   int32 // of its reads, the one that began last
}

const none = -1

// chain is a chain's extent.
type chain struct {
	start int32 // its first value
	first int32 // the operation that ended first; none: the initial value
	last  int32 // the operation that began last
	f, s  int32
}

// Decide decides the register, in time in proportion to its operations, its
// values and the greatest Inv.
func (r *Register) Decide() Finding {
	c := &chains{r: r, ops: r.Ops, initial: r.Initial, again: none, scratch: r.Scratch}
	if c.scratch == nil {
		c.scratch = &Scratch{}
	}
	if f, done := c.collect(); done {
		return f
	}
	all, f, done := c.walk()
	if done {
		return f
	}
	if a, b := c.conflicting(all); a != nil {
		return c.conflict(*a, *b)
	}
	return Finding{Result: Explained}
}

// sized is memory for some elements, whatever is in it.
func sized[T any](of *[]T, n int) []T {
	if cap(*of) < n {
		*of = make([]T, n)
	}
	return (*of)[:n]
}

// collect finds what belongs to each value.
func (c *chains) collect() (Finding, bool) {
	c.of = sized(&c.scratch.values, c.r.Values)
	for v := range c.of {
		c.of[v] = value{none, none, none, none}
	}
	c.starts = 1
	var maybe []int32 // writes and compare-and-sets that may have happened
	for i := range c.ops {
		o := &c.ops[i]
		c.most = max(c.most, o.Inv)
		if !o.Unknown() {
			if f, done := c.put(int32(i)); done {
				return f, true
			}
		} else if _, makes := o.Effect(); makes {
			maybe = append(maybe, int32(i))
		}
	}
	for _, i := range c.happened(maybe) {
		if f, done := c.put(i); done {
			return f, true
		}
	}
	for v := range c.of {
		if x := &c.of[v]; x.writer == none && int32(v) != c.initial && (x.first != none || x.next != none) {
			return c.invented(int32(v)), true
		}
	}
	if c.again != none {
		return c.twice(c.again), true
	}
	return Finding{}, false
}

// invented tells of a value that nobody had written.
func (c *chains) invented(v int32) Finding {
	i := c.of[v].first
	if i == none {
		i = c.of[v].next
	}
	return violation([]int32{i}, "%s found %s, which nobody had written (the register began as %s)", c.r.Span(i), c.value(v), c.value(c.initial))
}

// twice tells of a compare-and-set from a value that another one took away.
func (c *chains) twice(i int32) Finding {
	v := c.ops[i].A
	x := c.of[v]
	return violation([]int32{x.next, i, x.writer}, "%s and %s both found %s, which was written once and was gone after the first of them", c.r.Span(x.next), c.r.Span(i), c.value(v))
}

// happened are those of some operations with an unknown outcome that did happen:
// their value was read, or compared with, also by another one of them.
func (c *chains) happened(maybe []int32) []int32 {
	if len(maybe) == 0 {
		return nil
	}
	maker, seen := make([]int32, len(c.of)), make([]bool, len(c.of))
	for v := range maker {
		maker[v] = none
	}
	var todo []int32 // values that were seen
	see := func(v int32) {
		if !seen[v] {
			seen[v] = true
			todo = append(todo, v)
		}
	}
	for _, i := range maybe {
		v, _ := c.ops[i].Effect()
		if maker[v] = i; c.of[v].first != none || c.of[v].next != none {
			see(v)
		}
	}
	for len(todo) > 0 {
		i := maker[todo[len(todo)-1]]
		todo = todo[:len(todo)-1]
		if i != none {
			if v, finds := c.ops[i].observes(); finds {
				see(v)
			}
		}
	}
	return slices.DeleteFunc(maybe, func(i int32) bool {
		v, _ := c.ops[i].Effect()
		return !seen[v]
	})
}

// put puts an operation that happened to the values that it makes and finds.
func (c *chains) put(i int32) (Finding, bool) {
	o := &c.ops[i]
	made, makes := o.Effect()
	if makes {
		x := &c.of[made]
		if made == c.initial || x.writer != none {
			return Finding{Result: Inapplicable, Reason: fmt.Sprintf("the value %s was written more than once", c.value(made))}, true
		}
		x.writer = i
		c.written++
		if o.Kind == Write {
			c.starts++
		}
	}
	v, finds := o.observes()
	if !finds {
		return Finding{}, false
	}
	x := &c.of[v]
	if makes {
		if x.next == none {
			x.next = i
		} else {
			c.again = i
		}
		return Finding{}, false
	}
	if x.first == none || o.Ret < c.ops[x.first].Ret {
		x.first = i
	}
	if x.last == none || o.Inv > c.ops[x.last].Inv {
		x.last = i
	}
	return Finding{}, false
}

// walk follows every chain from its beginning, and checks the order within.
func (c *chains) walk() ([]chain, Finding, bool) {
	all := sized(&c.scratch.chains, c.starts)[:0]
	visited := 0
	for v := range c.of {
		w := c.of[v].writer
		if int32(v) != c.initial && (w == none || c.ops[w].Kind == CAS) {
			continue
		}
		z := chain{start: int32(v), first: none, last: none, f: Never, s: -1}
		if int32(v) == c.initial {
			z.f = -1
		}
		for v := int32(v); ; {
			x := &c.of[v]
			if x.writer != none {
				visited++
				if f, done := c.enter(&z, v, x.writer, x.writer); done {
					return nil, f, true
				}
			}
			if x.first != none {
				if f, done := c.enter(&z, v, x.first, x.last); done {
					return nil, f, true
				}
			}
			if x.next == none {
				break
			}
			v = c.ops[x.next].B
		}
		all = append(all, z)
	}
	if visited < c.written {
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
	case c.of[c.valueOf(later)].writer == earlier:
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
			if c.of[at].writer != none {
				is = append(is, c.of[at].writer)
			}
			if at == w {
				return is
			}
			if c.of[at].next == none {
				break
			}
			at = c.ops[c.of[at].next].B
		}
		v, w = w, v
	}
	return nil
}

// circle tells of values that were made from one another only.
func (c *chains) circle() Finding {
	on := make([]bool, c.r.Values)
	for v := range c.of { // what a beginning leads to
		if w := c.of[v].writer; int32(v) == c.initial || w != none && c.ops[w].Kind == Write {
			for at := int32(v); !on[at]; at = c.ops[c.of[at].next].B {
				on[at] = true
				if c.of[at].next == none {
					break
				}
			}
		}
	}
	for v := range c.of {
		if c.of[v].writer == none || on[v] {
			continue
		}
		var witness []int32
		for at := int32(v); !on[at]; at = c.ops[c.of[at].writer].A {
			on[at] = true
			witness = append(witness, c.of[at].writer)
		}
		return violation(witness, "each of these compare-and-sets needs the value that another one made, and none can be the first: %s", c.spans(witness))
	}
	return Finding{}
}

// conflicting finds two chains of which each has something that ended before
// something of the other began.
func (c *chains) conflicting(all []chain) (a, b *chain) {
	// By f + 1: a chain that fills a time. Two of one f contradict each other, two
	// of them in order do if one begins within the other.
	filling := sized(&c.scratch.filling, int(c.most)+2) // place in all + 1
	clear(filling)
	for i := range all {
		z := &all[i]
		if z.f >= z.s {
			continue
		}
		same := &filling[z.f+1]
		if *same != 0 {
			return &all[*same-1], z
		}
		*same = int32(i) + 1
	}
	before := int32(0)
	for i, at := range filling { // which then has the last that begins by then
		switch {
		case at == 0:
			filling[i] = before
			continue
		case before != 0 && all[at-1].f < all[before-1].s:
			return &all[before-1], &all[at-1]
		}
		before = at
	}
	for i := range all {
		z := &all[i]
		if z.f < z.s || z.s < 0 {
			continue
		}
		if at := filling[z.s]; at != 0 && z.f < all[at-1].s {
			return &all[at-1], z
		}
	}
	return nil, nil
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
	for v, at := start, 0; ; v, at = ops[c.of[v].next].B, at+1 {
		if w := c.of[v].writer; w != none {
			consider(at, w, w)
		}
		if c.of[v].first != none {
			consider(at, c.of[v].first, c.of[v].last)
		}
		if c.of[v].next == none {
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
