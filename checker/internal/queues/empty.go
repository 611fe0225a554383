package queues

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/heaps"
)

// empty says that a dequeue finds nothing only when nothing that it must see is
// there. A server may lag, so a consumer must see only what it put in itself, in the
// same session, and what its session had been shown to be there, by a zxid that is not
// below that of the enqueue's answer. What may since have been taken excuses it.
var empty = &frame.Property{
	Name:     "empty",
	Meaning:  "no client was told that a queue was empty when it was not",
	Decider:  "items that it must see",
	Evidence: frame.FromSessions,
	Applies:  anyEmpty,
	Decide: onQueue(func(_ context.Context, f *frame.Finding, q *queue) {
		f.Count("empties", float64(len(q.empties)))
		if len(q.empties) == 0 {
			return
		}
		f.Note("a dequeue that finds nothing is compared with the consumer's own items, and those that its session must know of")
		decideEmpties(f, q)
	}),
}

// anyEmpty says whether a dequeue ever found nothing: a queue whose dequeues
// wait for an item makes no such answer that could be wrong.
func anyEmpty(a *evidence.Record) bool {
	return slices.ContainsFunc(a.Keys, func(k *evidence.Key) bool { return len(queueOf(k).empties) > 0 })
}

// there is an item that was put in for certain.
type there struct {
	*item
	ready, leaves time.Duration // that it was there, and that somebody began to take it
	by            *history.Operation
}

// acknowledged are the items whose enqueues succeeded in one session, by when they were there.
func acknowledged(q *queue) []there {
	var all []there
	for _, it := range q.items {
		op := it.enqueue()
		if op != nil && op.Outcome() == history.OK && op.Invoke.Session == op.Return.Session {
			all = append(all, there{it, it.ready(q.Record), it.leaves(), op})
		}
	}
	slices.SortStableFunc(all, func(x, y there) int { return cmp.Compare(x.ready, y.ready) })
	return all
}

// own says that an item was put in by the client of a dequeue, in the same session.
func (x *there) own(d *history.Operation) bool {
	return x.by.Client == d.Client && x.by.Invoke.Session == d.Invoke.Session
}

// shown says that a dequeue whose session had been told of everything up to a zxid must see
// the item: the answer to the enqueue had the zxid of its create, or a later one.
func (x *there) shown(told uint64) bool {
	return x.by.Return.Seen > 0 && uint64(x.by.Return.Seen) <= told
}

// decideEmpties goes through what was found empty. The items that were there by then, and
// that nobody had begun to take, are kept by when somebody did.
func decideEmpties(f *frame.Finding, q *queue) {
	put, last := acknowledged(q), map[history.ID]time.Duration{}
	waiting := heaps.Heap[there]{Less: func(a, b there) bool { return a.leaves < b.leaves }}
	for _, d := range inOneSession(q.empties) {
		if d.Began() < last[d.Invoke.Session] {
			continue // two at a time: the record is damaged
		}
		last[d.Invoke.Session] = d.Return.Time
		for ; len(put) > 0 && put[0].ready < d.Began(); put = put[1:] {
			if put[0].leaves > d.Began() {
				waiting.Push(put[0])
			}
		}
		for len(waiting.Items) > 0 && waiting.Items[0].leaves <= d.Began() {
			waiting.Pop()
		}
		if seen := mustSee(waiting.Items, d, q.Told(d)); len(seen) > 0 {
			f.Count("empties_compared", 1)
			decideEmpty(f, q, d, seen)
		}
	}
}

// inOneSession are those of some calls that began and returned in one session, by when they
// began.
func inOneSession(calls []*history.Operation) (in []*history.Operation) {
	for _, d := range calls {
		if s := d.Invoke.Session; s != 0 && d.Return.Session == s {
			in = append(in, d)
		}
	}
	slices.SortStableFunc(in, func(x, y *history.Operation) int { return cmp.Compare(x.Began(), y.Began()) })
	return in
}

// mustSee are those of some items that are there when a dequeue begins which it must see, and
// which nobody began to take before it returned.
func mustSee(waiting []there, d *history.Operation, told uint64) (seen []there) {
	for _, x := range waiting {
		if x.leaves > d.Return.Time && (x.own(d) || x.shown(told)) {
			seen = append(seen, x)
		}
	}
	return seen
}

// decideEmpty decides one dequeue that found nothing, although there were items that it
// must see.
func decideEmpty(f *frame.Finding, q *queue, d *history.Operation, waiting []there) {
	excuses, _ := slices.BinarySearchFunc(q.unknown, d.Return.Time+1, func(op *history.Operation, t time.Duration) int { return cmp.Compare(op.Began(), t) })
	if len(waiting) <= excuses || f.Again() {
		return
	}
	counterexample := evidence.EventsOf(d)
	for _, op := range q.unknown[:excuses] {
		counterexample = append(counterexample, evidence.EventsOf(op)...)
	}
	slices.SortStableFunc(waiting, func(x, y there) int { return cmp.Compare(x.ready, y.ready) })
	for _, it := range waiting[:excuses+1] {
		counterexample = append(counterexample, evidence.EventsOf(it.by)...)
		if len(it.out) > 0 {
			counterexample = append(counterexample, evidence.EventsOf(it.out[0])...)
		}
	}
	it := waiting[0]
	whose := "its own item"
	if !it.own(d) {
		whose = fmt.Sprintf("client %d's item", it.by.Client)
	}
	f.Violated(counterexample, "client %d found %s empty at %s, though %s %q was in it%s since %s%s and no client had begun to take it",
		d.Client, q.Name, words.At(d.Return.Time), whose, it.value, it.andDue(), words.At(it.ready), it.known(d))
}

// known says in words why a dequeue must see the item.
func (x *there) known(d *history.Operation) string {
	if x.own(d) {
		return ""
	}
	return ", which its session had seen by " + words.Zxid(uint64(d.Invoke.Seen)) + ","
}

// leaves is when the first dequeue that returned the item began.
func (it *item) leaves() time.Duration {
	first := evidence.Never
	for _, op := range it.out {
		first = min(first, op.Began())
	}
	return first
}
