package groups

import (
	"context"
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

var inLog = frame.LogAgrees(func(a *evidence.Record) bool { return nodesOf(a).Trusted() }, groupInLog)

// groupInLog looks for the create of each member that joined, and for the end of each that
// left.
func groupInLog(ctx context.Context, f *frame.Finding, k *evidence.Key) {
	g := groupOf(k)
	for m := range g.all() {
		if ctx.Err() != nil {
			return
		}
		if m.join != nil && m.join.Outcome() == history.OK {
			joinInLog(f, g, m)
		}
		if m.gone() != nil {
			leaveInLog(f, g, m)
		}
	}
}

func joinInLog(f *frame.Finding, g *group, m *member) {
	low, high, ok := g.Window(m.join)
	if nodesOf(g.Record).madeWithin(g.Name, m.name, low, high) {
		f.Count("compared", 1)
	} else if ok {
		former, events := g.former(m)
		f.Violated(slices.Concat(evidence.EventsOf(m.join), events), "client %d got the answer at %s that it is %s of %s as %s, but the transaction log has no create of it from %s to %s%s",
			m.join.Client, words.At(m.join.Return.Time), g.terms.member, g.Name, models.Quoted(m.name), words.Zxid(low), words.Zxid(high), former)
	}
}

// former looks for a member that has no znode of its own, only one that an earlier process of its
// client had created under the name. It returns a text about that znode, and the events that show it;
// "" if the log does not show one.
func (g *group) former(m *member) (text string, events []int) {
	var left *evidence.Znode
	for _, n := range nodesOf(g.Record).of[nodeKey(g.Name, m.name)] {
		switch by := g.Session(n.Maker).Life; {
		case by == g.LifeOf(m.join):
			return "", nil
		case by.Client == m.join.Client && n.Owner != 0 && n.Deleted > g.Zxids.Floor(m.join.Began()):
			left = n
		}
	}
	if left == nil {
		return "", nil
	}
	s := g.Session(left.Maker)
	killed, event := g.EndOf(s.Life)
	return fmt.Sprintf(": the only znode of that name was of session %s, whose process was killed at %s, and it goes with that session", s.ID, words.At(killed)),
		[]int{event, s.First}
}

func leaveInLog(f *frame.Finding, g *group, m *member) {
	op := m.gone()
	_, high, ok := g.Window(op)
	for _, n := range nodesOf(g.Record).of[nodeKey(g.Name, m.name)] {
		own := g.Session(n.Maker).Life == g.LifeOf(op) // the znode of an earlier process goes with its session
		if own && ok && n.Created <= high && n.Deleted > high && g.Log.Covers(n.Created-1, high) {
			f.Violated(evidence.EventsOf(op), "client %d got the answer at %s that it had %s %s as %s, but in the transaction log it is there from %s to %s%s",
				op.Client, words.At(op.Return.Time), g.terms.leftFrom, g.Name, models.Quoted(m.name), words.Zxid(n.Created), words.Zxid(high), n.Until())
			return
		}
	}
	f.Count("compared", 1)
}
