package checker

import (
	"context"
)

// integrity says that what comes out of a queue was put in before, and comes
// out once.
var integrity = &property{
	name:     "integrity",
	decider:  "items by value",
	evidence: realTime,
	decide: onQueue(func(_ context.Context, f *finding, a *analysis, k *keyRecord, q *queueRecord) {
		f.add(q.figures)
		for _, it := range q.items {
			decideIntegrity(f, k.key, it)
		}
	}),
	exercise: queueExercise,
}

func decideIntegrity(f *finding, key string, it *item) {
	if len(it.out) == 0 {
		return
	}
	f.count("dequeued", 1)
	first := it.out[0]
	for _, op := range it.out[1:] {
		witness := append(events(first), events(op)...)
		if in := it.enqueue(); in != nil {
			witness = append(witness, events(in)...)
		}
		f.violated(witness, "item %q of %s was taken twice: by client %d at %s and by client %d at %s",
			it.value, key, first.Client, at(first.Return.Time), op.Client, at(op.Return.Time))
	}
	enq := it.enqueue()
	switch {
	case enq == nil && len(it.in) > 0:
		f.violated(append(events(it.in[0]), events(first)...), "client %d took item %q of %s at %s, whose enqueue by client %d at %s had failed",
			first.Client, it.value, key, at(first.Return.Time), it.in[0].Client, at(it.in[0].Began()))
	case enq == nil:
		f.violated(events(first), "client %d took item %q of %s at %s, which nobody had put in",
			first.Client, it.value, key, at(first.Return.Time))
	default:
		for _, op := range it.out {
			if op.Return.Time < enq.Began() {
				f.violated(append(events(enq), events(op)...), "client %d took item %q of %s at %s, before client %d put it in at %s",
					op.Client, it.value, key, at(op.Return.Time), enq.Client, at(enq.Began()))
			}
		}
	}
}
