package queues

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/heaps"
)

// empty says that a dequeue finds nothing only when nothing that it must see is
// there. A server may lag, so a consumer must see only what it put in itself,
// in the same session, and what may since have been taken excuses it.
var empty = &frame.Property{
	Name:     "empty",
	Meaning:  "nobody was told that a queue was empty when it was not",
	Decider:  "own items",
	Evidence: frame.FromSessions,
	Applies:  anyEmpty,
	Decide: onQueue(func(_ context.Context, f *frame.Finding, q *queue) {
		f.Count("empties", float64(len(q.empties)))
		if len(q.empties) == 0 {
			return
		}
		f.Note("a dequeue that finds nothing is compared with the consumer's own items only")
		own := ownItems(q)
		of := map[history.ID][]*history.Operation{}
		for _, d := range q.empties {
			if s := d.Invoke.Session; s != 0 && d.Return.Session == s {
				of[s] = append(of[s], d)
			}
		}
		for _, s := range slices.Sorted(maps.Keys(of)) {
			decideEmpties(f, q.Name, q, of[s], own[s])
		}
	}),
}

// anyEmpty says whether a dequeue ever found nothing: a queue whose dequeues
// wait for an item makes no such answer that could be wrong.
func anyEmpty(a *evidence.Record) bool {
	for _, k := range a.Keys {
		for _, op := range k.Ops {
			if a.Object.Operation(op.F).Takes && op.Outcome() == history.OK && len(op.Return.Value) == 0 {
				return true
			}
		}
	}
	return false
}

// ownItems are the acknowledged items by the session that put them in.
func ownItems(q *queue) map[history.ID][]*item {
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
func decideEmpties(f *frame.Finding, key string, q *queue, empties []*history.Operation, own []*item) {
	slices.SortFunc(own, func(x, y *item) int { return cmp.Compare(x.ready(q.Record), y.ready(q.Record)) })
	waiting := heaps.Heap[leaving]{Less: func(a, b leaving) bool { return a.at < b.at }}
	last := evidence.Always
	for _, d := range empties {
		if d.Began() < last {
			continue // two at a time: the record is damaged
		}
		last = d.Return.Time
		for ; len(own) > 0 && own[0].ready(q.Record) < d.Began(); own = own[1:] {
			if own[0].Client() == d.Client {
				waiting.Push(leaving{own[0], own[0].leaves()})
			}
		}
		for len(waiting.Items) > 0 && waiting.Items[0].at <= d.Return.Time {
			waiting.Pop()
		}
		if len(waiting.Items) > 0 {
			f.Count("empties_compared", 1)
			decideEmpty(f, key, q, d, waiting.Items)
		}
	}
}

// leaving is an item with the time at which somebody began to take it.
type leaving struct {
	*item
	at time.Duration
}

// decideEmpty decides one dequeue that found nothing, although there were items of
// its own session.
func decideEmpty(f *frame.Finding, key string, q *queue, d *history.Operation, waiting []leaving) {
	excuses, _ := slices.BinarySearchFunc(q.unknown, d.Return.Time+1, func(op *history.Operation, t time.Duration) int { return cmp.Compare(op.Began(), t) })
	if len(waiting) <= excuses || f.Again() {
		return
	}
	witness := evidence.EventsOf(d)
	for _, op := range q.unknown[:excuses] {
		witness = append(witness, evidence.EventsOf(op)...)
	}
	waiting = slices.Clone(waiting)
	slices.SortFunc(waiting, func(x, y leaving) int { return cmp.Compare(x.ready(q.Record), y.ready(q.Record)) })
	for _, it := range waiting[:excuses+1] {
		witness = append(witness, evidence.EventsOf(it.enqueue())...)
		if len(it.out) > 0 {
			witness = append(witness, evidence.EventsOf(it.out[0])...)
		}
	}
	it := waiting[0]
	f.Violated(witness, "client %d found %s empty at %s, though its own item %q was in it%s since %s and nobody had begun to take it",
		d.Client, key, words.At(d.Return.Time), it.value, it.andDue(), words.At(it.ready(q.Record)))
}

// Client is who put the item in.
func (it *item) Client() int { return it.enqueue().Client }

// leaves is when the first dequeue that returned the item began.
func (it *item) leaves() time.Duration {
	first := evidence.Never
	for _, op := range it.out {
		first = min(first, op.Began())
	}
	return first
}
