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

// empty requires that a dequeue finds nothing only if no item that it must see is in the queue. A
// server may lag, so a consumer must see only items that it put in itself, in the same session, and
// items that its session had already been shown, that is, if it had seen a zxid that is not below
// the zxid in the enqueue's answer. An item that may have been taken since excuses the dequeue.
var empty = &frame.Property{
	Name:     "empty",
	NoModel:  frame.Again,
	Meaning:  "no client was told that a queue was empty when it was not",
	Decider:  "items that it must see",
	Evidence: frame.FromSessions,
	Applies:  anyEmpty,
	Decide: onQueue(func(_ context.Context, f *frame.Finding, q *queue) {
		f.Count("empties", 0)
		for _, op := range q.empties {
			f.CountCall(q.Record, "empties", op)
		}
		if len(q.empties) == 0 {
			return
		}
		f.Note("a dequeue that finds nothing is compared with the consumer's own items, and those that its session must know of")
		decideEmpties(f, q)
	}),
}

// anyEmpty reports whether some dequeue found nothing. If all dequeues wait for an
// item, no such answer can be wrong.
func anyEmpty(a *evidence.Record) bool {
	return slices.ContainsFunc(a.Keys, func(k *evidence.Key) bool { return len(queueOf(k).empties) > 0 })
}

// there is an item that was certainly put in.
type there struct {
	*item
	ready, leaves time.Duration // when it certainly was in the queue, and when a client began to take it
	by            *history.Operation
	in            *evidence.Session // in which it was put in
	seen          uint64            // what that session had seen when the call returned; 0: not known
}

// acknowledged returns the items whose enqueues succeeded in one session, in order of the times by
// which they were in the queue. A process may have several sessions, so the session that an event names
// need not be the one that was used.
func acknowledged(q *queue) []there {
	var all []there
	for _, it := range q.items {
		op := it.enqueue()
		if op == nil || op.Outcome() != history.OK {
			continue
		}
		if in := q.Only(op); in != nil {
			x := there{item: it, ready: it.ready(q.Record), leaves: it.leaves(), by: op, in: in}
			if _, _, seen, ok := q.Shown(op); ok {
				x.seen = seen
			}
			all = append(all, x)
		}
	}
	slices.SortStableFunc(all, func(x, y there) int { return cmp.Compare(x.ready, y.ready) })
	return all
}

// look is a dequeue that found nothing, with the only session that it used, and a zxid such that
// the session showed it no older state.
type look struct {
	*history.Operation
	in   *evidence.Session
	told uint64
}

// own reports whether the client of a dequeue had put in the item, in the same session.
func (x *there) own(d look) bool { return x.in == d.in }

// shown reports whether a dequeue whose session had been told of everything up to a zxid must see the
// item: the answer to the enqueue had the zxid of its create, or a later one.
func (x *there) shown(d look) bool { return x.seen > 0 && x.seen <= d.told }

// decideEmpties goes through the dequeues that found nothing. It keeps the items that were in the
// queue by then and that no client had begun to take, sorted by the time when a client did begin.
func decideEmpties(f *frame.Finding, q *queue) {
	put, last := acknowledged(q), map[*evidence.Session]time.Duration{}
	waiting := heaps.Heap[there]{Less: func(a, b there) bool { return a.leaves < b.leaves }}
	for _, d := range q.looks() {
		if d.Began() < last[d.in] {
			continue // two at the same time: the record is damaged
		}
		last[d.in] = d.Return.Time
		for ; len(put) > 0 && put[0].ready < d.Began(); put = put[1:] {
			if put[0].leaves > d.Began() {
				waiting.Push(put[0])
			}
		}
		for len(waiting.Items) > 0 && waiting.Items[0].leaves <= d.Began() {
			waiting.Pop()
		}
		if seen := mustSee(waiting.Items, d); len(seen) > 0 {
			f.Count("empties_compared", 1)
			decideEmpty(f, q, d, seen)
		}
	}
}

// looks returns the dequeues that found nothing and can have used only one session, in the order of invocation.
func (q *queue) looks() (all []look) {
	for _, d := range q.empties {
		if in := q.Only(d); in != nil {
			all = append(all, look{d, in, q.Told(d)})
		}
	}
	slices.SortStableFunc(all, func(x, y look) int { return cmp.Compare(x.Began(), y.Began()) })
	return all
}

// mustSee returns the items, among those in the queue when a dequeue begins, that it must see and
// that no client began to take before it returned.
func mustSee(waiting []there, d look) (seen []there) {
	for _, x := range waiting {
		if x.leaves > d.Return.Time && (x.own(d) || x.shown(d)) {
			seen = append(seen, x)
		}
	}
	return seen
}

// decideEmpty decides one dequeue that found nothing, although there were items that it
// must see.
func decideEmpty(f *frame.Finding, q *queue, d look, waiting []there) {
	excuses, _ := slices.BinarySearchFunc(q.unknown, d.Return.Time+1, func(op *history.Operation, t time.Duration) int { return cmp.Compare(op.Began(), t) })
	if len(waiting) <= excuses || f.Again() {
		return
	}
	counterexample := evidence.EventsOf(d.Operation)
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

// known returns text that explains why a dequeue must see the item.
func (x *there) known(d look) string {
	if x.own(d) {
		return ""
	}
	return ", which its session had seen by " + words.Zxid(d.told) + ","
}

// leaves returns when the first dequeue that returned the item began.
func (it *item) leaves() time.Duration {
	first := evidence.Never
	for _, op := range it.out {
		first = min(first, op.Began())
	}
	return first
}
