package checker

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// queueProgress says that after heal an item and a live consumer that waits for
// one are not together for long.
var queueProgress = &property{
	name:     "progress",
	decider:  "items against waits",
	evidence: realTime,
	applies:  func(a *analysis) bool { return !a.foreign },
	decide: onQueue(func(ctx context.Context, f *finding, a *analysis, k *keyRecord, q *queueRecord) {
		if why := a.untimed(); why != "" {
			f.unknown("%s", why)
			return
		}
		decideQueueProgress(ctx, f, a, k, q)
	}),
}

// decideQueueProgress looks for an item that stayed while a consumer waited.
//
// Only stays beyond the bound and waits of some length matter: both are few in
// a run that is right.
func decideQueueProgress(ctx context.Context, f *finding, a *analysis, k *keyRecord, q *queueRecord) {
	stays := append(q.stays(a), q.leftovers(a, k)...)
	waits := waitsByClient(k)
	for _, client := range slices.Sorted(maps.Keys(waits)) {
		for _, st := range stays {
			if ctx.Err() != nil {
				return
			}
			f.judgeConsumer(a, k.key, client, waits[client], st)
		}
	}
}

// stay is how long an item certainly was in the queue.
type stay struct {
	span
	what    string
	witness []int
}

// stays are the items that certainly stayed for longer than the bound.
func (q *queueRecord) stays(a *analysis) []stay {
	var of []stay
	excuse := never // from here on an unknown dequeue may have taken anything
	if len(q.unknown) > 0 {
		excuse = q.unknown[0].Began()
	}
	for _, it := range q.items {
		op := it.enqueue()
		if op == nil || op.Outcome() != history.OK {
			continue
		}
		s := span{max(op.Return.Time, a.settled), min(it.leaves(), a.end)}
		if len(it.out) == 0 {
			s.to = min(s.to, max(excuse, s.from))
		}
		if s.length() > a.bound {
			of = append(of, stay{s, "item \"" + it.value + "\"", events(op)})
		}
	}
	return of
}

// leftovers is the stay of what a drain did not get out: if that is more than
// the enqueues with an unknown outcome can have put in late, some of it is an
// item that was in the queue since it was acknowledged.
func (q *queueRecord) leftovers(a *analysis, k *keyRecord) []stay {
	left, seen := k.leftOver(a)
	if seen == nil {
		return nil
	}
	s := stay{span: span{a.settled, seen.Time}, what: "an item that the drain did not get out", witness: []int{seen.Index}}
	for _, it := range q.items {
		op := it.enqueue()
		switch {
		case op == nil || len(it.out) > 0:
		case op.Outcome() != history.OK || op.Return.Time >= seen.Time:
			left--
		default:
			s.from = max(s.from, op.Return.Time)
			s.witness = append(s.witness, events(op)...)
		}
	}
	if left <= 0 || s.length() <= a.bound {
		return nil
	}
	return []stay{s}
}

// waitsByClient are the dequeues of each client that waited for long.
func waitsByClient(k *keyRecord) map[int][]*history.Operation {
	of := map[int][]*history.Operation{}
	for _, op := range k.ops {
		if op.F == history.FDequeue && ended(op)-op.Began() >= realWait {
			of[op.Client] = append(of[op.Client], op)
		}
	}
	return of
}

func (f *finding) judgeConsumer(a *analysis, key string, client int, ops []*history.Operation, st stay) {
	var waits []span
	var witness []int
	for _, op := range ops {
		s := span{max(op.Began(), st.from), min(ended(op), st.to)}
		if s.from >= s.to {
			continue
		}
		if live := a.whileLive(client, s); len(live) > 0 {
			waits = append(waits, live...)
			witness = append(witness, events(op)...)
		}
	}
	served := func(from, to time.Duration) bool {
		return slices.ContainsFunc(ops, func(op *history.Operation) bool {
			return op.Outcome() == history.OK && from <= op.Return.Time && op.Return.Time <= to
		})
	}
	f.judgeWaits(a, union(waits), served,
		func(s span, length time.Duration) (string, []int) {
			return "client " + itoa(client) + " waited for an item of " + key + " from " + at(s.from) + " to " + at(s.to) +
				", while " + st.what + " was in it (" + lasting(length) + ", of " + lasting(a.bound) + " allowed)", append(witness, st.witness...)
		})
}
