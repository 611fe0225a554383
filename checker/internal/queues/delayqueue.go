package queues

import (
	"context"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// DelayQueue is a queue with unique items that returns no item before it is due, and, of the items
// that are due, the one that has been due for longest. So items come out in the order of a priority
// queue whose priorities are the due times: a dequeue that takes a due item passes over no item
// that is due earlier, since that item is also due.
var DelayQueue = frame.Model{
	Object:     models.DelayQueue,
	Properties: []*frame.Property{integrity, notEarly, sameDue, loss, dueOrder, strict, empty, queueProgress, inLog},
	References: []*frame.Reference{dueReference, strictDueReference},
}

// sameDue is the property classOrder, and dueOrder is priority, under other names.
var (
	sameDue  = called(classOrder, "same-due", "items due at the same time came out in the order in which they went in")
	dueOrder = called(priority, "due-order", "no dequeue passed over an item that was due earlier and that its session had been told of")
)

// called returns a copy of a property with another name and meaning.
func called(p *frame.Property, name, meaning string) *frame.Property {
	same := *p
	same.Name, same.Meaning = name, meaning
	return &same
}

// The reference models of the priority queue, with the names of the properties here.
var (
	dueReference       = covers(classReference, "integrity", "same-due", "loss")
	strictDueReference = covers(strictReference, "integrity", "same-due", "loss", "strict")
)

func covers(r *frame.Reference, properties ...string) *frame.Reference {
	same := *r
	same.Covers = properties
	return &same
}

// notEarly requires that no item comes out before it is due by the wall clock: no dequeue
// returns it, and no client has deleted it by then.
var notEarly = &frame.Property{
	Name:    "not-early",
	NoModel: frame.Timed,
	Meaning: "no item was delivered before it was due",
	Decider: "due times",
	Evidence: func(a *evidence.Record) string {
		if settlesQueues(a) {
			return "R, L"
		}
		return "R"
	},
	Decide: onQueue(func(_ context.Context, f *frame.Finding, q *queue) {
		q.countTooSoon(f)
		if clocked(f, q) {
			decideNotEarly(f, q)
		}
	}),
	Exercise: func(_ *evidence.Record, figures map[string]float64) string {
		return frame.Because(frame.Few(figures["not_due"], 10, "dequeues while an item was there that was not due"), frame.MoreMeetings)
	},
}

// clocked reports whether the wall clock can be derived from the record's. If not, it makes
// the finding unknown.
func clocked(f *frame.Finding, q *queue) bool {
	if q.Stepped() {
		f.Unknown("the wall clock was set during the run (it moved by %s), so it is not known when items were due", words.Lasting(q.Moved()))
	}
	return !q.Stepped()
}

func decideNotEarly(f *frame.Finding, q *queue) {
	for _, it := range q.taken() {
		if it.due == evidence.Always {
			continue
		}
		from := it.due - q.Wall()
		for _, op := range it.out {
			switch gone, seen := q.goneBy(it, op); {
			case op.Return.Time < from:
				f.Violated(append(evidence.EventsOf(it.enqueue()), evidence.EventsOf(op)...), "client %d took item %q of %s by %s, though it was due at %s only",
					op.Client, it.value, q.Name, words.At(op.Return.Time), words.At(it.due))
			case gone < from:
				before := f.Result
				f.Violated(append(append(evidence.EventsOf(it.enqueue()), evidence.EventsOf(op)...), seen), "client %d took item %q of %s, which was due at %s, and the transaction log has it deleted by %s",
					op.Client, it.value, q.Name, words.At(it.due), words.At(gone))
				f.ByLog = f.ByLog || before != frame.Violation
			}
		}
	}
}

// goneBy returns when a dequeue had certainly deleted its item by the log, and the event that
// shows it; never if that is not known.
func (q *queue) goneBy(it *item, op *history.Operation) (at time.Duration, seen int) {
	if settlesQueues(q.Record) {
		if n := nodesOf(q.Record).deletedBy(q.Record, it, op); n != nil {
			return q.Zxids.CommittedBy(n.Deleted)
		}
	}
	return evidence.Never, -1
}

// countTooSoon counts the dequeues that were under way while an item was in the queue that was not due
// yet, for any reading of the wall clock.
func (q *queue) countTooSoon(f *frame.Finding) {
	f.Count("not_due", 0)
	var there []evidence.Span
	for _, it := range q.items {
		if s := (evidence.Span{From: it.entered(), To: min(it.due-q.Wall(), it.leaves())}); it.due != evidence.Always && s.From < s.To {
			there = append(there, s)
		}
	}
	there = evidence.Union(there)
	for _, op := range q.Ops() {
		if !q.Object.Operation(op.F).Takes {
			continue
		}
		if i := evidence.Reaching(there, op.Began()+1); i < len(there) && there[i].From < min(evidence.Ended(op), q.End) {
			f.CountCall(q.Record, "not_due", op)
		}
	}
}
