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

var inLog = frame.LogAgrees(func(a *evidence.Record) bool { return nodesOf(a).Trusted() }, groupInLog)

// groupInLog looks for the create of each member that joined, and for the end of each that
// left.
func groupInLog(ctx context.Context, f *frame.Finding, k *evidence.Key) {
	g := groupOf(k)
	for _, name := range slices.Sorted(maps.Keys(g.members)) {
		if ctx.Err() != nil {
			return
		}
		m := g.members[name]
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
		f.Violated(evidence.EventsOf(m.join), "client %d got the answer at %s that it is %s of %s as %s, but the transaction log has no create of it from %s to %s",
			m.join.Client, words.At(m.join.Return.Time), g.terms.member, g.Name, models.Quoted(m.name), words.Zxid(low), words.Zxid(high))
	}
}

func leaveInLog(f *frame.Finding, g *group, m *member) {
	op := m.gone()
	_, high, ok := g.Window(op)
	for _, n := range nodesOf(g.Record).of[nodeKey(g.Name, m.name)] {
		if ok && n.Created <= high && n.Deleted > high && g.Log.Covers(n.Created-1, high) {
			f.Violated(evidence.EventsOf(op), "client %d got the answer at %s that it had %s %s as %s, but in the transaction log it is there from %s to %s%s",
				op.Client, words.At(op.Return.Time), g.terms.leftFrom, g.Name, models.Quoted(m.name), words.Zxid(n.Created), words.Zxid(high), n.Until())
			return
		}
	}
	f.Count("compared", 1)
}
