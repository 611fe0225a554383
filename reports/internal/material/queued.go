package material

import (
	"cmp"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats"
)

// queued is the time that an item spent in a queue, as far as it is known: from the acknowledged
// enqueue (or, if that is unknown, from its own dequeue) to the dequeue that returned it.
type queued struct {
	stats.Span
	Key, item   string
	Put, Taken  int // clients; taken is -1 if no client took it
	unconfirmed bool
	Op          *history.Operation // that put it in
}

// QueuedItems returns the items that were certainly in a queue, in the order in which they
// entered it.
func QueuedItems(h *history.History) []queued {
	type name struct{ key, item string }
	model := models.Of(h)
	items := map[name]*queued{}
	for _, op := range h.Operations() {
		if item, ok := itemOf(op.Invoke); ok && model.Operation(op.F).Puts && op.Outcome() != history.Fail {
			f := &queued{Key: op.Key, item: item, Put: op.Client, Taken: -1, unconfirmed: op.Outcome() != history.OK, Op: op}
			if f.From, f.Until = op.Began(), stats.End(h); !f.unconfirmed {
				f.From = op.Return.Time
			}
			items[name{op.Key, item}] = f
		}
	}
	for _, op := range h.Operations() {
		if !model.Operation(op.F).Takes || op.Outcome() != history.OK {
			continue
		}
		if item, ok := itemOf(op.Return); ok {
			if f := items[name{op.Key, item}]; f != nil {
				f.Taken, f.Until = op.Client, op.Return.Time
				f.From = min(f.From, f.Until)
			}
		}
	}
	var out []queued
	for _, f := range items {
		// An item that was neither acknowledged nor taken may never have been in the queue.
		if !f.unconfirmed || f.Taken >= 0 {
			out = append(out, *f)
		}
	}
	slices.SortFunc(out, func(a, b queued) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Key, b.Key), cmp.Compare(a.item, b.item))
	})
	return out
}

func itemOf(e *history.Event) (string, bool) {
	var i models.Item
	if e == nil || e.Decode(&i) != nil || i.Item == "" {
		return "", false
	}
	return i.Item, true
}
