package checker

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// belief measures how long two clients believed at one moment that they held,
// and what others did to the key meanwhile: how often it was granted to another
// client than the one that wrongly went on believing, and how often such a client
// wrote to the guarded resource. No recipe can prevent that when a holder is
// paused or its session expired by force, so it counts only when that is asked for.
var belief = &property{
	name:     "belief",
	decider:  "interval sweep",
	evidence: realTime,
	measured: true,
	decide: func(_ context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		var longest *overlap
		windows := overlaps(k.holds(a))
		for i := range windows {
			o := &windows[i]
			f.count("overlaps", 1)
			f.count("total_seconds", o.length().Seconds())
			f.figures = withLongest(f.figures, "longest_seconds", o.length())
			if longest == nil || o.length() > longest.length() {
				longest = o
			}
		}
		if longest == nil {
			return f
		}
		acquires, writes := meanwhile(windows, k.ops)
		f.count("acquires_by_others", float64(acquires))
		f.count("writes_by_others", float64(writes))
		o := longest
		f.violated(append(o.first.belief(), o.second.belief()...),
			"client %d believed from %s that it held %s, while client %d believed so from %s: for %s both",
			o.second.client, at(o.second.ao), k.key, o.first.client, at(o.first.ao), lasting(o.length()))
		return f
	},
}

// meanwhile counts the acquires that returned, and the writes that began, in a time
// in which another client wrongly believed that it held. Each counts once, in
// however many such times it lies.
func meanwhile(windows []overlap, ops []*history.Operation) (acquires, writes int) {
	of := map[int][]span{} // by the client that believed first: the times of its false belief
	for _, o := range windows {
		of[o.first.client] = append(of[o.first.client], o.span)
	}
	var believers presence
	for client, spans := range of {
		of[client] = union(spans)
		for _, s := range of[client] {
			believers.starts, believers.ends = append(believers.starts, s.from), append(believers.ends, s.to)
		}
	}
	slices.Sort(believers.starts)
	slices.Sort(believers.ends)
	another := func(client int, t time.Duration) bool {
		n := believers.at(t)
		if n == 1 && touches(of[client], t, t) {
			n = 0
		}
		return n > 0
	}
	for _, op := range ops {
		switch {
		case op.Outcome() != history.OK:
		case op.F == history.FAcquire && another(op.Client, op.Return.Time):
			acquires++
		case op.F == history.FWrite && another(op.Client, op.Began()):
			writes++
		}
	}
	return acquires, writes
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
