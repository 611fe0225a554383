package monitor

import (
	"errors"

	"github.com/zklab/zklab/internal/zk/wire"
)

// This file applies replies to reads to the tree.

var errTooMany = errors.New("not listed: it would exceed the largest number of znodes to load")

// replied applies a reply.
func (t *tree) replied(r reply) {
	switch of := r.of.(type) {
	case *choice:
		of.replied(r)
	case *node:
		if !of.gone || of == t.root {
			t.answered(of, r)
		}
	}
}

func (t *tree) answered(n *node, r reply) {
	if r.err != nil {
		t.unanswered(n, r)
		return
	}
	if n.gone {
		t.rootAnswered(r.stat)
		return
	}
	if n.statErr = nil; r.need&needKids != 0 {
		n.listErr = nil
	}
	t.setStat(n, r.stat)
	if r.need&needData != 0 && r.need&needKids == 0 {
		n.value, n.valueOf = string(r.data), r.stat.Mzxid
	}
	// If the list was requested again since, this one is older than the journal. Without a journal
	// the list is no longer wanted.
	if good := t.reach.own || n.journal != nil && n.need&needKids == 0; r.need&needKids != 0 && t.wanted(n) && good {
		t.setKids(n, r.names)
	}
	t.compared(n)
}

// rootAnswered applies a reply that has the root, which was deleted: it was created again, or the
// reply is older.
func (t *tree) rootAnswered(s wire.Stat) {
	if s.Czxid <= t.root.told {
		t.compared(t.root)
		return
	}
	t.rootCreated()
	t.root.unheard = true
	t.check(t.root)
}

// unanswered applies an error. It ignores that a znode does not exist: its event or the list of its
// folder reports that.
func (t *tree) unanswered(n *node, r reply) {
	t.compared(n)
	switch {
	case !errors.Is(r.err, wire.NoNode) && r.need&needKids != 0:
		t.unread(n, r.err)
	case !errors.Is(r.err, wire.NoNode) && r.need&needData != 0:
		n.valueErr = r.err
		t.reads.want(&n.target, needStat, true) // the value would have included the stat
	case !errors.Is(r.err, wire.NoNode):
		n.statErr = r.err
	case n == t.root && !n.gone && n.need == 0: // otherwise it may have been created again since
		t.lose(n)
	}
}

// unread notes and reports that a folder cannot be listed.
func (t *tree) unread(n *node, err error) {
	t.unload(n)
	n.listErr = err
	t.changes.tell(Change{Kind: Unread, Path: n.path(), Reason: err.Error()})
}

// setStat sets the stat of a znode. If the znode is to be compared, it reports a difference from the
// known one.
func (t *tree) setStat(n *node, s wire.Stat) {
	missed := func(zxid int64) bool { return zxid > n.told && t.reach.beyond(zxid) }
	n.stat, n.past = &s, n.past && n.outdated
	t.setOwner(n, s.EphemeralOwner)
	created := n.unheard && t.reach.beyond(s.Czxid) || !n.unheard && missed(s.Czxid)
	switch {
	case !n.check:
	case created && !t.reach.heardOf(n.path(), s.Czxid):
		t.foundChange(n, Created, s.Czxid)
	case created && s.Mzxid > s.Czxid && t.reach.beyond(s.Mzxid), missed(s.Mzxid):
		if !t.reach.heardOf(n.path(), s.Mzxid) {
			t.foundChange(n, Changed, s.Mzxid)
		}
	}
	n.told = max(n.told, s.Mzxid)
	t.complete(n)
}

// setKids applies the list of a folder's kids. It ignores the list for the kids in the journal, which
// events reported meanwhile.
func (t *tree) setKids(n *node, names []string) {
	if !n.listed && t.znodes+len(names)-len(n.kids) > t.most {
		t.unread(n, errTooMany)
		return
	}
	there := make(map[string]struct{}, len(names))
	for _, name := range names {
		there[name] = struct{}{}
	}
	for name, kid := range n.kids {
		if _, ok := there[name]; !ok && !n.heard(name) {
			t.lose(kid)
		}
	}
	news := n.unheard || n.listed && (n.check || t.reach.own)
	if !n.listed { // it may be large: make its rows at once, not one by one
		t.arranges(n)
	}
	n.listed = true
	for _, name := range names {
		switch kid := n.kids[name]; {
		case kid != nil:
			t.doubted(kid)
		case !n.heard(name):
			t.list(n, name, news)
		}
	}
	n.journal = nil
}

func (n *node) heard(name string) bool {
	_, ok := n.journal[name]
	return ok
}

// list adds a znode that a reply has named.
func (t *tree) list(folder *node, name string, news bool) {
	kid := t.add(folder, name)
	kid.mark = ""
	kid.told = t.reach.horizon
	if news {
		kid.unheard = true
		t.check(kid)
	}
	if t.wanted(kid) {
		t.load(kid)
	} else {
		t.reads.want(&kid.target, needStat, false)
	}
}
