package queues

import (
	"context"
	"fmt"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
)

// Queue is a FIFO queue with unique items, all of one priority. Integrity, order and loss together
// are equivalent to the queue being linearizable at its deletes; it suffices to compare pairs of
// items (Henzinger, Sezgin, Vafeiadis 2013; Bouajjani et al. 2015).
var Queue = frame.Model{
	Object:     models.Queue,
	Properties: []*frame.Property{integrity, fifo, loss, bounded, empty, queueProgress, inLog},
	References: []*frame.Reference{queueReference, boundedReference},
}

// item is one value that went into, or came out of, a queue.
type item struct {
	value    string
	priority int64                // a FIFO queue has only one; in a delay queue, it is the due time
	due      time.Duration        // from when on the item may come out; Always if it has no due time
	in       []*history.Operation // enqueues, failed ones included
	out      []*history.Operation // dequeues that returned it
}

// enqueue returns the item's enqueue if it may have happened; nil if there is none.
func (it *item) enqueue() *history.Operation {
	for _, op := range it.in {
		if op.Outcome() != history.Fail {
			return op
		}
	}
	return nil
}

// entered returns the time by which the item was in the queue: the return of its enqueue, or, if the
// outcome of that is unknown, the return of the first dequeue that returned it.
func (it *item) entered() time.Duration {
	op := it.enqueue()
	switch {
	case op == nil:
		return evidence.Never
	case op.Outcome() == history.OK:
		return op.Return.Time
	case len(it.out) > 0:
		return it.out[0].Return.Time
	}
	return evidence.Never
}

// ready returns the time from which the item certainly was there and could come out.
func (it *item) ready(a *evidence.Record) time.Duration {
	if it.due == evidence.Always {
		return it.entered()
	}
	return max(it.entered(), it.due+a.Wall())
}

// ranked returns the item's name and its priority, in words.
func (it *item) ranked() string {
	if it.due != evidence.Always {
		return fmt.Sprintf("%q due at %s", it.value, words.At(it.due))
	}
	return fmt.Sprintf("%q with priority %d", it.value, it.priority)
}

func (it *item) andDue() string {
	if it.due != evidence.Always {
		return ", and due,"
	}
	return ""
}

// better describes an item that has to come out first.
func (it *item) better() string {
	if it.due != evidence.Always {
		return "something due earlier"
	}
	return "something better"
}

// queue holds what happened to one FIFO, priority or delay queue.
type queue struct {
	*evidence.Key
	items   []*item              // in order of their first event
	unknown []*history.Operation // dequeues that may have taken an item, in order of invocation
	empties []*history.Operation // dequeues that found nothing
	doubled string               // an item that was enqueued twice
	delays  bool                 // items have due times
	figures map[string]float64   // counts for the exercise condition
}

// queueOf reads the history of a key as that of a queue.
var queueOf = evidence.OncePerKey(readQueue)

func readQueue(k *evidence.Key) *queue {
	b := &queueReader{a: k.Record, queue: &queue{Key: k, figures: map[string]float64{}}, by: map[string]*item{}, earlier: evidence.NewReach()}
	for _, op := range k.Ops() {
		switch traits := k.Object.Operation(op.F); {
		case traits.Puts:
			b.enqueue(op)
		case traits.Takes && op.Outcome() != history.Fail:
			b.dequeue(op)
		}
	}
	b.figures["items"] = float64(len(b.items))
	b.figures["unknown_dequeues"] = float64(len(b.unknown))
	return b.queue
}

// queueReader reads the record of a queue.
type queueReader struct {
	*queue
	a       *evidence.Record
	by      map[string]*item
	earlier evidence.Reach // of dequeues
}

func (b *queueReader) item(value string) *item {
	it := b.by[value]
	if it == nil {
		it = &item{value: value, due: evidence.Always}
		b.by[value] = it
		b.items = append(b.items, it)
	}
	return it
}

func (b *queueReader) enqueue(op *history.Operation) {
	var v struct {
		models.Ranked
		Due *time.Duration `json:"due"`
	}
	b.a.Decode(op.Invoke, &v)
	it := b.item(v.Item)
	if it.enqueue() != nil && op.Outcome() != history.Fail {
		b.doubled = v.Item
	}
	if it.in = append(it.in, op); it.enqueue() == op || len(it.in) == 1 {
		it.priority = int64(v.Priority)
		if v.Due != nil {
			it.priority, it.due, b.delays = int64(*v.Due), *v.Due, true
		}
	}
}

// dequeue adds a dequeue that did not fail.
func (b *queueReader) dequeue(op *history.Operation) {
	var v models.Item
	switch op.Outcome() {
	case history.Info:
		b.unknown = append(b.unknown, op)
	case history.OK:
		b.a.Decode(op.Return, &v)
		if v.Item == "" {
			b.empties = append(b.empties, op)
			break
		}
		it := b.item(v.Item)
		it.out = append(it.out, op)
	}
	if b.earlier.Beyond(op.Client, op.Began()) {
		b.figures["overlapping"]++ // also in the drain after the heal, which takes what is left
		if v.Item != "" {
			b.figures["overlapping_found"]++
		}
	}
	b.earlier.Add(op.Client, min(evidence.Ended(op), b.a.End))
}

// onQueue decides a property of one queue, if its items are unique.
func onQueue(decide func(context.Context, *frame.Finding, *queue)) func(context.Context, *evidence.Key) frame.Finding {
	return func(ctx context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		q := queueOf(k)
		if q.doubled != "" {
			f.Unknown("item %q was enqueued twice; items must be unique to be told apart", q.doubled)
			return f
		}
		decide(ctx, &f, q)
		return f
	}
}

// queueExercise requires consumers that competed at a queue with items.
func queueExercise(_ *evidence.Record, figures map[string]float64) string {
	const overlapping, nonEmpty = 20, 10
	if n := figures["overlapping"]; n < overlapping {
		return frame.Because(fmt.Sprintf("only %s overlapped one of another consumer, of %d wanted", prose.Count(int(n), "dequeue"), overlapping), frame.MoreMeetings)
	}
	if n := figures["overlapping_found"]; n < nonEmpty {
		return frame.Because(fmt.Sprintf("only %s that overlapped another consumer's found an item, of %d wanted", prose.Count(int(n), "dequeue"), nonEmpty), frame.MoreMeetings)
	}
	return ""
}
