package checker

import (
	"cmp"
	"maps"
	"slices"

	"github.com/zklab/zklab/history"
)

// This file settles by the transaction log which dequeue took an item that never
// came out. An item that the log has deleted by a client's session was taken by a
// dequeue of that client whose outcome nobody knows, and that had begun by then; a
// dequeue takes one item at most. What is left then was lost by a dequeue that
// said that it took nothing, or something else. Only what is in the log counts:
// its holes excuse, they never accuse.
//
// Left out: that an enqueue with an unknown outcome happened, or did not, could
// sharpen "order" and "integrity"; what comes out proves nearly all of it anyway.

// removal is an item that never came out, and the end of its znode.
type removal struct {
	*item
	node *znode
}

// decideLossByLog counts the items that the log settles, and finds those that it
// proves lost.
func decideLossByLog(f *finding, a *analysis, k *keyRecord, q *queueRecord) {
	unknown := map[int][]*history.Operation{}
	for _, op := range q.unknown {
		unknown[op.Client] = append(unknown[op.Client], op)
	}
	settled := 0
	removed := a.removals(k, q)
	for _, client := range slices.Sorted(maps.Keys(removed)) {
		of, by := removed[client], unknown[client]
		slices.SortFunc(of, func(x, y removal) int { return cmp.Compare(x.node.d, y.node.d) })
		for i, r := range of {
			if i < len(by) && a.zxids.floor(by[i].Began()) < r.node.d {
				settled++
				continue
			}
			a.lostByLog(f, k, r, client, by[:min(i, len(by))])
			break
		}
	}
	f.count("settled", float64(settled))
	if settled > 0 {
		f.note("the transaction log has %s of %s taken by %s with an unknown outcome", count(settled, "item"), k.key, count(settled, "dequeue"))
	}
	if n := int(f.figures["vanished"]) - settled; n > 0 {
		f.note("%s of %s may have been taken by %s with an unknown outcome", count(n, "item"), k.key, count(len(q.unknown), "dequeue"))
	}
}

// removals are by client the items that never came out although a session of the
// client deleted them, as far as the log is whole from then on until the queue was
// seen empty, or it ends: they might have been put back.
func (a *analysis) removals(k *keyRecord, q *queueRecord) map[int][]removal {
	by := map[int][]removal{}
	until := a.log.last()
	if seen, _ := k.drained(a); seen != nil {
		until = a.zxids.floorAt(seen.Time)
	}
	for _, it := range q.items {
		op := it.enqueue()
		if len(it.out) > 0 || op == nil {
			continue
		}
		if last := a.removed(it); last != nil && a.log.covers(last.d-1, max(last.d, until)) {
			c := a.sessions[last.remover].client
			if c == op.Client && op.Outcome() != history.OK {
				continue // a put that was not acknowledged may have been taken back
			}
			by[c] = append(by[c], removal{it, last})
		}
	}
	return by
}

// removed is the last end of an item's znode, if that was by a client and nothing
// of the item is left: what a recipe moves elsewhere is not gone.
func (a *analysis) removed(it *item) (last *znode) {
	for _, n := range a.copies(it) {
		if n.d == there {
			return nil
		}
		if last == nil || n.d > last.d {
			last = n
		}
	}
	if last == nil || a.sessions[last.remover] == nil {
		return nil
	}
	return last
}

// lostByLog reports an item that a client deleted and nobody got.
func (a *analysis) lostByLog(f *finding, k *keyRecord, r removal, client int, excuses []*history.Operation) {
	witness := append(events(r.enqueue()), a.sessions[r.node.remover].first)
	for _, op := range excuses {
		witness = append(witness, events(op)...)
	}
	excuse := "no dequeue of that client with an unknown outcome had begun by then"
	if n := len(excuses); n > 0 {
		excuse = "the " + count(n, "dequeue") + " of that client with an unknown outcome had taken others"
	}
	before := f.result
	f.violated(witness, "item %q, which client %d had put into %s (in the transaction log at %s), never came out: the log has it deleted at %s by session %s of client %d, and %s",
		r.value, r.enqueue().Client, k.key, hex(r.node.c), hex(r.node.d), r.node.remover, client, excuse)
	f.byLog = f.byLog || before != Violation
}

// accounted says that the log tells what became of an item: one of the clients
// took it, or it is there still.
func (a *analysis) accounted(it *item) bool {
	of := a.copies(it)
	for _, n := range of {
		switch {
		case n.d != there && a.sessions[n.remover] != nil:
		case n.d == there && a.log.covers(n.c-1, a.log.last()):
		default:
			return false
		}
	}
	return len(of) > 0
}

// settlesQueues says that the log can be read as what happened to queues.
func (a *analysis) settlesQueues() bool { return a.log != nil && a.trusted() }
