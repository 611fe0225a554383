package monitor

import (
	"cmp"
	"strings"
	"time"
)

// tree is the copy: what is known about the znodes. Events and replies to reads change it. It
// requests from its reader what is wanted and not known yet. It is not safe for concurrent use.
type tree struct {
	all     bool // load the whole subtree
	most    int  // the largest number of loaded znodes
	reach   *reach
	reads   reader
	changes *changes

	root        *node
	choice      *choice
	znodes      int           // loaded
	owners      map[int64]int // number of loaded ephemeral znodes, by session
	ephemerals  int           // their number in all sessions
	deletedRows []*node       // deleted znodes that are still shown, the oldest first
	filter      string        // of the rows
	unmade      []*node       // folders whose rows are made at the next drawing
	helpers     []*node       // folders that are listed for the meaning of others

	begun     bool // the watch was set at least once
	checks    int  // number of znodes to compare
	comparing bool
	found     int // number of differences since the last lost connection
}

// reader is the part of the schedule that a tree needs.
type reader interface {
	want(t *target, n need, urgent bool)
}

func newTree(cfg Config, r *reach, reads reader, log *changes) *tree {
	t := &tree{all: cfg.All, most: cfg.Most, reach: r, reads: reads, changes: log, owners: make(map[int64]int), choice: newChoice("")}
	t.root = t.newNode(nil, cfg.Root)
	t.root.open = !cfg.EventsOnly
	return t
}

// begin reads the root. When it is called again, after a time without a watch, it reads everything that
// is loaded.
func (t *tree) begin() {
	if t.begun {
		t.compare()
	} else {
		t.loadRoot()
	}
	t.begun = true
	t.rechoose()
}

// open shows the kids of a znode.
func (t *tree) open(path string) {
	if n, _ := t.find(path); n != nil && !n.open {
		n.open, n.below = true, time.Time{}
		t.arranges(n)
		t.load(n)
	}
}

// shut hides the kids of a znode.
func (t *tree) shut(path string) {
	if n, _ := t.find(path); n != nil && n.open {
		n.open = false
		t.disarrange(n)
		if !t.wanted(n) {
			t.unload(n)
		}
	}
}

// find returns the znode at a path and its folder. If the znode is not loaded, it returns nil and the
// nearest folder above it that is loaded.
func (t *tree) find(path string) (found, above *node) {
	rest, ok := below(t.root.name, path)
	if !ok {
		return nil, nil
	}
	n := t.root
	for rest != "" {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		next := n.kids[name]
		if next == nil {
			return nil, n
		}
		n = next
	}
	return n, n.parent
}

// loadRoot reads the root, and its kids if they are wanted.
func (t *tree) loadRoot() {
	if t.wanted(t.root) {
		t.load(t.root)
	} else {
		t.reads.want(&t.root.target, needStat, true)
	}
}

func (t *tree) newNode(parent *node, name string) *node {
	n := &node{parent: parent, name: name, entry: -1}
	n.of = n
	n.rows = t.rowsOf(n)
	t.znodes++
	return n
}

// wanted reports whether the kids of a znode should be loaded.
func (t *tree) wanted(n *node) bool {
	return n.open || t.all || !n.helps.IsZero() || t.choice.needs(n)
}

func (t *tree) add(folder *node, name string) *node {
	kid := t.newNode(folder, name)
	if folder.kids == nil {
		folder.kids = make(map[string]*node)
	}
	folder.kids[name] = kid
	kid.mark, kid.at = Created, time.Now()
	if folder.order.made {
		folder.order.put(kid)
		t.resize(folder)
	}
	return kid
}

// load reads the kids of a znode.
func (t *tree) load(n *node) {
	if n.listed || n.journal != nil {
		return
	}
	n.journal = make(map[string]struct{})
	t.reads.want(&n.target, needKids, n.open)
}

// unload forgets the kids of a znode.
func (t *tree) unload(n *node) {
	t.disarrange(n)
	for _, kid := range n.kids {
		t.forget(kid)
	}
	n.kids, n.listed, n.journal = nil, false, nil
}

// forget removes a znode and all znodes below it from all sums.
func (t *tree) forget(n *node) {
	t.unload(n)
	n.gone = true
	t.compared(n)
	t.setOwner(n, 0)
	t.znodes--
}

// remove removes a deleted znode. Its row stays for a while.
func (t *tree) remove(n *node) {
	if n == t.root {
		t.unload(n)
		t.setOwner(n, 0)
		n.gone, n.stat, n.mark, n.at = true, nil, Deleted, time.Now()
		return
	}
	t.forget(n)
	delete(n.parent.kids, n.name)
	n.mark, n.at = Deleted, time.Now()
	t.keepDeleted(n)
}

func (t *tree) setOwner(n *node, owner int64) {
	if n.owner == owner {
		return
	}
	if n.owner != 0 {
		if t.owners[n.owner]--; t.owners[n.owner] == 0 {
			delete(t.owners, n.owner)
		}
		t.ephemerals--
	}
	if owner != 0 {
		t.owners[owner]++
		t.ephemerals++
	}
	n.owner = owner
}

// tellOf reports a change of a znode, with what is known about the znode.
func (t *tree) tellOf(n *node, c Change) {
	c.Version, c.Bytes = Unknown, Unknown
	if n != nil && n.stat != nil && (c.Kind == Deleted || n.stat.Mzxid >= c.Zxid && c.Zxid > 0) {
		c.Owner = n.stat.EphemeralOwner
		if c.Kind != Deleted || !n.past {
			c.Version, c.Bytes = n.stat.Version, n.stat.DataLength
		}
	}
	c.pending = n != nil && c.Kind == Created && c.Version == Unknown
	if entry := t.changes.tell(c); n != nil {
		n.entry = entry
	}
}

// complete completes a znode's last change from its stat.
func (t *tree) complete(n *node) {
	c := t.changes.at(n.entry)
	if c == nil || c.Version != Unknown || c.Kind == Deleted || cmp.Or(c.Zxid, n.stat.Mzxid) != n.stat.Mzxid {
		return
	}
	c.Version, c.Bytes, c.Owner = n.stat.Version, n.stat.DataLength, n.stat.EphemeralOwner
	c.Zxid, c.pending = n.stat.Mzxid, false
	t.changes.signal()
}
