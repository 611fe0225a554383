package queues

import (
	"context"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/explain"
)

// integrity requires that each item that comes out of a queue was put in before, and comes out only
// once.
var integrity = &frame.Property{
	Name:     "integrity",
	Meaning:  "each delivered item had been put, and was delivered only once",
	Decider:  "items by value",
	Telling:  explain.CameTwice,
	Evidence: frame.FromTimes,
	Decide: onQueue(func(_ context.Context, f *frame.Finding, q *queue) {
		f.Add(q.figures)
		for _, it := range q.items {
			decideIntegrity(f, q.Name, it)
		}
	}),
	Exercise: queueExercise,
}

func decideIntegrity(f *frame.Finding, key string, it *item) {
	if len(it.out) == 0 {
		return
	}
	f.Count("dequeued", 1)
	first := it.out[0]
	for _, op := range it.out[1:] {
		counterexample := append(evidence.EventsOf(first), evidence.EventsOf(op)...)
		if in := it.enqueue(); in != nil {
			counterexample = append(counterexample, evidence.EventsOf(in)...)
		}
		f.Violated(counterexample, "item %q of %s was taken twice: by client %d at %s and by client %d at %s",
			it.value, key, first.Client, words.At(first.Return.Time), op.Client, words.At(op.Return.Time))
	}
	if n := len(it.out); n > 1 {
		f.Anomalies.Note(frame.Duplicated, frame.Often(it.value, n))
	}
	enq := it.enqueue()
	if enq == nil {
		f.Anomalies.Note(frame.Unexpected, it.value)
	}
	switch {
	case enq == nil && len(it.in) > 0:
		f.Violated(append(evidence.EventsOf(it.in[0]), evidence.EventsOf(first)...), "client %d took item %q of %s at %s, whose enqueue by client %d at %s had failed",
			first.Client, it.value, key, words.At(first.Return.Time), it.in[0].Client, words.At(it.in[0].Began()))
	case enq == nil:
		f.Violated(evidence.EventsOf(first), "client %d took item %q of %s at %s, which no client had put in",
			first.Client, it.value, key, words.At(first.Return.Time))
	default:
		for _, op := range it.out {
			if op.Return.Time < enq.Began() {
				f.Violated(append(evidence.EventsOf(enq), evidence.EventsOf(op)...), "client %d took item %q of %s at %s, before client %d put it in at %s",
					op.Client, it.value, key, words.At(op.Return.Time), enq.Client, words.At(enq.Began()))
			}
		}
	}
}
