package zones

import (
	"fmt"
	"slices"

	"github.com/zklab/zklab/internal/base/prose"
)

// chains holds the chains of a register's values.
type chains struct {
	r       *Register
	initial int32   // the value at first
	of      []value // by value
	written int     // values with a writer
	starts  int     // values with which a chain may start
	most    int32   // the last invocation
	again   int32   // a compare-and-set from a value already replaced by another; none if there is none
	found   Finding // the result, if it is known early
	scratch *Scratch
}

// value holds the operations of a value. Their times are stored with them, so that a chain can be
// followed without reading operations.
type value struct {
	writer int32  // the operation that wrote it; none if there is none
	inv    int32  // of the writer
	ret    int32  // of the writer
	reads  extent // of the reads of the value
	to     int32  // the value by which a compare-and-set replaced it; none if that has not happened
	linked bool   // the writer is a compare-and-set
}

// seen reports whether an operation found the value.
func (x *value) seen() bool { return x.reads.first != none || x.to != none }

// extent is the time of some operations.
type extent struct {
	first int32 // the operation that ended first; none: there is no operation, or it is the initial value
	last  int32 // the operation that began last
	f, s  int32 // when first ended, and when last began
}

const none = -1

var nothing = extent{none, none, Never, -1}

// chain is one chain, with the extent of its operations.
type chain struct {
	start int32 // its first value
	extent
}

// Decide decides the register. It takes time in proportion to the number of operations,
// the number of values and the greatest Inv.
func (r *Register) Decide() Finding {
	c := &chains{r: r, initial: r.Initial, again: none, scratch: r.Scratch}
	if c.scratch == nil {
		c.scratch = &Scratch{}
	}
	if !c.collect() {
		return c.found
	}
	all, ok := c.walk()
	if !ok {
		return c.found
	}
	if a, b := c.conflicting(all); a != nil {
		return c.conflict(*a, *b)
	}
	return Finding{Result: Explained}
}

// sized returns n elements of *of with arbitrary content. If needed, it grows *of, by a little more
// than that for the next register.
func sized[T any](of *[]T, n int) []T {
	if cap(*of) < n {
		*of = make([]T, n+n/16)
	}
	return (*of)[:n]
}

// end records what was found, and returns false.
func (c *chains) end(f Finding) bool {
	c.found = f
	return false
}

// collect assigns the operations to the values, unless it finds the result before.
func (c *chains) collect() bool {
	c.of = sized(&c.scratch.values, c.r.Len/2)[:0] // as many values as registers usually have
	defer func() { c.scratch.values = c.of }()
	c.starts = 1
	c.reach(c.initial)
	var maybe []int32 // writes and compare-and-sets that may have happened
	o := &Op{}
	for i := range int32(c.r.Len) {
		c.r.Op(i, o)
		c.most = max(c.most, o.Inv)
		c.reach(max(o.A, o.B))
		if !o.Unknown() {
			if !c.put(i, o) {
				return false
			}
		} else if _, makes := o.Effect(); makes {
			maybe = append(maybe, i)
		}
	}
	for _, i := range c.happened(maybe) {
		if !c.put(i, c.op(i)) {
			return false
		}
	}
	for v := range c.of {
		if x := &c.of[v]; x.writer == none && int32(v) != c.initial && x.seen() {
			return c.end(c.invented(int32(v)))
		}
	}
	if c.again != none {
		return c.end(c.twice(c.again))
	}
	return true
}

// reach makes room for a value.
func (c *chains) reach(v int32) {
	for int(v) >= len(c.of) {
		c.of = append(c.of, value{writer: none, reads: nothing, to: none})
	}
}

// invented returns the violation for a value that was read but that no client had written.
func (c *chains) invented(v int32) Finding {
	i := c.of[v].reads.first
	if i == none {
		i = c.next(v)
	}
	return violation([]int32{i}, "%s found %s, which no client had written (the register began as %s)", c.r.Span(i), c.value(v), c.value(c.initial))
}

// twice returns the violation for a compare-and-set from a value that another compare-and-set had
// already replaced.
func (c *chains) twice(i int32) Finding {
	v := c.op(i).A
	first := c.next(v)
	return violation([]int32{first, i, c.of[v].writer}, "%s and %s both found %s, which was written once and was gone after the first of them", c.r.Span(first), c.r.Span(i), c.value(v))
}

// happened returns, among operations with an unknown outcome, those that did happen: the value that
// they made was read, or compared with, possibly by another one of them.
func (c *chains) happened(maybe []int32) []int32 {
	if len(maybe) == 0 {
		return nil
	}
	maker, seen := make([]int32, len(c.of)), make([]bool, len(c.of))
	for v := range maker {
		maker[v] = none
	}
	var todo []int32 // values that were seen and not yet followed
	see := func(v int32) {
		if !seen[v] {
			seen[v] = true
			todo = append(todo, v)
		}
	}
	for _, i := range maybe {
		v, _ := c.effect(i)
		if maker[v] = i; c.of[v].seen() {
			see(v)
		}
	}
	for len(todo) > 0 {
		i := maker[todo[len(todo)-1]]
		todo = todo[:len(todo)-1]
		if i != none {
			o := c.op(i)
			if v, finds := o.observes(); finds {
				see(v)
			}
		}
	}
	return slices.DeleteFunc(maybe, func(i int32) bool {
		v, _ := c.effect(i)
		return !seen[v]
	})
}

// put assigns an operation that happened to the values that it makes and finds.
func (c *chains) put(i int32, o *Op) bool {
	made, makes := o.Effect()
	if makes {
		x := &c.of[made]
		if made == c.initial || x.writer != none {
			return c.end(Finding{Result: Inapplicable, Reason: fmt.Sprintf("the value %s was written more than once", c.value(made))})
		}
		x.writer, x.inv, x.ret, x.linked = i, o.Inv, o.Ret, o.Kind == CAS
		c.written++
		if !x.linked {
			c.starts++
		}
	}
	v, finds := o.observes()
	if !finds {
		return true
	}
	x := &c.of[v]
	switch {
	case !makes:
		x.reads.add(extent{i, i, o.Ret, o.Inv})
	case x.to == none:
		x.to = made
	default:
		c.again = i
	}
	return true
}

// add extends the extent by other operations.
func (e *extent) add(more extent) {
	if more.f < e.f {
		e.first, e.f = more.first, more.f
	}
	if more.s > e.s {
		e.last, e.s = more.last, more.s
	}
}

// walk follows every chain from its beginning, and checks the order within it.
func (c *chains) walk() (all []chain, ok bool) {
	all = sized(&c.scratch.chains, c.starts)[:0]
	visited := 0
	for v := range c.of {
		x := &c.of[v]
		if int32(v) != c.initial && (x.writer == none || x.linked) {
			continue
		}
		all = append(all, chain{int32(v), nothing})
		z := &all[len(all)-1]
		if int32(v) == c.initial {
			z.f = -1
		}
		for v := int32(v); ; {
			if x.writer != none {
				visited++
				if !c.enter(z, v, extent{x.writer, x.writer, x.ret, x.inv}) {
					return nil, false
				}
			}
			if x.reads.first != none && !c.enter(z, v, x.reads) {
				return nil, false
			}
			if v = x.to; v == none {
				break
			}
			x = &c.of[v]
		}
	}
	if visited < c.written {
		return nil, c.end(c.circle())
	}
	return all, true
}

// enter adds the operations that come next in a chain.
func (c *chains) enter(z *chain, v int32, next extent) bool {
	if z.last != none && next.f < z.s {
		return c.end(c.backwards(z.last, next.first, v))
	}
	z.add(next)
	return true
}

// backwards returns the violation for an operation that ended before an operation that must precede
// it in its chain began.
func (c *chains) backwards(earlier, later, v int32) Finding {
	counterexample := c.link(c.valueOf(earlier), v)
	return violation(append(counterexample, earlier, later), "%s had ended before %s began, though %s",
		c.r.Span(later), c.r.Span(earlier), c.because(earlier, later))
}

// because explains why an operation must come before another of its chain.
func (c *chains) because(earlier, later int32) string {
	o := c.op(later)
	switch {
	case o.Kind == CAS && o.A != o.B && c.valueOf(earlier) == o.A:
		return "it took away the value " + c.value(o.A) + " that the other needs"
	case c.of[c.valueOf(later)].writer == earlier:
		return "it needs the value " + c.value(o.A) + " that the other makes"
	}
	return "the values were made from one another in the other order"
}

// valueOf returns the value that an operation belongs to in its chain.
func (c *chains) valueOf(i int32) int32 {
	o := c.op(i)
	if v, ok := o.Effect(); ok {
		return v
	}
	return o.A
}

// op returns an operation. A loop over all operations should reuse one Op instead.
func (c *chains) op(i int32) *Op {
	o := &Op{}
	c.r.Op(i, o)
	return o
}

// effect returns the value that an operation writes; false if it writes none.
func (c *chains) effect(i int32) (int32, bool) {
	return c.op(i).Effect()
}

// next returns the compare-and-set from a value.
func (c *chains) next(v int32) int32 { return c.of[c.of[v].to].writer }

// link returns the writers of the values between two values of a chain, in whichever
// order these stand; the first one's writer is included.
func (c *chains) link(v, w int32) []int32 {
	for range 2 {
		var is []int32
		for at, steps := v, 0; steps <= len(c.of); steps++ {
			if c.of[at].writer != none {
				is = append(is, c.of[at].writer)
			}
			if at == w {
				return is
			}
			if c.of[at].to == none {
				break
			}
			at = c.of[at].to
		}
		v, w = w, v
	}
	return nil
}

// circle returns the violation for values that were made only from one another.
func (c *chains) circle() Finding {
	on := make([]bool, len(c.of))
	for v := range c.of { // values that can be reached from a beginning
		if x := &c.of[v]; int32(v) == c.initial || x.writer != none && !x.linked {
			for at := int32(v); !on[at]; at = c.of[at].to {
				on[at] = true
				if c.of[at].to == none {
					break
				}
			}
		}
	}
	for v := range c.of {
		if c.of[v].writer == none || on[v] {
			continue
		}
		var counterexample []int32
		for at := int32(v); !on[at]; at = c.op(c.of[at].writer).A {
			on[at] = true
			counterexample = append(counterexample, c.of[at].writer)
		}
		return violation(counterexample, "each of these compare-and-sets needs the value that another one made, and none can be the first: %s", c.spans(counterexample))
	}
	return Finding{}
}

// conflicting finds two chains, each of which has an operation that ended before an operation of the
// other began.
func (c *chains) conflicting(all []chain) (a, b *chain) {
	// By f + 1: a chain that fills a stretch of time. Two such chains with equal f
	// contradict each other; of two in order of f, they do if the second begins within
	// the first.
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
	for i, at := range filling { // afterwards each has the last chain that begins by then
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

// conflict returns the violation for two chains that cannot be ordered. From a long chain it takes the
// nearest two operations that show the conflict.
func (c *chains) conflict(a, b chain) Finding {
	aFirst, aLast := c.nearest(a.start, b.s, b.f)
	bFirst, bLast := c.nearest(b.start, c.began(aLast), c.ended(aFirst))
	var counterexample []int32
	for _, pair := range [][2]int32{{aFirst, aLast}, {bFirst, bLast}} {
		for _, i := range pair {
			if i != none {
				counterexample = append(counterexample, i)
			}
		}
		from, to := c.initial, c.initial
		if pair[0] != none {
			from = c.valueOf(pair[0])
		}
		if pair[1] != none {
			to = c.valueOf(pair[1])
		}
		counterexample = append(counterexample, c.link(from, to)...)
	}
	before := func(x, y int32) string {
		if x == none {
			return "the initial value, " + c.value(c.initial) + ", was there before " + c.r.Span(y)
		}
		return c.r.Span(x) + " had ended before " + c.r.Span(y) + " began"
	}
	return violation(counterexample, "%s, and %s; so %s was there both before and after %s, though it was written once",
		before(aFirst, bLast), before(bFirst, aLast), c.named(aFirst, aLast), c.named(bFirst, bLast))
}

// named names two operations of a chain.
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

func (c *chains) began(i int32) int32 { return c.op(i).Inv }

func (c *chains) ended(i int32) int32 {
	if i == none {
		return -1
	}
	return c.op(i).Ret
}

// nearest finds in a chain an operation that ended before s and one that began after f,
// as near to each other as possible.
func (c *chains) nearest(start, s, f int32) (early, late int32) {
	early, late = none, none
	best := len(c.of) + 1
	lastEarly, lastLate := none, none
	earlyAt, lateAt := -best, -best
	consider := func(at int, e extent) {
		if e.f < s {
			lastEarly, earlyAt = int(e.first), at
		}
		if e.s > f {
			lastLate, lateAt = int(e.last), at
		}
		if d := max(earlyAt, lateAt) - min(earlyAt, lateAt); lateAt >= 0 && earlyAt > -len(c.of)-1 && d < best {
			best, early, late = d, int32(lastEarly), int32(lastLate)
		}
	}
	if start == c.initial {
		earlyAt = -1
	}
	for v, at := start, 0; ; v, at = c.of[v].to, at+1 {
		x := &c.of[v]
		if x.writer != none {
			consider(at, extent{x.writer, x.writer, x.ret, x.inv})
		}
		if x.reads.first != none {
			consider(at, x.reads)
		}
		if x.to == none {
			return early, late
		}
	}
}

func (c *chains) value(v int32) string { return c.r.Value(v) }

// spans lists operations for people.
func (c *chains) spans(is []int32) string {
	return prose.Some(len(is), 6, func(n int) string { return c.r.Span(is[n]) })
}

func violation(counterexample []int32, format string, args ...any) Finding {
	counterexample = slices.DeleteFunc(counterexample, func(i int32) bool { return i == none })
	slices.Sort(counterexample)
	return Finding{Violated, fmt.Sprintf(format, args...), slices.Compact(counterexample)}
}
