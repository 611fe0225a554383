package locks

import (
	"context"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
)

// grants says that nobody was granted a hold while another stood before it,
// whatever the clocks say.
//
// A grant rests on a view in which the contender is in front of its line. Nobody
// gets in front of it later, since numbers rise; so in every later view it is in
// front, too, or gone. Such a view is that of the zxid of any request that was sent
// after the grant was known: if the log has the contender there behind an older
// one of another client, the grant was premature. That also holds for a grant
// that was remembered, and for one that a latch got back, since they rest on an
// earlier view still.
var grants = &frame.Property{
	Name:     "grant",
	Meaning:  "every grant rests on a state in which the client was first in line",
	Logged:   true,
	Decider:  "line in the transaction log",
	Evidence: func(*evidence.Record) string { return "Z, L" },
	Applies:  func(a *evidence.Record) bool { return contendersOf(a).grants > 0 && contendersOf(a).Trusted() },
	Decide: func(ctx context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		lines := map[string]*line{}
		for _, h := range holdsOf(k) {
			if ctx.Err() != nil {
				return f
			}
			if n := contendersOf(k.Record).contender(h.Token, h.Client); n != nil && h.Token != 0 {
				decideGrant(&f, k.Record, k.Name, h, n, lines)
			}
		}
		return f
	},
}

func decideGrant(f *frame.Finding, a *evidence.Record, key string, h *hold, n *evidence.Znode, lines map[string]*line) {
	view, event, ok := a.Zxids.Ceil(h.Granted)
	switch {
	case !ok || !a.Log.Covers(n.Created-1, view):
		f.Count("grants_unknown", 1)
		return
	case n.Deleted <= view:
		f.Count("grants_over", 1)
		return
	case contendersOf(a).keys[lineOf(n)] != key: // who stands there may wait for something else
		f.Count("grants_unknown", 1)
		return
	}
	f.Count("grants_checked", 1)
	id := lineOf(n)
	if lines[id] == nil {
		lines[id] = readLine(a, n)
	}
	o := lines[id].before(n, h.Client)
	if o == nil || o.Deleted <= view || n.Number-o.Number <= 0 || !a.Log.Covers(o.Created-1, view) {
		return
	}
	s := a.Session(o.Owner)
	f.Violated(append(h.Shown[:len(h.Shown):len(h.Shown)], event, s.First, a.Session(n.Owner).First),
		"client %d was granted %s at %s%s, too early: in the transaction log %s of client %d, made before it at %s, still stood before it at %s%s",
		h.Client, key, words.At(h.Granted), words.WithToken(h.Token), o.Name(), s.Client, words.Zxid(o.Created), words.Zxid(view), o.Until())
}

// line is the contenders in a folder, in order of their creation. With each comes
// the one before it that stays longest, and the same of the other clients.
type line struct {
	all    []*evidence.Znode
	place  map[*evidence.Znode]int
	client []int
	first  []int // index in all; -1: none
	second []int
}

// readLine is the line that a contender stands in. Persistent znodes, and those
// that are no client's, hold nobody up.
func readLine(a *evidence.Record, n *evidence.Znode) *line {
	l := &line{place: map[*evidence.Znode]int{}}
	first, second := -1, -1
	for i, o := range contendersOf(a).lines[lineOf(n)] {
		s := a.Session(o.Owner)
		l.all, l.client = append(l.all, o), append(l.client, s.Client)
		l.place[o] = i
		l.first, l.second = append(l.first, first), append(l.second, second)
		switch {
		case first < 0 || o.Deleted > l.all[first].Deleted:
			if first >= 0 && l.client[first] != s.Client {
				second = first
			}
			first = i
		case s.Client != l.client[first] && (second < 0 || o.Deleted > l.all[second].Deleted):
			second = i
		}
	}
	return l
}

// before is the contender of another client that was made before n and stays
// longest; nil if there is none.
func (l *line) before(n *evidence.Znode, client int) *evidence.Znode {
	i, ok := l.place[n]
	if !ok {
		return nil
	}
	for _, o := range []int{l.first[i], l.second[i]} {
		if o >= 0 && l.client[o] != client {
			return l.all[o]
		}
	}
	return nil
}
