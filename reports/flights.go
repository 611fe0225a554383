package reports

import (
	"cmp"
	"maps"
	"slices"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats"
)

// flight is the time that an item spent in a queue, as far as it is known:
// from the acknowledged enqueue (or, if that is unknown, from its own dequeue)
// to the dequeue that returned it.
type flight struct {
	stats.Span
	key, item   string
	put, taken  int // clients; taken is -1 if nobody took it
	unconfirmed bool
}

func itemsInFlight(h *history.History) []flight {
	type name struct{ key, item string }
	flights := map[name]*flight{}
	for _, op := range h.Operations() {
		if item, ok := itemOf(op.Invoke); ok && op.F == history.FEnqueue && op.Outcome() != history.Fail {
			f := &flight{key: op.Key, item: item, put: op.Client, taken: -1, unconfirmed: op.Outcome() != history.OK}
			if f.From, f.Until = op.Began(), stats.End(h); !f.unconfirmed {
				f.From = op.Return.Time
			}
			flights[name{op.Key, item}] = f
		}
	}
	for _, op := range h.Operations() {
		if op.F != history.FDequeue || op.Outcome() != history.OK {
			continue
		}
		if item, ok := itemOf(op.Return); ok {
			if f := flights[name{op.Key, item}]; f != nil {
				f.taken, f.Until = op.Client, op.Return.Time
				f.From = min(f.From, f.Until)
			}
		}
	}
	var out []flight
	for _, f := range flights {
		// What nobody acknowledged and nobody took may never have been in.
		if !f.unconfirmed || f.taken >= 0 {
			out = append(out, *f)
		}
	}
	slices.SortFunc(out, func(a, b flight) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.key, b.key), cmp.Compare(a.item, b.item))
	})
	return out
}

func itemOf(e *history.Event) (string, bool) {
	var i history.Item
	if e == nil || e.Decode(&i) != nil || i.Item == "" {
		return "", false
	}
	return i.Item, true
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
