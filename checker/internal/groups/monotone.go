package groups

import (
	"context"
	"maps"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// monotone requires that no client is shown an older state after a newer one. Within a session, no list
// is older than the one before (single system image, Programmer's Guide, Consistency Guarantees). A
// client that follows the changes is never told of an older state, not even after the end of its
// session. A list in a new session may go back.
var monotone = &frame.Property{
	Name:     "monotone",
	NoModel:  frame.Given,
	Meaning:  "no session saw an older list than before, and no change went back",
	Decider:  "sweep over sessions",
	Evidence: func(*evidence.Record) string { return "S" },
	Decide: onGroup(func(_ context.Context, f *frame.Finding, g *group) {
		all := map[watcher]*past{}
		for _, l := range g.looks {
			w, ok := g.watcherOf(l.op)
			if l.set == nil || !ok || l.op.F == models.FPick {
				continue
			}
			if all[w] == nil {
				all[w] = newPast()
			}
			all[w].shown(f, g, l)
			all[w].note(g, l)
		}
	}),
	Exercise: exercised("told", "changes that a client saw"),
}

// watcher is shown views one after the other: it is a session that lists members, or a process that
// follows the changes.
type watcher struct {
	session *evidence.Session
	life    evidence.Life
}

func (g *group) watcherOf(op *history.Operation) (w watcher, ok bool) {
	if lists(op) {
		s := g.Only(op)
		return watcher{session: s}, s != nil
	}
	return watcher{life: g.LifeOf(op)}, true
}

// past lists what a watcher has been shown.
type past struct {
	last  *look
	after moment             // what last shows is of a later moment
	went  map[string]absence // the members that were shown before, and then were not
}

// absence holds the last look that showed a member, and the next look, which did not show it and is
// of a moment after the given one.
type absence struct {
	shown, gone *look
	after       moment
}

func newPast() *past { return &past{went: map[string]absence{}} }

// note records what was shown.
func (p *past) note(g *group, l *look) {
	p.after = g.later(p.after, l)
	if p.last != nil {
		for name := range p.last.set {
			if !l.set[name] {
				p.went[name] = absence{p.last, l, p.after}
			}
		}
	}
	p.last = l
}

// shown compares a look with what was shown before.
func (p *past) shown(f *frame.Finding, g *group, l *look) {
	if p.last == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(p.last.set)) {
		m := g.only(name)
		if l.set[name] || m == nil || !m.joined() || m.until < l.op.Return.Time {
			continue
		}
		if settled, ok := m.settled(p.after); ok {
			f.Violated(slices.Concat(evidence.EventsOf(p.last.op), evidence.EventsOf(l.op), evidence.EventsOf(m.join), m.proof, settled),
				"%s, though that client had seen it before, and it lived on", g.hides(l, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.set)) {
		m, went := g.only(name), p.went[name]
		if m == nil || went.gone == nil || p.last.set[name] || !m.joined() || m.again <= l.op.Return.Time {
			continue
		}
		if settled, ok := m.settled(went.after); ok {
			f.Violated(slices.Concat(evidence.EventsOf(went.shown.op), evidence.EventsOf(went.gone.op), evidence.EventsOf(l.op), m.once, settled),
				"%s again, after that client had seen it gone, and it %s only once", g.shows(l, name), g.terms.joined)
		}
	}
}
