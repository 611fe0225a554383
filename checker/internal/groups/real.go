package groups

import (
	"context"
	"maps"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// realMembers requires that no client is shown a member that never asked to join.
var realMembers = &frame.Property{
	Name:     "real",
	NoModel:  frame.Given,
	Meaning:  "every listed member had asked to join by then",
	Decider:  "joins before lists",
	Evidence: frame.FromTimes,
	Decide: onGroup(func(_ context.Context, f *frame.Finding, g *group) {
		for _, l := range g.looks {
			for _, name := range slices.Sorted(maps.Keys(l.set)) {
				decideReal(f, g, l, name)
			}
		}
	}),
	Exercise: exercised("lists", "lists of members"),
}

func decideReal(f *frame.Finding, g *group, l *look, name string) {
	m := g.by(name, l.op.Return.Time)
	switch {
	case m == nil || m.join == nil:
		f.Violated(evidence.EventsOf(l.op), "%s, but no client %s under that name", g.shows(l, name), g.terms.joined)
	case m.join.Outcome() == history.Fail:
		f.Violated(slices.Concat(evidence.EventsOf(l.op), evidence.EventsOf(m.join)), "%s, but client %d got the answer that it had not %s, and never would", g.shows(l, name), m.join.Client, g.terms.joined)
	case m.join.Began() > l.op.Return.Time:
		f.Violated(slices.Concat(evidence.EventsOf(l.op), evidence.EventsOf(m.join)), "%s, but client %d asked to %s under that name only at %s", g.shows(l, name), m.join.Client, g.terms.join, words.At(m.join.Began()))
	}
}

// shows returns a sentence saying that a client was shown a member.
func (g *group) shows(l *look, name string) string {
	return g.asked(l) + " that " + models.Quoted(name) + " is " + g.terms.member + " of " + g.Name
}

// hides returns a sentence saying that a client was not shown a member.
func (g *group) hides(l *look, name string) string {
	return g.asked(l) + " listing the " + g.terms.members + " of " + g.Name + ", and " + models.Quoted(name) + " was not among them"
}

func (g *group) asked(l *look) string {
	return "client " + words.Number(l.op.Client) + " got the answer at " + words.At(l.op.Return.Time)
}
