package queues

import (
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
)

// itemNodes holds the znodes of items in the transaction log. An item is the data of a znode that a
// session of its producer created, and that a session of its consumer deletes. If two queues have
// equal items, the log does not show which znode holds which item, and no znode is used.
type itemNodes struct {
	evidence.Layout
	of map[string][]*evidence.Znode // znodes that clients made, by data
}

// nodesOf returns the znodes of a record's items; none without a log.
var nodesOf = evidence.Once(func(a *evidence.Record) *itemNodes {
	x := &itemNodes{}
	if a.Log == nil || equalItems(a) {
		return x
	}
	x.of = a.Log.Group(func(n *evidence.Znode) (string, bool) { return string(n.Data), a.Session(n.Maker) != nil })
	for _, k := range a.Keys {
		x.recognise(k)
	}
	return x
})

// equalItems reports whether two queues have equal items.
func equalItems(a *evidence.Record) bool {
	in := map[string]bool{}
	for _, k := range a.Keys {
		for _, it := range queueOf(k).items {
			if in[it.value] {
				return true
			}
			in[it.value] = true
		}
	}
	return false
}

// recognise looks for the items of a key.
func (x *itemNodes) recognise(k *evidence.Key) {
	for _, it := range queueOf(k).items {
		if op := it.enqueue(); op != nil && op.Outcome() == history.OK {
			switch _, _, ok := k.Window(op); {
			case x.putBy(k.Record, it, op.Client):
				x.Found++
			case ok:
				x.Missing++
			}
		}
		if len(it.out) == 0 {
			continue
		}
		deletes := x.deletes(k.Record, it)
		for _, op := range it.out {
			switch {
			case deletes[op.Client] > 0:
				x.Found++
			case x.untaken(k.Record, it, op):
				x.Missing++
			}
		}
	}
}

// copies returns the znodes that had an item as their data. An item that a recipe
// writes twice has two.
func (x *itemNodes) copies(it *item) []*evidence.Znode { return x.of[it.value] }

func (x *itemNodes) putBy(a *evidence.Record, it *item, client int) bool {
	return slices.ContainsFunc(x.copies(it), func(n *evidence.Znode) bool { return a.IsOf(n.Maker, client) })
}

// deletes counts by client the copies of an item that its sessions deleted.
func (x *itemNodes) deletes(a *evidence.Record, it *item) map[int]int {
	of := map[int]int{}
	for _, n := range x.copies(it) {
		if s := a.Session(n.Remover); n.Deleted != evidence.StillThere && s != nil {
			of[s.Client]++
		}
	}
	return of
}

// untaken reports whether the log is complete from the first znode of an item until a
// dequeue had returned the item.
func (x *itemNodes) untaken(a *evidence.Record, it *item, op *history.Operation) bool {
	of := x.copies(it)
	if len(of) == 0 {
		return false
	}
	high, _, ok := a.Zxids.Ceil(op.Return.Time)
	return ok && a.Log.Covers(of[0].Created-1, high)
}
