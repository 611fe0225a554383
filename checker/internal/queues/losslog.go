package queues

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
)

// This file uses the transaction log to find the dequeue that took an item that never came out. If
// the log shows that a client's session deleted the item, a dequeue of that client took it, one
// that has an unknown outcome and had begun by then; a dequeue takes at most one item. The
// remaining items were lost by a dequeue that reported that it took nothing, or another item. An item that
// stays in the tree was taken by no dequeue: it is lost if the queue was found empty while it was there.
// Only what is in the log counts: its holes can excuse a dequeue, but never accuse one.
//
// The log could also serve "order" and "integrity", since it shows whether an enqueue with an
// unknown outcome happened. But the items that come out already prove nearly all of that.

// removal is an item that never came out, and the end of its znode.
type removal struct {
	*item
	node *evidence.Znode
}

// decideLossByLog counts the items whose fate the log shows, and finds those that it
// proves lost.
func decideLossByLog(f *frame.Finding, q *queue) {
	unknown := map[int][]*history.Operation{}
	for _, op := range q.unknown {
		unknown[op.Client] = append(unknown[op.Client], op)
	}
	settled := 0
	removed := removals(q)
	for _, client := range slices.Sorted(maps.Keys(removed)) {
		of, by := removed[client], unknown[client]
		slices.SortFunc(of, func(x, y removal) int { return cmp.Compare(x.node.Deleted, y.node.Deleted) })
		for i, r := range of {
			if i < len(by) && q.Zxids.Floor(by[i].Began()) < r.node.Deleted {
				settled++
				continue
			}
			lostByLog(f, q.Key, r, client, by[:min(i, len(by))])
			break
		}
	}
	stuck := q.stuck(f)
	f.Count("settled", float64(settled))
	if settled > 0 {
		f.Note("the transaction log has %s of %s taken by %s with an unknown outcome", prose.Count(settled, "item"), q.Name, prose.Count(settled, "dequeue"))
	}
	if n := int(f.Figures["vanished"]) - settled - stuck; n > 0 {
		f.Note("%s of %s may have been taken by %s with an unknown outcome", prose.Count(n, "item"), q.Name, prose.Count(len(q.unknown), "dequeue"))
	}
}

// stuck finds the items whose znodes stay in the tree although the queue was found empty after they had been put in,
// and returns how many there are. As long as there are ephemeral znodes, a client that is gone may hold an item up.
func (q *queue) stuck(f *frame.Finding) (n int) {
	seen := foundEmpty(q.Key)
	if seen == nil || q.heldUp(seen.Time) {
		return 0
	}
	until := max(q.Log.Last(), q.Zxids.FloorAt(seen.Time))
	for _, it := range q.items {
		op := it.enqueue()
		if len(it.out) > 0 || op == nil || op.Outcome() != history.OK || op.Return.Time >= seen.Time {
			continue
		}
		of := nodesOf(q.Record).copies(it)
		if len(of) == 0 || slices.ContainsFunc(of, func(n *evidence.Znode) bool { return n.Deleted != evidence.StillThere }) || !q.Log.Covers(of[0].Created-1, until) {
			continue
		}
		n++
		before := f.Result
		f.Violated(append(evidence.EventsOf(op), seen.Index), "item %q, which client %d had put into %s by %s, never came out, though the queue was empty at %s: the log has its znode %s made at %s and never deleted, so no dequeue took it",
			it.value, op.Client, q.Name, words.At(it.entered()), words.At(seen.Time), of[0].Path, words.Zxid(of[0].Created))
		f.ByLog = f.ByLog || before != frame.Violation
	}
	return n
}

// heldUp reports whether there may have been an ephemeral znode of the queue at a time.
func (q *queue) heldUp(t time.Duration) bool {
	low, high := q.Zxids.FloorAt(t), q.Log.Last()
	if z, _, ok := q.Zxids.Ceil(t); ok {
		high = min(high, z)
	}
	for _, all := range q.Log.Folders {
		for _, n := range all {
			if key, below := q.KeyAt(n.Path); n.Owner != 0 && n.Created <= high && n.Deleted > low && (!below || key == q.Name) {
				return true
			}
		}
	}
	return false
}

// removals returns, by client, the items that no dequeue returned although a session of the client
// deleted them. It takes only items for which the log is complete from the deletion until the queue was
// seen empty, or until the log ends: otherwise they might have been put back.
func removals(q *queue) map[int][]removal {
	by := map[int][]removal{}
	until := q.Log.Last()
	if seen, _ := drained(q.Key); seen != nil {
		until = q.Zxids.FloorAt(seen.Time)
	}
	for _, it := range q.items {
		op := it.enqueue()
		if len(it.out) > 0 || op == nil {
			continue
		}
		if last := removed(q.Record, it); last != nil && q.Log.Covers(last.Deleted-1, max(last.Deleted, until)) {
			c := q.Session(last.Remover).Client
			if c == op.Client && op.Outcome() != history.OK {
				continue // the call may have removed the item again, since it was not acknowledged
			}
			by[c] = append(by[c], removal{it, last})
		}
	}
	return by
}

// removed returns the last of an item's znodes to be deleted, if clients deleted it and nothing of
// the item is left: an item that a recipe moves elsewhere is not gone. If sessions of several
// clients deleted its znodes, it returns nil: a dequeue may have moved the item, and another client
// have deleted it there.
func removed(a *evidence.Record, it *item) (last *evidence.Znode) {
	of := nodesOf(a).copies(it)
	for _, n := range of {
		if n.Deleted == evidence.StillThere {
			return nil
		}
		if last == nil || n.Deleted > last.Deleted {
			last = n
		}
	}
	if last == nil || a.Session(last.Remover) == nil {
		return nil
	}
	by := a.Session(last.Remover).Client
	if slices.ContainsFunc(of, func(n *evidence.Znode) bool { return !a.IsOf(n.Remover, by) }) {
		return nil
	}
	return last
}

// lostByLog reports an item that a client deleted but no client got.
func lostByLog(f *frame.Finding, k *evidence.Key, r removal, client int, excuses []*history.Operation) {
	counterexample := append(evidence.EventsOf(r.enqueue()), k.Session(r.node.Remover).First)
	for _, op := range excuses {
		counterexample = append(counterexample, evidence.EventsOf(op)...)
	}
	excuse := "no dequeue of that client with an unknown outcome had begun by then"
	if n := len(excuses); n > 0 {
		excuse = "the " + prose.Count(n, "dequeue") + " of that client with an unknown outcome had taken others"
	}
	before := f.Result
	f.Violated(counterexample, "item %q, which client %d had put into %s (in the transaction log at %s), never came out: the log has it deleted at %s by session %s of client %d, and %s",
		r.value, r.enqueue().Client, k.Name, words.Zxid(r.node.Created), words.Zxid(r.node.Deleted), r.node.Remover, client, excuse)
	f.Names(r.node)
	f.ByLog = f.ByLog || before != frame.Violation
}

// accounted reports whether the log shows what happened to an item: one of the clients took it, or it
// is still there.
func accounted(a *evidence.Record, it *item) bool {
	of := nodesOf(a).copies(it)
	for _, n := range of {
		switch {
		case n.Deleted != evidence.StillThere && a.Session(n.Remover) != nil:
		case n.Deleted == evidence.StillThere && a.Log.Covers(n.Created-1, a.Log.Last()):
		default:
			return false
		}
	}
	return len(of) > 0
}

// settlesQueues reports whether the log can be read as the history of the queues.
func settlesQueues(a *evidence.Record) bool { return nodesOf(a).Trusted() }
