package stats

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// beliefOf returns for how long several clients believed that they held a key, and the length of each such
// window. It returns nil if several clients may hold the object at a time. The holds are in order of their
// grants.
func beliefOf(m *models.Model, ops operations, all []*holds.Hold) (b *samples.Belief, windows []measured.Bound) {
	if m.State != models.Exclusive && m.State != models.ReadWrite || len(all) == 0 {
		return nil, nil
	}
	b = &samples.Belief{}
	for _, o := range holds.Overlaps(all) {
		windows = append(windows, measured.Bound{Time: o.Length(), AtLeast: o.First.Ended == holds.Open && o.Second.Ended == holds.Open})
		b.Windows++
		b.Total += o.Length()
		b.Longest = max(b.Longest, o.Length())
	}
	byKey := map[string][]guarded{}
	for op := range ops {
		if !m.Operation(op.F).Writes || op.Outcome() != history.OK {
			continue
		}
		var w models.Written
		if op.Return.Decode(&w) == nil {
			byKey[op.Key] = append(byKey[op.Key], guarded{w, op})
		}
	}
	held := map[string][]*holds.Hold{}
	for _, h := range all {
		held[h.Key] = append(held[h.Key], h)
	}
	for key, writes := range byKey {
		b.Writes += len(writes)
		b.Refused += refused(writes, held[key])
	}
	return b, windows
}

// guarded is a write to the guarded resource.
type guarded struct {
	models.Written
	op *history.Operation
}

// refused counts the writes to a key that a resource which checks tokens would refuse. The holds
// belong to the key.
func refused(writes []guarded, all []*holds.Hold) (n int) {
	slices.SortFunc(writes, func(a, b guarded) int { return cmp.Compare(a.Order, b.Order) })
	latest := -1 // the index, among all holds, of the latest hold that wrote
	for _, w := range writes {
		if w.Token != 0 {
			if !w.Accepted {
				n++
			}
			continue
		}
		hold := holdOf(w.op, all)
		if hold < latest {
			n++
		}
		latest = max(latest, hold)
	}
	return n
}

// holdOf returns the index of the latest hold that the client of a write had been granted by then;
// -1 if there is none.
func holdOf(op *history.Operation, all []*holds.Hold) int {
	granted, _ := slices.BinarySearchFunc(all, op.Began()+1, func(h *holds.Hold, t time.Duration) int { return cmp.Compare(h.Granted, t) })
	for i := granted - 1; i >= 0; i-- {
		if all[i].Client == op.Client {
			return i
		}
	}
	return -1
}
