package groups

import (
	"context"
	"maps"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history/models"
)

// picks requires that a client picks from the state that it was last told of, or from a later one,
// and never from an older one. A picked member that was not in that state must have joined later.
var picks = &frame.Property{
	Name:     "pick",
	Meaning:  "each pick was among those that its client had been told of last, or among later ones",
	Decider:  "picks after changes",
	Evidence: func(*evidence.Record) string { return "S" },
	Decide: onGroup(func(ctx context.Context, f *frame.Finding, g *group) {
		all := map[watcher]*past{}
		for _, l := range g.looks {
			if ctx.Err() != nil {
				return
			}
			if l.set == nil || lists(l.op) {
				continue
			}
			w, _ := g.watcherOf(l.op)
			p := all[w]
			if p == nil {
				p = newPast()
				all[w] = p
			}
			if l.op.F == models.FChanged {
				p.note(g, l)
			} else if p.last != nil && p.last.op.Return.Time <= l.op.Began() {
				decidePick(f, g, l, p)
			}
		}
	}),
	Exercise: exercised("picks", "picks of other clients' members after a change that the client saw"),
}

// decidePick compares a pick with the last change that its client had been told of.
func decidePick(f *frame.Finding, g *group, l *look, p *past) {
	if g.showsOthers(l) {
		f.CountCall(g.Record, "picks", l.op)
	}
	if !l.part {
		decideNone(f, g, l, p)
		return
	}
	for name := range l.set {
		m := g.only(name)
		if m == nil || p.last.set[name] || !m.joined() || m.again <= l.op.Return.Time {
			continue
		}
		if went := p.went[name]; went.gone != nil {
			settled, ok := m.settled(went.after)
			if !ok {
				continue
			}
			f.Violated(slices.Concat(evidence.EventsOf(went.shown.op), evidence.EventsOf(went.gone.op), evidence.EventsOf(l.op), m.once, settled),
				"%s, after that client had seen it gone, and it %s only once", g.shows(l, name), g.terms.joined)
		} else if next := g.behind(m, p.last); next != nil {
			f.Violated(slices.Concat(evidence.EventsOf(l.op), evidence.EventsOf(m.join), evidence.EventsOf(m.gone()), evidence.EventsOf(next.join), evidence.EventsOf(p.last.op)),
				"%s, which had %s before %s asked to %s, and that client had seen the newer one", g.shows(l, name), g.terms.left, models.Quoted(next.name), g.terms.join)
		}
	}
}

// decideNone judges a pick that found no member.
func decideNone(f *frame.Finding, g *group, l *look, p *past) {
	for _, name := range slices.Sorted(maps.Keys(p.last.set)) {
		m := g.only(name)
		if m == nil || !m.joined() || m.until <= l.op.Return.Time {
			continue
		}
		if settled, ok := m.settled(p.after); ok {
			f.Violated(slices.Concat(evidence.EventsOf(p.last.op), evidence.EventsOf(l.op), evidence.EventsOf(m.join), m.proof, settled),
				"%s, though that client had seen it before, and it lived on", g.hides(l, name))
		}
	}
}

// behind returns a member that a look shows and whose join was asked for after m had certainly
// left, so that the look shows a time after m left. It returns nil if there is none.
func (g *group) behind(m *member, l *look) *member {
	left := m.gone()
	if left == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(l.set)) {
		if next := g.only(name); next != nil && next.join != nil && next.join.Began() > left.Return.Time {
			return next
		}
	}
	return nil
}
