package checker

import "context"

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
var grants = &property{
	name:     "grant",
	decider:  "line in the transaction log",
	evidence: func(*analysis) string { return "Z, L" },
	applies:  func(a *analysis) bool { return a.layout.grants > 0 && a.trusted() },
	decide: func(ctx context.Context, a *analysis, k *keyRecord) finding {
		var f finding
		lines := map[string]*line{}
		for _, h := range k.holds(a) {
			if ctx.Err() != nil {
				return f
			}
			if n := a.contender(h.token, h.client); n != nil && h.token != 0 {
				decideGrant(&f, a, k.key, h, n, lines)
			}
		}
		return f
	},
}

func decideGrant(f *finding, a *analysis, key string, h *hold, n *znode, lines map[string]*line) {
	view, event, ok := a.zxids.ceil(h.ao)
	switch {
	case !ok || !a.log.covers(n.c-1, view):
		f.count("grants_unknown", 1)
		return
	case n.d <= view:
		f.count("grants_over", 1)
		return
	case a.layout.lines[n.line()] != key: // who stands there may wait for something else
		f.count("grants_unknown", 1)
		return
	}
	f.count("grants_checked", 1)
	id := n.line()
	if lines[id] == nil {
		lines[id] = a.lineOf(n)
	}
	o := lines[id].before(n, h.client)
	if o == nil || o.d <= view || n.number-o.number <= 0 || !a.log.covers(o.c-1, view) {
		return
	}
	s := a.sessions[o.owner]
	f.violated(append(h.opened[:len(h.opened):len(h.opened)], event, s.first, a.sessions[n.owner].first),
		"client %d was granted %s at %s%s, too early: in the transaction log %s of client %d, made before it at %s, still stood before it at %s%s",
		h.client, key, at(h.ao), withToken(h.token), o.name(), s.client, hex(o.c), hex(view), o.until())
}

// until cites how the log says that a znode went.
func (n *znode) until() string {
	if n.d == there {
		return ""
	}
	return ", and went at " + hex(n.d)
}

// line is the contenders in a folder, in order of their creation. With each comes
// the one before it that stays longest, and the same of the other clients.
type line struct {
	all    []*znode
	place  map[*znode]int
	client []int
	first  []int // index in all; -1: none
	second []int
}

// lineOf is the line that a contender stands in. Persistent znodes, and those
// that are no client's, hold nobody up.
func (a *analysis) lineOf(n *znode) *line {
	l := &line{place: map[*znode]int{}}
	first, second := -1, -1
	for i, o := range a.log.lines[n.line()] {
		s := a.sessions[o.owner]
		l.all, l.client = append(l.all, o), append(l.client, s.client)
		l.place[o] = i
		l.first, l.second = append(l.first, first), append(l.second, second)
		switch {
		case first < 0 || o.d > l.all[first].d:
			if first >= 0 && l.client[first] != s.client {
				second = first
			}
			first = i
		case s.client != l.client[first] && (second < 0 || o.d > l.all[second].d):
			second = i
		}
	}
	return l
}

// before is the contender of another client that was made before n and stays
// longest; nil if there is none.
func (l *line) before(n *znode, client int) *znode {
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
