package crosscheck

import (
	"math/rand/v2"
	"slices"
)

// pick returns one of some values at random.
func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// chance returns true in one of n cases.
func chance(r *rand.Rand, n int) bool { return r.IntN(n) == 0 }

// intervals returns operations without content: which client called when, and how the
// call ended. Times are small numbers, so that many are equal, and gaps are often
// empty, even within an operation.
func intervals(r *rand.Rand, most int) []op { return calls(r, 1+r.IntN(most), 1+r.IntN(4)) }

// calls returns a number of operations of a number of clients.
func calls(r *rand.Rand, n, clients int) []op {
	var ops []op
	gap := func() int64 { return int64(max(0, r.IntN(5)-1)) }
	now := make([]int64, clients)
	for range n {
		c := r.IntN(clients)
		o := op{client: c, inv: now[c] + gap(), out: pick(r, ok, ok, ok, ok, ok, ok, info, open, fail)}
		o.ret = o.inv + gap() + gap()
		now[c] = o.ret
		ops = append(ops, o)
	}
	return ops
}

// moment is when an operation takes effect in a simulation.
type moment struct {
	at int64
	op int
}

// moments gives each operation a moment in its interval, and leaves out some of the
// operations of unknown outcome.
func moments(r *rand.Rand, ops []op) []moment {
	var all []moment
	for i, o := range ops {
		switch o.out {
		case ok:
			all = append(all, moment{o.inv + r.Int64N(o.ret-o.inv+1), i})
		case info, open:
			if !chance(r, 3) {
				all = append(all, moment{o.inv + r.Int64N(8), i})
			}
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	slices.SortStableFunc(all, func(a, b moment) int { return int(a.at - b.at) })
	return all
}

// latest is the latest time that a history may have.
const latest = 1<<62 - 1

// shift moves a history in time, up to where numbers get large, and stretches it.
func shift(r *rand.Rand, ops []op) {
	unit := pick[int64](r, 1, 1, 1000, 1e6)
	var last int64
	for _, o := range ops {
		last = max(last, o.ret*unit)
	}
	base := pick[int64](r, 0, 0, 0, 1, 1e9, 1<<53-2*unit, 1<<61, latest-last-1, latest-last)
	for i := range ops {
		ops[i].inv, ops[i].ret = base+ops[i].inv*unit, base+ops[i].ret*unit
	}
}

// without returns the histories that have one operation less.
func without(ops []op) [][]op {
	var all [][]op
	for i := range ops {
		if len(ops) > 1 {
			all = append(all, slices.Delete(slices.Clone(ops), i, i+1))
		}
	}
	return all
}
