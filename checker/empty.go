package checker

import (
	"context"
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
		for _, d := range q.empties {
			if s := d.Invoke.Session; s != 0 && d.Return.Session == s {
				decideEmpty(f, k.key, q, d, own[s])
			}
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

func decideEmpty(f *finding, key string, q *queueRecord, d *history.Operation, own []*item) {
	var there []*item
	for _, it := range own {
		if it.entered() < d.Began() && it.Client() == d.Client && it.leaves() > d.Return.Time {
			there = append(there, it)
		}
	}
	if len(there) == 0 {
		return
	}
	f.count("empties_compared", 1)
	excuses := 0
	var witness []int
	for _, op := range q.unknown {
		if op.Began() <= d.Return.Time {
			excuses++
			witness = append(witness, events(op)...)
		}
	}
	if len(there) <= excuses {
		return
	}
	witness = append(witness, events(d)...)
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
