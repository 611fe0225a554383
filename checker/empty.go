package checker

import (
	"cmp"
	"container/heap"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// empty says that a dequeue finds nothing only when nothing that it must see is
// there. A server may lag, so a consumer must see only what it put in itself,
// in the same session, and what may since have been taken excuses it.
var empty = &property{
	name:     "empty",
	decider:  "own items",
	evidence: sessionEvidence,
	applies:  (*analysis).anyEmpty,
	decide: onQueue(func(_ context.Context, f *finding, a *analysis, k *keyRecord, q *queueRecord) {
		f.count("empties", float64(len(q.empties)))
		if len(q.empties) == 0 {
			return
		}
		f.note("a dequeue that finds nothing is compared with the consumer's own items only")
		own := ownItems(q)
		of := map[history.ID][]*history.Operation{}
		for _, d := range q.empties {
			if s := d.Invoke.Session; s != 0 && d.Return.Session == s {
				of[s] = append(of[s], d)
			}
		}
		for _, s := range slices.Sorted(maps.Keys(of)) {
			decideEmpties(f, k.key, q, of[s], own[s])
		}
	}),
}

// anyEmpty says whether a dequeue ever found nothing: a queue whose dequeues
// wait for an item makes no such answer that could be wrong.
func (a *analysis) anyEmpty() bool {
	for _, k := range a.keys {
		for _, op := range k.ops {
			if op.F == history.FDequeue && op.Outcome() == history.OK && len(op.Return.Value) == 0 {
				return true
			}
		}
	}
	return false
}

// ownItems are the acknowledged items by the session that put them in.
func ownItems(q *queueRecord) map[history.ID][]*item {
	own := map[history.ID][]*item{}
	for _, it := range q.items {
		op := it.enqueue()
		if op != nil && op.Outcome() == history.OK && op.Invoke.Session == op.Return.Session {
			own[op.Return.Session] = append(own[op.Return.Session], it)
		}
	}
	return own
}

// decideEmpties goes through what a session found empty, which it did one after the
// other. The items that it has put in by then, and that nobody had begun to take, are
// kept by when somebody did.
func decideEmpties(f *finding, key string, q *queueRecord, empties []*history.Operation, own []*item) {
	slices.SortFunc(own, func(x, y *item) int { return cmp.Compare(x.entered(), y.entered()) })
	var there byLeaving
	last := always
	for _, d := range empties {
		if d.Began() < last {
			continue // two at a time: the record is damaged
		}
		last = d.Return.Time
		for ; len(own) > 0 && own[0].entered() < d.Began(); own = own[1:] {
			if own[0].Client() == d.Client {
				heap.Push(&there, leaving{own[0], own[0].leaves()})
			}
		}
		for len(there) > 0 && there[0].at <= d.Return.Time {
			heap.Pop(&there)
		}
		if len(there) > 0 {
			f.count("empties_compared", 1)
			decideEmpty(f, key, q, d, there)
		}
	}
}

// leaving is an item with the time at which somebody began to take it.
type leaving struct {
	*item
	at time.Duration
}

// byLeaving is a heap of items, the first to leave on top.
type byLeaving []leaving

func (h byLeaving) Len() int           { return len(h) }
func (h byLeaving) Less(i, j int) bool { return h[i].at < h[j].at }
func (h byLeaving) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byLeaving) Push(x any)        { *h = append(*h, x.(leaving)) }
func (h *byLeaving) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// decideEmpty decides one dequeue that found nothing, although there were items of
// its own session.
func decideEmpty(f *finding, key string, q *queueRecord, d *history.Operation, there byLeaving) {
	excuses, _ := slices.BinarySearchFunc(q.unknown, d.Return.Time+1, func(op *history.Operation, t time.Duration) int { return cmp.Compare(op.Began(), t) })
	if len(there) <= excuses || f.again() {
		return
	}
	witness := events(d)
	for _, op := range q.unknown[:excuses] {
		witness = append(witness, events(op)...)
	}
	there = slices.Clone(there)
	slices.SortFunc(there, func(x, y leaving) int { return cmp.Compare(x.entered(), y.entered()) })
	for _, it := range there[:excuses+1] {
		witness = append(witness, events(it.enqueue())...)
		if len(it.out) > 0 {
			witness = append(witness, events(it.out[0])...)
		}
	}
	it := there[0]
	f.violated(witness, "client %d found %s empty at %s, though its own item %q was in it since %s and nobody had begun to take it",
		d.Client, key, at(d.Return.Time), it.value, at(it.entered()))
}

// Client is who put the item in.
func (it *item) Client() int { return it.enqueue().Client }

// leaves is when the first dequeue that returned the item began.
func (it *item) leaves() time.Duration {
	first := never
	for _, op := range it.out {
		first = min(first, op.Began())
	}
	return first
}
