package groups

import (
	"cmp"
	"context"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history/models"
)

// converge requires that, after the heal, all clients are shown the right members: all that joined
// and are alive, and none that has left. A member whose session ended has the bound to join again,
// and a client that lists members or waits for changes has the bound to see what happened.
var converge = &frame.Property{
	Name:     "converge",
	NoModel:  frame.Timed,
	Liveness: true,
	Meaning:  "after the heal, every client saw the current members, in lists and as changes",
	Decider:  "lists, and waits for changes, after the bound",
	Evidence: frame.FromSessions,
	Applies:  frame.IsOwn,
	Decide: onGroup(func(ctx context.Context, f *frame.Finding, g *group) {
		if !f.Timed(g.Record) {
			return
		}
		told := map[watcher]*look{}
		for _, l := range g.looks {
			switch {
			case ctx.Err() != nil:
				return
			case l.op.F == models.FChanged:
				w, _ := g.watcherOf(l.op)
				decideWait(f, g, l, told[w])
				if l.set != nil {
					told[w] = l
				}
			case l.set != nil && l.op.Began() > g.Settled:
				if w, _ := g.watcherOf(l.op); !told[w].allows(l) {
					decideList(f, g, l)
				}
			}
		}
	}),
	Exercise: func(a *evidence.Record, figures map[string]float64) string {
		if missing := exercised("told", "changes that a client saw")(a, figures); missing != "" {
			return missing
		}
		if missing := frame.Few(figures["settled_lists"], 1, "lists after the heal that showed the members"); missing != "" {
			return missing
		}
		if a.ExpectsExpiries() {
			return frame.Few(figures["came_back"], 1, "members that were there after the heal though their sessions had ended before")
		}
		return ""
	},
}

// allows reports whether l is a pick that agrees with the last change that its client was told of.
// The pick need not be newer; decideWait decides whether the client should have been told more by
// then.
func (last *look) allows(l *look) bool {
	if last == nil || l.op.F != models.FPick {
		return false
	}
	for name := range l.set {
		return last.set[name]
	}
	return len(last.set) == 0
}

// decideList judges a list by how long it should have been different. A list that should
// have been different only for a short time shows nothing.
func decideList(f *frame.Finding, g *group, l *look) {
	live, ok := g.asking(l)
	if !ok {
		return
	}
	right, back := true, 0.0
	for _, m := range g.concerned(l, evidence.Span{From: live.To, To: live.To}) {
		shown := l.set[m.name]
		switch stays, ok := g.stays(m, live); {
		case !shown && !l.part && ok && stays.To == live.To && m.left() > live.To:
			right = false
			stays.To = l.op.Began()
			former, events := g.former(m)
			f.Overdue(frame.Overdue(g.Record, stays, stays.Length()), slices.Concat(evidence.EventsOf(l.op), evidence.EventsOf(m.join), events),
				"%s, though client %d had %s under that name and was connected for %s since %s (%s are allowed)%s",
				g.hides(l, m.name), m.join.Client, g.terms.joined, words.Lasting(stays.Length()), words.At(stays.From), words.Lasting(g.Bound), former)
		case shown && ok && stays.To == live.To:
			if m.expired < live.To {
				back++
			}
		case shown && m.gone() != nil && m.gone().Return.Time < l.op.Began():
			away := evidence.Span{From: max(live.From, m.gone().Return.Time), To: l.op.Began()}
			right = right && away.Length() <= 0
			f.Overdue(frame.Overdue(g.Record, away, away.Length()), slices.Concat(evidence.EventsOf(l.op), evidence.EventsOf(m.gone())),
				"%s, though it had %s by %s (%s are allowed)", g.shows(l, m.name), g.terms.left, words.At(m.gone().Return.Time), words.Lasting(g.Bound))
		case shown:
			if m.ended(l.op.Began()) != nil && decideGhost(f, g, l, m, live) {
				right = false
			}
		}
	}
	if right && lists(l.op) {
		f.Count("settled_lists", 1)
	}
	f.Count("came_back", back)
}

// decideGhost judges a list that shows a member that should not be there: after a join or a leave of
// unknown outcome, the subject has to remove what may be left, as soon as its client is connected.
// decideGhost reports whether that could be judged.
func decideGhost(f *frame.Finding, g *group, l *look, m *member, live evidence.Span) bool {
	op := m.ended(l.op.Began())
	since, ok := lastLive(g, op.Client, evidence.Span{From: max(live.From, op.Return.Time), To: l.op.Began()})
	if !ok || since.To < l.op.Began() {
		return false
	}
	tried := g.terms.leave
	if op == m.join {
		tried = g.terms.join
	}
	f.Overdue(frame.Overdue(g.Record, since, since.Length()), slices.Concat(evidence.EventsOf(l.op), evidence.EventsOf(m.join), evidence.EventsOf(op)),
		"%s, though the call of client %d to %s had ended in an error by %s, and it was connected for %s since %s (%s are allowed)",
		g.shows(l, m.name), op.Client, tried, words.At(op.Return.Time), words.Lasting(since.Length()), words.At(since.From), words.Lasting(g.Bound))
	return true
}

// concerned returns the members that a look shows, by their state at the end of s, and those that
// must have been present at some moment of s, by name. The look may be nil.
func (g *group) concerned(l *look, s evidence.Span) []*member {
	all := slices.Collect(g.present.Meeting(s))
	if l != nil {
		for name := range l.set {
			if m := g.by(name, s.To); m != nil {
				all = append(all, m)
			}
		}
	}
	slices.SortFunc(all, func(a, b *member) int { return cmp.Compare(a.name, b.name) })
	return slices.Compact(all)
}

// decideWait judges a wait for changes by how long there had been a change to report. last is the
// change that the client was told of before; nil if there is none.
func decideWait(f *frame.Finding, g *group, l, last *look) {
	over := g.OverBy(l.op)
	if over == evidence.Never {
		over = g.End
	}
	if over-l.op.Began() < g.Bound {
		return
	}
	for _, live := range g.WhileLive(l.op.Client, evidence.Span{From: l.op.Began(), To: over}) {
		for _, m := range g.concerned(last, live) {
			shown := last != nil && last.set[m.name]
			counterexample := evidence.EventsOf(l.op)
			if last != nil {
				counterexample = append(counterexample, evidence.EventsOf(last.op)...)
			}
			switch stays, ok := g.stays(m, live); {
			case !shown && ok:
				f.Overdue(frame.Overdue(g.Record, stays, stays.Length()), append(counterexample, evidence.EventsOf(m.join)...),
					"client %d waited for a change of %s from %s to %s, and did not see %s, though client %d had %s under that name and was connected for %s (%s are allowed)",
					l.op.Client, g.Name, words.At(live.From), words.At(live.To), models.Quoted(m.name), m.join.Client, g.terms.joined, words.Lasting(stays.Length()), words.Lasting(g.Bound))
			case shown && m.gone() != nil && m == g.by(m.name, live.To):
				away := evidence.Span{From: max(live.From, m.gone().Return.Time), To: live.To}
				f.Overdue(frame.Overdue(g.Record, away, away.Length()), append(counterexample, evidence.EventsOf(m.gone())...),
					"client %d waited for a change of %s from %s to %s, and did not see that %s had %s by %s (%s are allowed)",
					l.op.Client, g.Name, words.At(live.From), words.At(live.To), models.Quoted(m.name), g.terms.left, words.At(m.gone().Return.Time), words.Lasting(g.Bound))
			}
		}
	}
}

// stays returns the last part of a time in which a member that joined must have been present,
// before the bound is allowed for: its client was connected, had not asked to leave, and had not
// ended. It returns false if there is no such part.
func (g *group) stays(m *member, s evidence.Span) (evidence.Span, bool) {
	stayed, ok := g.stayed(m)
	s.From, s.To = max(s.From, stayed.From), min(s.To, stayed.To)
	if !ok || s.From >= s.To {
		return s, false
	}
	return lastLive(g, m.join.Client, s)
}

// lastLive returns the last part of a time in which a client was connected without a
// break.
func lastLive(g *group, client int, s evidence.Span) (evidence.Span, bool) {
	live := g.WhileLive(client, s)
	if len(live) == 0 {
		return s, false
	}
	return live[len(live)-1], true
}

// asking returns the time in which the client that was shown a list had been connected without a
// break up to the reply, if that time began before it asked. After a reconnect another server
// answers, for which the bound begins anew. What should be in the list also has to hold up to the
// reply.
func (g *group) asking(l *look) (evidence.Span, bool) {
	live, ok := lastLive(g, l.op.Client, evidence.Span{From: g.Settled, To: l.op.Return.Time})
	return live, ok && live.From < l.op.Began() && live.To == l.op.Return.Time
}
