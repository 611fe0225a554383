package groups

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history/models"
)

// gone requires that members whose client crashed are gone once their sessions have timed out.
var gone = &frame.Property{
	Name:     "gone",
	NoModel:  frame.Timed,
	Meaning:  "after the heal, no client saw a member whose client had crashed",
	Decider:  "lists after the bound",
	Evidence: frame.FromSessions,
	Applies: func(a *evidence.Record) bool {
		return frame.IsOwn(a) && len(crashes(a)) > 0
	},
	Decide: onGroup(func(ctx context.Context, f *frame.Finding, g *group) {
		if !f.Timed(g.Record) {
			return
		}
		for _, l := range g.looks {
			if ctx.Err() != nil {
				return
			}
			if l.set != nil && l.op.F != models.FChanged && l.op.Began() > g.Settled {
				decideGone(f, g, l)
			}
		}
	}),
	Exercise: frame.Wants("settled_lists_of_crashed", 1, "lists after the heal, and the crash of a member's client, that did not show it or came after the bound"),
}

// crashes holds the processes of clients that faults ended. A process that ended by itself, or hung,
// may have kept its session.
var crashes = evidence.Once(func(a *evidence.Record) map[exit]bool {
	of := map[exit]bool{}
	for client, exits := range a.Exits {
		for _, x := range exits {
			if !x.Broken {
				of[exit{client, x.At}] = true
			}
		}
	}
	return of
})

type exit struct {
	client int
	at     time.Duration
}

// crash ended the process of a client that had joined.
type crash struct {
	at      time.Duration
	event   int
	members int // that its client had joined as, at any time before
}

// takeCrashes finds the crashes of the clients of members.
func (g *group) takeCrashes() {
	of := map[exit]*crash{}
	for _, m := range g.sorted() {
		at, event := g.ExitAfter(m.join.Client, m.join.Began())
		x := exit{m.join.Client, at}
		if !crashes(g.Record)[x] {
			continue
		}
		if of[x] == nil {
			of[x] = &crash{at: at, event: event}
			g.crashes = append(g.crashes, of[x])
		}
		m.crash = of[x]
		m.crash.members++
	}
}

// decideGone judges a list by how long ago the clients of the members that it shows crashed.
// It counts the other lists by crash, since there may be many of them.
func decideGone(f *frame.Finding, g *group, l *look) {
	live, ok := g.asking(l)
	if !ok {
		return
	}
	since := func(c *crash) evidence.Span {
		return evidence.Span{From: max(live.From, c.at), To: l.op.Began()}
	}
	shown, early := g.shownOfCrashed(l), map[*crash]int{}
	for _, m := range shown {
		s := since(m.crash)
		late := frame.Overdue(g.Record, s, s.Length())
		if late == frame.Valid {
			early[m.crash]++
			continue
		}
		f.Overdue(late, append(slices.Concat(evidence.EventsOf(l.op), evidence.EventsOf(m.join)), m.crash.event),
			"%s, though its client had crashed at %s, and its session ended long ago (%s are allowed)", g.shows(l, m.name), words.At(m.crash.at), words.Lasting(g.Bound))
	}
	for _, c := range g.crashes {
		if settled := c.members - early[c]; lists(l.op) && since(c).Length() > 0 && settled > 0 {
			f.Count("settled_lists_of_crashed", float64(settled))
		}
	}
}

// shownOfCrashed returns the members that a list shows although their clients had crashed before
// it was asked for, in the order in which they joined.
func (g *group) shownOfCrashed(l *look) (shown []*member) {
	for name := range l.set {
		if m := g.by(name, l.op.Return.Time); m != nil && m.crash != nil && m.crash.at <= l.op.Began() {
			shown = append(shown, m)
		}
	}
	slices.SortFunc(shown, func(a, b *member) int { return cmp.Compare(a.join.Return.Index, b.join.Return.Index) })
	return shown
}
