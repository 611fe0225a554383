package stats

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// Overlap is a stretch in which two clients believed that they held one key.
type Overlap struct {
	Span
	Key     string
	Clients [2]int // the earlier holder first
}

// Overlaps are the belief windows among holds, by key and time.
func Overlaps(holds []Hold) []Overlap {
	var out []Overlap
	for _, group := range holdsByKey(holds) {
		out = append(out, overlapsOfKey(group)...)
	}
	return out
}

// overlapsOfKey sets each hold against the one before it that was believed in
// longest: where three believe at a time, each stretch counts once.
func overlapsOfKey(holds []Hold) []Overlap {
	var out []Overlap
	var longest *Hold
	for i := range holds {
		h := &holds[i]
		if longest != nil && longest.Client != h.Client {
			if until := min(longest.Believed, h.Believed); until > h.From {
				out = append(out, Overlap{
					Span: Span{From: h.From, Until: until}, Key: h.Key, Clients: [2]int{longest.Client, h.Client},
				})
			}
		}
		if longest == nil || h.Believed > longest.Believed {
			longest = h
		}
	}
	return out
}

// holdsByKey groups holds by key, in order of key, each group by its grants.
func holdsByKey(holds []Hold) [][]Hold {
	groups := map[string][]Hold{}
	for _, h := range holds {
		groups[h.Key] = append(groups[h.Key], h)
	}
	out := make([][]Hold, 0, len(groups))
	for _, g := range groups {
		slices.SortStableFunc(g, func(a, b Hold) int { return cmp.Compare(a.From, b.From) })
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b []Hold) int { return cmp.Compare(a[0].Key, b[0].Key) })
	return out
}

// contended is the share of ok acquires that were invoked while another client
// held the key, -1 if there are none.
func contended(ops []*history.Operation, holds []Hold) float64 {
	byKey := map[string]*heldBy{}
	for _, g := range holdsByKey(holds) {
		byKey[g[0].Key] = newHeldBy(g)
	}
	acquires, met := 0, 0
	for _, op := range ops {
		if op.F != history.FAcquire || op.Outcome() != history.OK {
			continue
		}
		acquires++
		if k := byKey[op.Key]; k != nil && k.another(op.Client, op.Began()) {
			met++
		}
	}
	if acquires == 0 {
		return -1
	}
	return float64(met) / float64(acquires)
}

// heldBy finds out who held a key at an instant.
type heldBy struct {
	holds []Hold          // by grant
	until []time.Duration // the latest end of holds 0 to i
}

func newHeldBy(holds []Hold) *heldBy {
	k := &heldBy{holds: holds, until: make([]time.Duration, len(holds))}
	latest := time.Duration(0)
	for i, h := range holds {
		latest = max(latest, h.Until)
		k.until[i] = latest
	}
	return k
}

func (k *heldBy) another(client int, t time.Duration) bool {
	i, _ := slices.BinarySearchFunc(k.holds, t+1, func(h Hold, t time.Duration) int { return cmp.Compare(h.From, t) })
	for i--; i >= 0 && k.until[i] > t; i-- {
		if h := k.holds[i]; h.Client != client && h.Until > t {
			return true
		}
	}
	return false
}
