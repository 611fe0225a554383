package queues

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
)

// decideRoom looks for a producer that waited while a queue with a capacity had room. An item that may
// have been put in counts as present until a dequeue has returned it.
func decideRoom(ctx context.Context, f *frame.Finding, q *queue) {
	if !isBounded(q.Record) {
		return
	}
	waits := waitsByClient(q.Key, func(o *models.Operation) bool { return o.Puts })
	for _, client := range slices.Sorted(maps.Keys(waits)) {
		w := readWaits(q.Record, client, waits[client])
		for _, room := range q.rooms(client) {
			if ctx.Err() != nil {
				return
			}
			judgeWaiter(f, q.Record, client, w, room, "to put into "+q.Name, "there was room for "+room.what)
		}
	}
}

// rooms returns when there certainly was room for longer than the bound, and for how many items at
// least. The items that a client itself waits to put in take no room: if such an item is in the
// queue, its call has no reason to wait.
func (q *queue) rooms(client int) (of []stay) {
	type change struct {
		at    time.Duration
		items int
	}
	var all []change
	for _, it := range q.items {
		op := it.enqueue()
		if op == nil {
			continue
		}
		gone := evidence.Never
		for _, out := range it.out {
			gone = min(gone, out.Return.Time)
		}
		from := op.Began()
		if op.Client == client && evidence.Ended(op)-from >= frame.RealWait {
			from = min(evidence.Ended(op), gone)
		}
		all = append(all, change{from, 1}, change{gone, -1})
	}
	slices.SortStableFunc(all, func(a, b change) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(b.items, a.items)) })
	from, there, most := q.Settled, 0, 0
	end := func(at time.Duration) {
		s := evidence.Span{From: from, To: min(at, q.End)}
		if most < q.Offers.Capacity && s.Length() > q.Bound {
			of = append(of, stay{Span: s, what: prose.Count(q.Offers.Capacity-most, "item")})
		}
	}
	for _, c := range all {
		was := there < q.Offers.Capacity
		there += c.items
		is := there < q.Offers.Capacity
		switch {
		case was && !is:
			end(c.at)
		case is && !was:
			from, most = max(c.at, q.Settled), there
		default:
			most = max(most, there)
		}
	}
	if there < q.Offers.Capacity {
		end(q.End)
	}
	return of
}
