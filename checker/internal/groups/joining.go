package groups

import (
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
)

// A call to join may create a member's znode, delete it because a reply was late, and create it
// again before it returns. The member certainly exists only from that return on. Before it, any
// list may or may not show the member, as often as it likes. This file determines when that excuses
// nothing.

// madeOnce reports whether the call that made m a member can have created its znode only once, and
// returns the events that show it. Such a member was there without a break from when it was first
// shown.
func (g *group) madeOnce(m *member) (events []int, ok bool) {
	if made := g.MadeIn(m.join); len(made) > 0 {
		return nil, len(made) == 1
	}
	// Creating, deleting and creating again takes three transactions.
	low := g.Tie().Floor(m.join.Began())
	_, event := g.Tie().CommittedBy(low)
	if asked := uint64(max(m.join.Invoke.Seen, 0)); asked >= low {
		low, event = asked, m.join.Invoke.Index
	}
	high, shown := g.doneBy(m.join), m.join.Return.Index
	if high == 0 {
		above, sent, ok := g.Tie().Ceil(m.join.Return.Time)
		if !ok {
			return nil, false
		}
		high, shown = above-1, sent
	}
	return []int{event, shown}, low != 0 && high < low+3
}

// moment is a point in time: the call to join of a member that a look shows. The look read its
// answer after that call began.
type moment struct {
	join *history.Operation // nil: there is none
	in   *look
}

// later returns the later one of a moment and the latest of those that a look shows.
func (g *group) later(t moment, l *look) moment {
	for name := range l.set {
		if m := g.only(name); m != nil && m.join != nil && (t.join == nil || m.join.Began() > t.join.Began()) {
			t = moment{m.join, l}
		}
	}
	return t
}

// settled reports whether m certainly was present, without a break, before any view of a moment
// after t: since it was first shown, if its znode was created only once, or since its call to join
// returned. It returns the events that show that.
func (m *member) settled(t moment) (events []int, ok bool) {
	if m.steady {
		return m.steadyBy, true
	}
	if t.join == nil || t.join.Began() <= m.join.Return.Time {
		return nil, false
	}
	return slices.Concat(evidence.EventsOf(t.join), evidence.EventsOf(t.in.op)), true
}
