package linear

import (
	"cmp"
	"slices"
)

const bySlots = "value order and slots"

// decideCounter decides a counter whose adds are all of one number, in the order of its values.
// Reads, and adds that returned the new value, have their places in this order. Each other value up
// to the greatest was made by an add without an answer: it is a slot, from when the last known
// operation before it began until the first one after it ended. Slots and adds are matched earliest
// deadline first.
func decideCounter(k *object) finding {
	c := &counting{k: k}
	if f := c.read(); f.result != "" || f.reason != "" {
		return f
	}
	if f := c.known(); f.result != "" {
		return f
	}
	if f := c.match(); f.result != "" {
		return f
	}
	return valid(bySlots)
}

// counting is a counter in units of the number that each add adds.
type counting struct {
	k     *object
	unit  int64
	most  int64   // the greatest known value
	adds  []int32 // adds without an answer, by invocation
	made  []int32 // by value: the add that returned it; none
	heads []int32 // by value: its first read; next links the others
	next  []int32 // by place in k.ops
	after []int32 // by value: the earliest return of what comes after its add; never
}

// read sorts the operations by value.
func (c *counting) read() finding {
	k := c.k
	all := int64(0)
	for i := range k.ops {
		o := &k.ops[i]
		if o.code != add {
			continue
		}
		all++
		if c.unit == 0 {
			c.unit = int64(o.a)
		}
		if o.a == 0 || int64(o.a) != c.unit {
			return c.bounds()
		}
	}
	c.unit = cmp.Or(c.unit, 1)
	for i := range k.ops {
		n := int64(k.ops[i].a)
		if o := &k.ops[i]; o.code == add {
			if n = int64(o.b); n == noResult {
				continue
			}
		}
		n -= int64(k.initial)
		if v := n / c.unit; n%c.unit != 0 || v < 0 || v > all {
			return violation(bySlots, []int32{int32(i)}, "%s: no more than %s of %d each had been invoked at all, on a counter that began as %d", k.span(int32(i)), plural(int(all), "add"), c.unit, k.initial)
		}
		c.most = max(c.most, n/c.unit)
	}
	c.made, c.heads, c.next = make([]int32, c.most+1), make([]int32, c.most+1), make([]int32, len(k.ops))
	for v := range c.made {
		c.made[v], c.heads[v] = none, none
	}
	for i := len(k.ops) - 1; i >= 0; i-- {
		o, i := &k.ops[i], int32(i)
		switch v := c.valueOf(i); {
		case v < 0:
			c.adds = append(c.adds, i)
		case o.code == read:
			c.next[i], c.heads[v] = c.heads[v], i
		case v == 0 || c.made[v] != none:
			if v == 0 {
				return violation(bySlots, []int32{i}, "%s: an add cannot produce the initial value", k.span(i))
			}
			return violation(bySlots, []int32{i, c.made[v]}, "two adds answered the same value: %s, %s", k.span(i), k.span(c.made[v]))
		default:
			c.made[v] = i
		}
	}
	slices.Reverse(c.adds)
	return finding{}
}

// valueOf returns the value at which an operation has its place; -1 for an add without an answer.
func (c *counting) valueOf(i int32) int64 {
	o := &c.k.ops[i]
	if o.code == add {
		if o.b == noResult {
			return -1
		}
		return (int64(o.b) - int64(c.k.initial)) / c.unit
	}
	return (int64(o.a) - int64(c.k.initial)) / c.unit
}

// bounds checks which sums are possible at all, for a counter whose adds differ.
func (c *counting) bounds() finding {
	f := inapplicable("not all adds are of the same number")
	all := c.k.eachOutside(func(i int32, lo, hi int64) bool {
		f = c.k.outOfBounds(i, lo, hi)
		return false
	})
	if !all && f.result == "" {
		return undecided(c.k.ctx.Err())
	}
	return f
}

// eachOutside calls a function for each read whose sum is not possible, with the least and the
// greatest possible sum, until the function returns false. It reports whether all reads were looked
// at: the budget may be used up.
func (k *object) eachOutside(wrong func(i int32, lo, hi int64) bool) bool {
	// The least sum when a read began counts the adds that had ended and raise it, and
	// those that had begun and lower it; the greatest sum when it ended is the other
	// way round.
	least, greatest := make([]int64, len(k.ranks)+1), make([]int64, len(k.ranks)+1)
	for i := range k.ops {
		o := &k.ops[i]
		if o.code != add {
			continue
		}
		n := int64(o.a)
		if n < 0 {
			least[o.inv] += n
		} else {
			greatest[o.inv] += n
		}
		if o.unknown() {
			continue
		}
		if n < 0 {
			greatest[o.ret] += n
		} else {
			least[o.ret] += n
		}
	}
	for i := 1; i < len(least); i++ {
		least[i] += least[i-1]
		greatest[i] += greatest[i-1]
	}
	lows, highs := newExtremes(least, smaller), newExtremes(greatest, greater)
	for i := range k.ops {
		o := &k.ops[i]
		if o.code != read {
			continue
		}
		if k.over(i) {
			return false
		}
		lo, hi := int64(k.initial)+lows.of(o.inv, o.ret), int64(k.initial)+highs.of(o.inv, o.ret)
		if n := int64(o.a); (n < lo || n > hi) && !wrong(int32(i), lo, hi) {
			return false
		}
	}
	return true
}

// outOfBounds reports a read, together with the adds without which its sum would be
// possible.
func (k *object) outOfBounds(i int32, lo, hi int64) finding {
	o := &k.ops[i]
	counterexample := []int32{i}
	for j := range k.ops {
		if x := &k.ops[j]; x.code == add && x.ret < o.ret && (x.a > 0) == (int64(o.a) < lo) {
			counterexample = append(counterexample, int32(j))
		}
	}
	return violation(byBounds, counterexample, "%s: by the adds that had ended and begun it can have been from %d to %d", k.span(i), lo, hi)
}

// extremes finds the least or the greatest of neighbouring numbers. It is a tree whose
// leaves are the numbers; each other node is the better of the two below it.
type extremes struct {
	better func(x, y int64) int64
	nodes  []int64
}

func newExtremes(numbers []int64, better func(x, y int64) int64) *extremes {
	n := len(numbers)
	e := &extremes{better, make([]int64, 2*n)}
	copy(e.nodes[n:], numbers)
	for i := n - 1; i > 0; i-- {
		e.nodes[i] = better(e.nodes[2*i], e.nodes[2*i+1])
	}
	return e
}

// of returns the best of the numbers from one place to another, both included.
func (e *extremes) of(from, to int32) int64 {
	n := int32(len(e.nodes) / 2)
	best := e.nodes[n+from]
	for from, to = from+n, to+n+1; from < to; from, to = from/2, to/2 {
		if from%2 == 1 {
			best = e.better(best, e.nodes[from])
			from++
		}
		if to%2 == 1 {
			to--
			best = e.better(best, e.nodes[to])
		}
	}
	return best
}

// known checks the order of the operations whose place is known.
func (c *counting) known() finding {
	k := c.k
	s := stepOrder{ops: k.ops, last: none}
	var is []int32
	for v := range c.made {
		is = is[:0]
		if c.made[v] != none {
			if early, late := s.next(c.made[v]); early != none {
				return c.order(early, late)
			}
		}
		for i := c.heads[v]; i != none; i = c.next[i] {
			is = append(is, i)
		}
		if early, late := s.next(is...); early != none {
			return c.order(early, late)
		}
	}
	return finding{}
}

func (c *counting) order(early, late int32) finding {
	return violation(bySlots, []int32{early, late}, "%s had ended before %s began, though the value of the first comes after", c.k.span(early), c.k.span(late))
}

// match assigns adds without an answer to the slots.
func (c *counting) match() finding {
	ops := c.k.ops
	c.after = make([]int32, c.most+2)
	c.after[c.most+1] = never
	for v := c.most; v >= 0; v-- { // computed from what comes after the add that makes v
		d := c.after[v+1]
		if v < c.most && c.made[v+1] != none {
			d = min(d, ops[c.made[v+1]].ret)
		}
		for i := c.heads[v]; i != none; i = c.next[i] {
			d = min(d, ops[i].ret)
		}
		c.after[v] = d
	}
	heap := byReturn(ops)
	begun, last := 0, int32(none) // the operation that began last, among those that come before
	later := func(i int32) {
		if i != none && (last == none || ops[i].inv > ops[last].inv) {
			last = i
		}
	}
	for v := int64(0); v <= c.most; v++ {
		if v > 0 && c.made[v] == none {
			for ; begun < len(c.adds) && ops[c.adds[begun]].inv < c.after[v]; begun++ {
				heap.Push(c.adds[begun])
			}
			i, ok := heap.Pop()
			if !ok {
				return c.tooMany(v)
			}
			if last != none && ops[i].ret < ops[last].inv {
				return c.tooFew(i, last)
			}
		}
		if v > 0 {
			later(c.made[v])
		}
		for i := c.heads[v]; i != none; i = c.next[i] {
			later(i)
		}
	}
	for ; begun < len(c.adds); begun++ {
		heap.Push(c.adds[begun])
	}
	if i, ok := heap.Pop(); ok && last != none && ops[i].ret < ops[last].inv {
		return c.tooFew(i, last)
	}
	return finding{}
}

// tooFew reports an operation that shows fewer adds than had ended by then: since another
// operation if that suffices, and otherwise since the beginning.
func (c *counting) tooFew(missed, shown int32) finding {
	k, ops := c.k, c.k.ops
	shows := c.valueOf(shown)
	if ops[shown].code == add {
		shows-- // the add's own value includes itself
	}
	within := func(b int32) func(*op) bool {
		return func(o *op) bool { return o.inv > ended(ops, b) && o.ret < ops[shown].inv }
	}
	since, low := c.base(func(b int32, from int64) bool { return c.countSilent(within(b)) > shows-from-c.answered(from, shows) },
		func(b int32) bool { return ops[b].ret < ops[shown].inv })
	counterexample := []int32{shown, since}
	for v := low + 1; v <= shows; v++ {
		counterexample = append(counterexample, c.made[v])
	}
	left := shows - low - c.answered(low, shows) + 1
	for _, i := range c.adds {
		if left > 0 && within(since)(&ops[i]) {
			counterexample = append(counterexample, i)
			left--
		}
	}
	return violation(bySlots, counterexample, "%s came after more adds than it shows: %s%s must come before it, the last %s", k.span(shown),
		plural(int(shows-low+1), "add"), c.sinceWords(since), k.span(missed))
}

// tooMany reports a value that there are too few adds to have made.
func (c *counting) tooMany(v int64) finding {
	k, ops := c.k, c.k.ops
	shown := int32(none) // the first to end of all operations that come after
	for at := v; at <= c.most; at++ {
		if at > v && c.made[at] != none && ops[c.made[at]].ret == c.after[v] {
			shown = c.made[at]
		}
		for i := c.heads[at]; i != none; i = c.next[i] {
			if ops[i].ret == c.after[v] {
				shown = i
			}
		}
		if shown != none {
			break
		}
	}
	possible := func(b int32) func(*op) bool {
		return func(o *op) bool { return o.inv < ops[shown].ret && (b == none || o.ret > ops[b].inv) }
	}
	since, low := c.base(func(b int32, from int64) bool {
		return c.countSilent(possible(b))+c.answered(from, c.valueOf(shown)) < c.valueOf(shown)-from
	}, func(b int32) bool { return c.valueOf(b) < c.valueOf(shown) && ops[b].ret < ops[shown].inv })
	counterexample := []int32{shown}
	if since != none {
		counterexample = append(counterexample, since)
	}
	n := 0
	for _, i := range c.adds {
		if possible(since)(&ops[i]) {
			if n++; n <= 8 {
				counterexample = append(counterexample, i)
			}
		}
	}
	return violation(bySlots, counterexample, "%s shows %s%s, but only %s can have taken effect by then", k.span(shown),
		plural(int(c.valueOf(shown)-low), "add"), c.sinceWords(since), plural(n+int(c.answered(low, c.valueOf(shown))), "add"))
}

func (c *counting) sinceWords(b int32) string {
	if b == none {
		return ""
	}
	return " since " + c.k.span(b)
}

// ended returns when an operation returned; for none, a time before all others.
func ended(ops []op, i int32) int32 {
	if i == none {
		return -1
	}
	return ops[i].ret
}

// base returns the latest operation since which the numbers are already wrong, so that few
// operations show it; none if only the beginning will do.
func (c *counting) base(wrong func(b int32, value int64) bool, before func(b int32) bool) (int32, int64) {
	var bases []int32
	for i := range c.k.ops {
		if i := int32(i); c.valueOf(i) >= 0 && before(i) {
			bases = append(bases, i)
		}
	}
	slices.SortFunc(bases, func(x, y int32) int { return int(c.k.ops[y].ret) - int(c.k.ops[x].ret) })
	for at := 0; at < len(bases); at += 1 + at/8 { // try all that are near, and fewer that are far
		if b := bases[at]; wrong(b, c.valueOf(b)) {
			return b, c.valueOf(b)
		}
	}
	return none, 0
}

// answered counts the adds that returned a value above one value and up to another.
func (c *counting) answered(above, to int64) int64 {
	n := int64(0)
	for v := above + 1; v <= to; v++ {
		if c.made[v] != none {
			n++
		}
	}
	return n
}

// countSilent counts the adds without an answer for which is returns true.
func (c *counting) countSilent(is func(*op) bool) int64 {
	n := int64(0)
	for _, i := range c.adds {
		if is(&c.k.ops[i]) {
			n++
		}
	}
	return n
}
