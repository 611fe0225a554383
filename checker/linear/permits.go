package linear

import (
	"slices"

	"github.com/zklab/zklab/internal/base/heaps"
)

const byDeadline = "earliest deadline first"

// decidePermits decides a mutex that any process may release, or N permits, by doing each operation
// as late as possible, when it returns. If it cannot be done then, the pending operation of the
// other kind that returns first is done before it; operations with an unknown outcome are the last
// choice. If there is none, there is no order.
func decidePermits(k *object) finding {
	for i := range k.ops {
		if k.ops[i].a != 1 {
			return inapplicable("several permits are taken at once")
		}
	}
	p := permitQueue{ops: k.ops, order: k.byReturn(), permits: k.permits}
	at := p.run(0)
	if at == none {
		return valid(byDeadline)
	}
	return p.shrink(k, p.order[at])
}

// mostFew is how many operations shrink leaves out one by one before it asks whether counting alone
// decides. It looks for a beginning at most mostNear events before the violation.
const (
	mostFew  = 100
	mostNear = 1000
)

// mostExplained is the maximum number of operations without an order that a reader can
// look through.
const mostExplained = 8

// overdrawn reports, by counting from the beginning, more acquires than permits, or more
// releases than acquires. It names the latest such operations that no operation of the other
// kind by the same process followed.
func (k *object) overdrawn(last int32) finding {
	until := k.ops[last].ret
	sort := k.ops[last].code
	returned, begun := 0, 0
	latest := map[int32]int32{} // by process
	for i := range k.ops {
		o := &k.ops[i]
		switch {
		case o.code == sort && o.ret <= until:
			returned++
			latest[o.process] = int32(i)
		case o.code != sort && o.inv < until:
			begun++
			delete(latest, o.process)
		}
	}
	most := 0
	if sort == acquire {
		most = int(k.permits)
	}
	if returned-begun <= most {
		return finding{}
	}
	var counterexample []int32
	for _, i := range latest {
		counterexample = append(counterexample, i)
	}
	slices.SortFunc(counterexample, func(x, y int32) int { return int(k.ops[y].ret) - int(k.ops[x].ret) })
	counterexample = counterexample[:min(len(counterexample), most+1)]
	slices.Sort(counterexample)
	if sort == release {
		return violation(byDeadline, counterexample, "by %s %d releases had returned, but only %d acquires had begun: %s", k.at(until), returned, begun, k.spans(counterexample))
	}
	return violation(byDeadline, counterexample, "by %s %d acquires had returned, but only %d releases had begun, which is too few for %s: %s",
		k.at(until), returned, begun, plural(most, "permit"), k.spans(counterexample))
}

// permitsReason explains why operations have no order.
func (k *object) permitsReason(w []int32) string {
	taken, given := 0, 0
	for _, i := range w {
		if k.ops[i].code == acquire {
			taken++
		} else {
			given++
		}
	}
	if given == 0 {
		return "with " + plural(int(k.permits), "permit") + " there is no order of " + k.spans(w) + ": nothing else in the history can have been released between them"
	}
	if taken == 0 {
		return "there is no order of " + k.spans(w) + ": nothing else in the history can have been acquired between them"
	}
	return "with " + plural(int(k.permits), "permit") + " there is no order of " + k.spans(w) + ", whatever else of the history happened between them"
}

// permitQueue carries out operations in order of their returns.
type permitQueue struct {
	ops     []op
	order   []int32 // by return
	permits int32
	done    []bool
	waiting [2]heaps.Heap[int32] // acquires and releases that have begun
}

func sort2(c code) int {
	if c == acquire {
		return 0
	}
	return 1
}

// run returns the place in order of the first operation that cannot be done; none if
// all can. count is the number of permits that are taken at the beginning.
func (p *permitQueue) run(count int32) int {
	if p.done == nil {
		p.done = make([]bool, len(p.ops))
		p.waiting = [2]heaps.Heap[int32]{byReturn(p.ops), byReturn(p.ops)}
	}
	clear(p.done)
	for i := range p.waiting {
		p.waiting[i].Items = p.waiting[i].Items[:0]
	}
	begun := 0
	for at, i := range p.order {
		o := &p.ops[i]
		for ; begun < len(p.ops) && p.ops[begun].inv < o.ret; begun++ {
			p.waiting[sort2(p.ops[begun].code)].Push(int32(begun))
		}
		if p.done[i] {
			continue
		}
		if o.code == acquire && count == p.permits || o.code == release && count == 0 {
			other := &p.waiting[1-sort2(o.code)]
			j, ok := other.Pop()
			for ok && p.done[j] {
				j, ok = other.Pop()
			}
			if !ok {
				return at
			}
			p.done[j] = true
			count += change(&p.ops[j])
		}
		p.done[i] = true
		count += change(o)
	}
	return none
}

func change(o *op) int32 {
	if o.code == acquire {
		return 1
	}
	return -1
}

// mostStarts is the maximum number of initial counts of permits with which a window is
// tried.
const mostStarts = 16

// shrink finds few operations that have no order, given that all others of the history may or may
// not have happened in their time. last is the operation that could not be done. If many would be
// left, counting shows the violation.
func (p *permitQueue) shrink(k *object, last int32) finding {
	until := p.ops[last].ret
	violates := func(ops []op, anyStart bool) bool {
		starts := int32(0)
		if anyStart {
			starts = p.permits
		}
		q := permitQueue{ops: ops, order: order(ops), permits: p.permits}
		for count := int32(0); count <= starts; count++ {
			if q.run(count) == none {
				return false
			}
		}
		return true
	}
	from := int32(0)
	if p.permits < mostStarts {
		from = latestStart(k, until, mostNear, violates)
	}
	if from == 0 && last > mostFew {
		if f := k.overdrawn(last); f.result != "" {
			return f
		}
		if p.permits < mostStarts {
			from = latestStart(k, until, mostBack, violates)
		}
	}
	w := shrinkFrom(k, from, until, violates)
	if len(w) > mostExplained {
		if f := k.overdrawn(last); f.result != "" {
			return f
		}
	}
	return violation(byDeadline, w, "%s", k.permitsReason(w))
}

// order returns the operations with a completion, sorted by completion. The dequeues of a drain,
// which share a completion, stay in order.
func order(ops []op) []int32 {
	var is []int32
	for i := range ops {
		if !ops[i].unknown() {
			is = append(is, int32(i))
		}
	}
	slices.SortStableFunc(is, func(x, y int32) int { return int(ops[x].ret) - int(ops[y].ret) })
	return is
}

// byReturn returns a heap of operations whose first element is the one that returns
// first.
func byReturn(ops []op) heaps.Heap[int32] {
	return heaps.Heap[int32]{Less: func(a, b int32) bool { return ops[a].ret < ops[b].ret }}
}
