package prep

import "github.com/zklab/zklab/ensemble/embedded/internal/tree"

// outstanding is a tree with the changes of all transactions under way, which are not yet
// applied to it.
type outstanding struct {
	tree   *tree.Tree
	latest map[string]int // position of a path's last change
	// changes are in the order of their zxids; the first is at position base, and
	// those before live have been forgotten.
	changes    []change
	base, live int
	// creating counts the changes that create an ephemeral, by session.
	creating map[int64]int
	undo     []int // for each change of the present request, the former position in latest, or -1
}

// change is the state of a znode after a transaction.
type change struct {
	zxid int64
	path string
	gone bool
	made bool // by this transaction
	tree.Node
}

func newOutstanding(t *tree.Tree) outstanding {
	return outstanding{tree: t, latest: make(map[string]int), creating: make(map[int64]int)}
}

func (o *outstanding) begin() { o.undo = o.undo[:0] }

// find returns a znode as the next transaction will find it.
func (o *outstanding) find(path string) (tree.Node, bool) {
	if at, ok := o.latest[path]; ok {
		c := &o.changes[at-o.base]
		return c.Node, !c.gone
	}
	return o.tree.Node(path)
}

func (o *outstanding) put(c change) {
	before, ok := o.latest[c.path]
	if !ok {
		before = -1
	}
	o.undo = append(o.undo, before)
	o.latest[c.path] = o.base + len(o.changes)
	o.changes = append(o.changes, c)
	if c.made && c.Owner != 0 {
		o.creating[c.Owner]++
	}
}

// rollback takes back the changes of the present request.
func (o *outstanding) rollback() {
	for len(o.undo) > 0 {
		last := len(o.changes) - 1
		c := &o.changes[last]
		o.unmake(c)
		if before := o.undo[len(o.undo)-1]; before < 0 {
			delete(o.latest, c.path)
		} else {
			o.latest[c.path] = before
		}
		*c = change{}
		o.changes = o.changes[:last]
		o.undo = o.undo[:len(o.undo)-1]
	}
}

// forget drops the changes that the tree has by now.
func (o *outstanding) forget(zxid int64) {
	for o.live < len(o.changes) && o.changes[o.live].zxid <= zxid {
		c := &o.changes[o.live]
		o.unmake(c)
		if o.latest[c.path] == o.base+o.live {
			delete(o.latest, c.path)
		}
		*c = change{}
		o.live++
	}
	o.compact()
}

// unmake is called for a change that goes.
func (o *outstanding) unmake(c *change) {
	if !c.made || c.Owner == 0 {
		return
	}
	if o.creating[c.Owner]--; o.creating[c.Owner] == 0 {
		delete(o.creating, c.Owner)
	}
}

// compact makes room at the end, once half of it is free at the front.
func (o *outstanding) compact() {
	if 2*o.live < len(o.changes) {
		return
	}
	n := copy(o.changes, o.changes[o.live:])
	clear(o.changes[n:])
	o.changes = o.changes[:n]
	o.base += o.live
	o.live = 0
}
