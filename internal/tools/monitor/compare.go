package monitor

import "time"

// This file is how the tree finds what happened while there was no connection.

// lose takes a znode out that was found to be gone, and tells it of all below it, too.
func (t *tree) lose(n *node) {
	for _, kid := range n.kids {
		t.lose(kid)
	}
	t.remove(n)
	t.foundChange(n, Deleted, 0)
}

// compare has all that is loaded read again, as a connection was lost.
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

// compared notes that a znode is as the server has it.
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

// foundChange tells a difference that was found.
func (t *tree) foundChange(n *node, kind Kind, zxid int64) {
	n.mark, n.at = kind, time.Now()
	t.found++
	t.tellOf(n, Change{Kind: kind, Path: n.path(), Zxid: zxid, Found: true})
}
