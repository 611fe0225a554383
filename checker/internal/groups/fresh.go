package groups

import (
	"context"
	"maps"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
)

// fresh requires that a list is not older than what the client's session had seen when it asked: a
// server may lag, but not behind what the session has seen. Real time alone never flags a list as
// old.
var fresh = &frame.Property{
	Name:     "fresh",
	Meaning:  "no list was older than what its session had already seen",
	Decider:  "zxids that sessions have seen",
	Evidence: func(*evidence.Record) string { return "SZ" },
	Decide: onGroup(func(ctx context.Context, f *frame.Finding, g *group) {
		joined, there := g.sorted(), []*member(nil)
		for _, l := range g.looks {
			if ctx.Err() != nil {
				return
			}
			if l.set == nil || !lists(l.op) || g.toldOf(l) == 0 {
				continue
			}
			f.CountCall(g.Record, "dated", l.op)
			for len(joined) > 0 && joined[0].join.Return.Time <= l.op.Return.Time {
				there, joined = append(there, joined[0]), joined[1:]
			}
			there = slices.DeleteFunc(there, func(m *member) bool { return m.until < l.op.Began() })
			decideMissing(f, g, l, there)
			decideGhosts(f, g, l)
		}
	}),
	Exercise: exercised("dated", "lists in sessions that are known to have seen a zxid"),
}

// toldOf returns a zxid such that the list can show no older state; 0 if none is known.
func (g *group) toldOf(l *look) uint64 {
	if l.op.Return == nil {
		return 0
	}
	return g.Told(l.op)
}

// doneBy returns a zxid by which the effect of an operation was committed; 0 if none is known.
func (g *group) doneBy(op *history.Operation) uint64 {
	if _, _, seen, ok := g.Shown(op); ok {
		return seen
	}
	return 0
}

func decideMissing(f *frame.Finding, g *group, l *look, there []*member) {
	for _, m := range there {
		if z := g.doneBy(m.join); z == 0 || z > g.toldOf(l) || l.set[m.name] || m.until < l.op.Return.Time {
			continue
		}
		former, events := g.former(m)
		f.Violated(slices.Concat(evidence.EventsOf(l.op), evidence.EventsOf(m.join), m.proof, events),
			"%s, though it had %s by %s, its client's session lived, and the session that asked had seen %s before%s",
			g.hides(l, m.name), g.terms.joined, words.Zxid(g.doneBy(m.join)), words.Zxid(g.toldOf(l)), former)
	}
}

func decideGhosts(f *frame.Finding, g *group, l *look) {
	for _, name := range slices.Sorted(maps.Keys(l.set)) {
		m := g.only(name)
		if m == nil {
			continue
		}
		if z := g.goneBy(m); z != 0 && z <= g.toldOf(l) {
			f.Violated(slices.Concat(evidence.EventsOf(l.op), evidence.EventsOf(m.join), evidence.EventsOf(m.gone())),
				"%s, though it had %s by %s, and the session that asked had seen %s before", g.shows(l, name), g.terms.left, words.Zxid(z), words.Zxid(g.toldOf(l)))
		}
	}
}
