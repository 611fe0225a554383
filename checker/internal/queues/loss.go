package queues

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
)

// loss requires that no acknowledged item vanishes.
//
// An item that certainly was put in and never came out must have been taken by a dequeue of unknown
// outcome before a deadline: when the queue was seen empty at the end, or when a later item of the
// same priority had come out. The unknown dequeues can have taken all such items if and only if,
// with both sorted, the i-th dequeue began by the i-th deadline.
var loss = &frame.Property{
	Name:    "loss",
	Meaning: "no acknowledged item was lost",
	Decider: "deadline matching",
	Telling: explain.Vanished,
	Evidence: func(a *evidence.Record) string {
		if settlesQueues(a) {
			return "R, L"
		}
		return "R"
	},
	Decide: onQueue(func(_ context.Context, f *frame.Finding, q *queue) {
		f.Add(q.figures)
		decideLoss(f, q)
		switch {
		case settlesQueues(q.Record):
			decideLossByLog(f, q)
		case q.Log != nil:
			f.Note("the transaction log does not show the items of this subject, so unknown outcomes were not settled by it")
		}
	}),
	Exercise: queueExercise,
}

// vanished is an acknowledged item that never came out.
type vanished struct {
	*item
	deadline time.Duration // never: it may still be in the queue
	shown    []int         // the events that set the deadline
	before   time.Duration // items that were put in before this time had to be out by the deadline
	why      string
}

// shows reports whether the events that set v's deadline set it for another item as
// well.
func (v *vanished) shows(g vanished) bool { return g.enqueue().Return.Time < v.before }

func decideLoss(f *frame.Finding, q *queue) {
	drained, left := drained(q.Key)
	gone, open := q.vanished(drained)
	f.Count("vanished", float64(len(gone)))
	if len(q.unknown) == 0 { // otherwise it is not known which of them is lost
		for _, v := range gone {
			f.Anomalies.Note(frame.Lost, v.value)
		}
	}
	for i, v := range gone {
		if i < len(q.unknown) && q.unknown[i].Began() <= v.deadline {
			continue
		}
		if i == 0 {
			f.Violated(append(evidence.EventsOf(v.enqueue()), v.shown...), "item %q, which client %d had put into %s by %s, never came out, though %s; no dequeue with an unknown outcome had begun by then",
				v.value, v.enqueue().Client, q.Name, words.At(v.entered()), v.why)
			return
		}
		var counterexample []int
		for _, g := range gone[:i+1] {
			if counterexample = append(counterexample, evidence.EventsOf(g.enqueue())...); !v.shows(g) {
				counterexample = append(counterexample, g.shown...)
			}
		}
		counterexample = append(counterexample, v.shown...)
		for _, op := range q.unknown[:min(i, len(q.unknown))] {
			counterexample = append(counterexample, evidence.EventsOf(op)...)
		}
		f.Violated(counterexample, "%s that had been put into %s never came out, %q the last of them, though %s; only %s with an unknown outcome had begun by then",
			prose.Count(i+1, "item"), q.Name, v.value, v.why, prose.Count(min(i, len(q.unknown)), "dequeue"))
		return
	}
	if n := len(gone); n > 0 && !settlesQueues(q.Record) {
		f.Note("%s of %s may have been taken by %s with an unknown outcome", prose.Count(n, "item"), q.Name, prose.Count(len(q.unknown), "dequeue"))
	}
	switch {
	case open == 0:
	case left > 0:
		f.Unknown("the drain left %s in the queue, so a lost item cannot be told from one that is still there", prose.Count(left, "item"))
	default:
		f.Unknown("the queue was not drained, so of %s that never came out it is not known whether they are lost or still there", prose.Count(open, "item"))
	}
}

// vanished returns the items that unknown dequeues must have taken, by deadline, and
// the number of other items that never came out but may still be in the queue.
func (q *queue) vanished(drained *history.Event) ([]vanished, int) {
	later := successorsOf(q.taken())
	var gone []vanished
	open := 0
	for _, it := range q.items {
		op := it.enqueue()
		if len(it.out) > 0 || op == nil || op.Outcome() != history.OK {
			continue
		}
		v := vanished{item: it, deadline: evidence.Never}
		if y := later[it.priority].after(op.Return.Time); y != nil {
			v.deadline = y.out[0].Return.Time
			v.shown = append(evidence.EventsOf(y.enqueue()), evidence.EventsOf(y.out[0])...)
			v.before = y.enqueue().Began()
			v.why = "\"" + y.value + "\", put in after it, came out by " + words.At(v.deadline)
		}
		if drained != nil && op.Return.Time < drained.Time && drained.Time < v.deadline {
			v.deadline, v.shown, v.before = drained.Time, []int{drained.Index}, drained.Time
			v.why = "the queue was empty at " + words.At(drained.Time)
		}
		if v.deadline == evidence.Never {
			if !settlesQueues(q.Record) || !accounted(q.Record, it) {
				open++
			}
			continue
		}
		gone = append(gone, v)
	}
	slices.SortStableFunc(gone, func(x, y vanished) int { return cmp.Compare(x.deadline, y.deadline) })
	return gone, open
}

// leftOver returns how many items the last look at the queue found, and the fact that
// shows it; nil if there were none.
func leftOver(k *evidence.Key) (left int, seen *history.Event) {
	for _, e := range k.Facts {
		if e.F != history.FDrained {
			continue
		}
		var v models.Drained
		k.Decode(e, &v)
		if left, seen = v.Left, e; v.Left == 0 {
			seen = nil
		}
	}
	return left, seen
}

// foundEmpty returns the last fact that nothing was left in the queue, even if a put of unknown outcome may follow; nil
// if something was left.
func foundEmpty(k *evidence.Key) (seen *history.Event) {
	for _, e := range k.Facts {
		if e.F == history.FDrained {
			seen = e
		}
	}
	if left, _ := leftOver(k); left > 0 {
		return nil
	}
	return seen
}

// drained returns the fact that the queue was seen empty at the end; nil if it was not.
// left is how many items the drain did not take out.
func drained(k *evidence.Key) (seen *history.Event, left int) {
	for _, e := range k.Facts {
		if e.F != history.FDrained {
			continue
		}
		var v models.Drained
		k.Decode(e, &v)
		if left = v.Left; v.Empty && seen == nil {
			seen = e
		}
	}
	return seen, left
}
