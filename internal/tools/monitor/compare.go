package monitor

import "time"

// This file finds what happened while there was no connection.

// lose removes a znode that no longer exists, with all znodes below, and reports each as deleted.
func (t *tree) lose(n *node) {
	for _, kid := range n.kids {
		t.lose(kid)
	}
	t.remove(n)
	t.foundChange(n, Deleted, 0)
}

// compare reads again everything that is loaded, after a lost connection.
func (t *tree) compare() {
	if !t.comparing {
		t.comparing, t.found = true, 0
	}
	t.compareBelow(t.root)
	t.conclude()
}

func (t *tree) compareBelow(n *node) {
	if !n.check {
		n.told = max(n.told, t.reach.horizon)
	}
	t.check(n)
	if n.listed || n.journal != nil {
		n.journal = make(map[string]struct{})
		t.reads.want(&n.target, needKids, n.open)
	} else {
		t.reads.want(&n.target, needStat, false)
	}
	for _, kid := range n.kids {
		t.compareBelow(kid)
	}
}

func (t *tree) check(n *node) {
	if !n.check {
		n.check = true
		t.checks++
	}
}

// compared notes that a znode now equals that of the server.
func (t *tree) compared(n *node) {
	n.unheard = false
	if n.check {
		n.check = false
		t.checks--
		t.conclude()
	}
}

func (t *tree) conclude() {
	if t.comparing && t.checks == 0 {
		t.comparing, t.reach.heard = false, heard{}
		t.changes.tell(Change{Kind: Compared, Number: t.found, Zxid: t.reach.watched})
	}
}

// foundChange reports a difference.
func (t *tree) foundChange(n *node, kind Kind, zxid int64) {
	n.mark, n.at = kind, time.Now()
	t.found++
	t.tellOf(n, Change{Kind: kind, Path: n.path(), Zxid: zxid, Found: true})
}
