package locks

import (
	"cmp"
	"context"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/internal/base/heaps"
)

// grants requires that no client was granted a hold while another one stood before it in line,
// whatever the clocks show.
//
// A grant rests on a view in which the contender is the first in its line. No other contender gets
// before it later, since numbers rise; so in every later view it is still first, or gone. The zxid
// of any request that was sent after the grant was known gives such a view: if the log shows the
// contender there behind an older one of another client, the grant was premature. That also holds
// for a grant that a subject remembered, and for one that a latch regained, since they rest on an
// even earlier view.
var grants = &frame.Property{
	Name:     "grant",
	NoModel:  frame.Given,
	Meaning:  "every grant is based on a state in which it was the client's turn",
	Means:    marksOnly,
	Logged:   true,
	Decider:  "line in the transaction log",
	Watched:  "line that zklab's tree watch saw",
	Evidence: func(a *evidence.Record) string { return "Z, " + a.ZnodeEvidence() },
	Applies:  grantsLogged,
	Decide:   decideGrants(func(*evidence.Key) int { return 1 }),
}

// grantsBy is grants with another decision.
func grantsBy(decide func(context.Context, *evidence.Key) frame.Finding) *frame.Property {
	p := *grants
	p.Decide = decide
	return &p
}

// marksOnly returns text for keys where no grant could be compared with a line, so that only the
// existence of a client's mark was checked. It returns "" otherwise.
func marksOnly(figures map[string]float64) string {
	if figures["grants_checked"] > 0 || figures["marks_checked"] == 0 {
		return ""
	}
	return "every client that was granted it had a znode, or data in one, to show for it; whose turn it was is not known"
}

// grantsLogged reports whether there are grants that can be compared with what is known of znodes.
func grantsLogged(a *evidence.Record) bool { return tokensLogged(a) || markedOf(a).used() }

// tokensLogged reports whether there are grants whose tokens name contenders.
func tokensLogged(a *evidence.Record) bool {
	return contendersOf(a).grants > 0 && contendersOf(a).Trusted()
}

// decideGrants decides the grants of a key. places returns the known number of places; 0: the
// number is unknown.
func decideGrants(places func(*evidence.Key) int) func(context.Context, *evidence.Key) frame.Finding {
	return func(ctx context.Context, k *evidence.Key) frame.Finding {
		var f frame.Finding
		decideMarks(ctx, &f, k)
		if !tokensLogged(k.Record) {
			return f
		}
		most, lines := places(k), map[string]*line{}
		for _, h := range holdsOf(k) {
			if ctx.Err() != nil || most < 1 {
				return f
			}
			for _, part := range h.held() {
				if n := contendersOf(k.Record).contenderFor(h.Token, h.Client, part); n != nil && h.Token != 0 {
					decideGrant(&f, k.Record, nameOf(k.Name, part), h, n, lines, most)
				}
			}
		}
		return f
	}
}

// laterView returns a view that came after a grant, and the event that shows it; false if the grant
// cannot be compared with it.
func laterView(f *frame.Finding, a *evidence.Record, key string, h *hold, n *evidence.Znode) (view uint64, event int, ok bool) {
	view, event, ok = a.Tie().Ceil(h.Granted)
	switch {
	case !ok || !contendersOf(a).znodes.Covers(n.Created-1, view):
		f.Count("grants_unknown", 1)
		return 0, 0, false
	case n.Deleted <= view:
		f.Count("grants_over", 1)
		return 0, 0, false
	case contendersOf(a).keys[lineOf(n)] != key: // contenders in that line may wait for something else
		f.Count("grants_unknown", 1)
		return 0, 0, false
	}
	f.CountSpan(a, "grants_checked", evidence.Span{From: h.Asked, To: h.Granted})
	return view, event, true
}

func decideGrant(f *frame.Finding, a *evidence.Record, key string, h *hold, n *evidence.Znode, lines map[string]*line, places int) {
	view, event, ok := laterView(f, a, key, h, n)
	if !ok {
		return
	}
	id := lineOf(n)
	if lines[id] == nil {
		lines[id] = readLine(a, n)
	}
	standing := lines[id].before(n, h.Client, view, places)
	if len(standing) < places || slices.ContainsFunc(standing, func(o *evidence.Znode) bool {
		return n.Number-o.Number <= 0 || !contendersOf(a).znodes.Covers(o.Created-1, view)
	}) {
		return
	}
	counterexample := append(h.Shown[:len(h.Shown):len(h.Shown)], event, a.Session(n.Owner).First)
	for _, o := range standing {
		counterexample = append(counterexample, a.Session(o.Owner).First)
	}
	o := standing[0]
	s := a.Session(o.Owner)
	if places > 1 {
		f.Violated(counterexample, "client %d was granted a lease of %s at %s%s, too early: in %s %d contenders of other clients, created before it, were still ahead of it at %s; the one that stayed longest was %s of client %d%s",
			h.Client, key, words.At(h.Granted), words.WithToken(h.Token), a.ZnodesIn(), places, words.Zxid(view), o.Name(), s.Client, o.Until())
		return
	}
	f.Violated(counterexample,
		"client %d was granted %s at %s%s, too early: in %s %s of client %d, created before it at %s, was still ahead of it at %s%s",
		h.Client, key, words.At(h.Granted), words.WithToken(h.Token), a.ZnodesIn(), o.Name(), s.Client, words.Zxid(o.Created), words.Zxid(view), o.Until())
}

// line holds the contenders in a folder, in order of their creation.
type line struct {
	all    []*evidence.Znode
	place  map[*evidence.Znode]int
	client []int
	// longest[j][i] is the place of the contender that stays longest among the 2^j contenders from
	// place i*2^j on.
	longest [][]int
}

// readLine returns the line that a contender stands in. It leaves out persistent znodes, and those that
// no client created: no client waits for them.
func readLine(a *evidence.Record, n *evidence.Znode) *line { return lineAt(a, lineOf(n)) }

// lineAt returns the line with the given id.
func lineAt(a *evidence.Record, id string) *line {
	l := &line{place: map[*evidence.Znode]int{}}
	var row []int
	for i, o := range contendersOf(a).lines[id] {
		l.all, l.client = append(l.all, o), append(l.client, a.Session(o.Owner).Client)
		l.place[o] = i
		row = append(row, i)
	}
	for l.longest = [][]int{row}; len(row) > 1; row = l.longest[len(l.longest)-1] {
		var next []int
		for i := 0; i < len(row); i += 2 {
			best := row[i]
			if i+1 < len(row) && l.all[row[i+1]].Deleted > l.all[best].Deleted {
				best = row[i+1]
			}
			next = append(next, best)
		}
		l.longest = append(l.longest, next)
	}
	return l
}

// stretch is the 2^level contenders from place at*2^level on.
type stretch struct{ level, at int }

// before returns the contenders of other clients that were created before n and still stood at a
// view. It returns at most that many, those that stay longest first.
func (l *line) before(n *evidence.Znode, client int, view uint64, most int) []*evidence.Znode {
	i, ok := l.place[n]
	if !ok { // it stands in another line
		i, _ = slices.BinarySearchFunc(l.all, n.Created, func(o *evidence.Znode, zxid uint64) int { return cmp.Compare(o.Created, zxid) })
	}
	best := func(s stretch) int { return l.longest[s.level][s.at] }
	open := heaps.Heap[stretch]{Less: func(s, t stretch) bool {
		x, y := best(s), best(t)
		if a, b := l.all[x].Deleted, l.all[y].Deleted; a != b {
			return a > b
		}
		return x < y
	}}
	for level, from := 0, 0; from < i; { // cut [0,i) into stretches
		for level = 0; from%(2<<level) == 0 && from+2<<level <= i; level++ {
		}
		open.Push(stretch{level, from >> level})
		from += 1 << level
	}
	var standing []*evidence.Znode
	for len(standing) < most {
		s, ok := open.Pop()
		if !ok || l.all[best(s)].Deleted <= view {
			break
		}
		if s.level == 0 {
			if l.client[s.at] != client {
				standing = append(standing, l.all[s.at])
			}
			continue
		}
		open.Push(stretch{s.level - 1, 2 * s.at})
		open.Push(stretch{s.level - 1, 2*s.at + 1})
	}
	return standing
}
