package checker

import (
	"cmp"
	"context"
	"slices"
)

// belief measures how long two clients believed at one moment that they held.
// No recipe can prevent that when a holder is paused or its session expired by
// force, so it counts only when that is asked for.
var belief = &property{
	name:     "belief",
	decider:  "interval sweep",
	evidence: realTime,
	measured: true,
	decide: func(_ context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		for _, o := range overlaps(k.holds(a)) {
			f.count("overlaps", 1)
			f.count("total_seconds", o.length().Seconds())
			f.figures["longest_seconds"] = max(f.figures["longest_seconds"], o.length().Seconds())
			f.violated(append(o.first.belief(), o.second.belief()...),
				"client %d believed from %s that it held %s, while client %d believed so from %s: for %s both",
				o.second.client, at(o.second.ao), k.key, o.first.client, at(o.first.ao), lasting(o.length()))
		}
		return f
	},
}

// overlap is a time in which two clients believed that they held.
type overlap struct {
	span
	first, second *hold
}

// overlaps finds them with one sweep. Where more than two believe at a time,
// each is set against the one that believed longest before it.
func overlaps(holds []*hold) []overlap {
	byStart := slices.Clone(holds)
	slices.SortStableFunc(byStart, func(x, y *hold) int { return cmp.Compare(x.ao, y.ao) })
	var of []overlap
	var longest *hold
	for _, h := range byStart {
		if longest != nil && longest.client != h.client {
			if s := (span{h.ao, min(h.believed(), longest.believed())}); s.length() > 0 {
				of = append(of, overlap{s, longest, h})
			}
		}
		if longest == nil || h.believed() > longest.believed() {
			longest = h
		}
	}
	return of
}
