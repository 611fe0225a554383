package queues

import (
	"context"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

var inLog = frame.LogAgrees(settlesQueues, queueInLog)

// queueInLog looks for the creation of each item that was put in, and for the deletion
// of each that came out.
func queueInLog(ctx context.Context, f *frame.Finding, k *evidence.Key) {
	for _, it := range queueOf(k).items {
		if ctx.Err() != nil {
			return
		}
		putInLog(f, k.Record, k.Name, it)
		takesInLog(f, k.Record, k.Name, it)
	}
}

func putInLog(f *frame.Finding, a *evidence.Record, key string, it *item) {
	op := it.enqueue()
	if op == nil {
		failedPutInLog(f, a, key, it)
		return
	}
	if op.Outcome() != history.OK {
		return
	}
	if len(nodesOf(a).copies(it)) > 0 {
		f.Count("compared", 1)
		return
	}
	if low, high, ok := a.Window(op); ok {
		f.Violated(evidence.EventsOf(op), "client %d got the answer at %s that item %q was put into %s, but the transaction log has no create of it from %s to %s",
			op.Client, words.At(op.Return.Time), it.value, key, words.Zxid(low), words.Zxid(high))
	}
}

// failedPutInLog looks for an item that was put in by a call that claimed to have had no effect.
func failedPutInLog(f *frame.Finding, a *evidence.Record, key string, it *item) {
	if len(nodesOf(a).copies(it)) == 0 {
		return
	}
	first := map[int]*history.Operation{} // by client: its first call; a creation after a later call is also after this one
	for _, op := range it.in {
		if first[op.Client] == nil {
			first[op.Client] = op
		}
	}
	for _, n := range nodesOf(a).copies(it) {
		op := first[a.Session(n.Maker).Client]
		if op != nil && n.Created > a.Zxids.Floor(op.Began()) {
			f.Violated(evidence.EventsOf(op), "client %d got the answer at %s that item %q was not put into %s and never will be, but the transaction log has it put in at %s",
				op.Client, words.At(op.Return.Time), it.value, key, words.Zxid(n.Created))
			return
		}
	}
}

// takesInLog decides the dequeues that returned an item. Each needs a deletion by its own client.
func takesInLog(f *frame.Finding, a *evidence.Record, key string, it *item) {
	if len(it.out) == 0 {
		return
	}
	deletes := nodesOf(a).deletes(a, it)
	for _, op := range it.out {
		if deletes[op.Client]--; deletes[op.Client] >= 0 {
			f.Count("compared", 1)
			continue
		}
		if !nodesOf(a).untaken(a, it, op) || f.Again() {
			continue
		}
		f.Violated(evidence.EventsOf(op), "client %d took item %q of %s at %s, but the transaction log has no delete of it by that client: it %s",
			op.Client, it.value, key, words.At(op.Return.Time), fate(a, it, op.Client))
	}
}

// fate returns the log's account of an item that a client did not delete.
func fate(a *evidence.Record, it *item, client int) string {
	var other *evidence.Znode
	for _, n := range nodesOf(a).copies(it) {
		if n.Deleted != evidence.StillThere && !a.IsOf(n.Remover, client) {
			other = n
		}
	}
	if other == nil {
		return "still has it"
	}
	says := "has it deleted at " + words.Zxid(other.Deleted) + " by session " + other.Remover.String()
	if s := a.Session(other.Remover); s != nil {
		says += " of client " + words.Number(s.Client)
	}
	return says
}
