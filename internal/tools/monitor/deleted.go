package monitor

import "time"

// How long deleted znodes are shown, and how many at most.
const (
	deletedAge  = 5 * time.Second
	deletedMost = 4096
)

// keepDeleted keeps the row of a deleted znode for a while.
func (t *tree) keepDeleted(n *node) {
	if n.parent.order.made {
		t.deletedRows = append(t.deletedRows, n)
	}
	t.settle()
}

// hideDeleted removes the row of a deleted znode, unless a new znode has its place.
func (t *tree) hideDeleted(n *node) {
	n.parent.order.remove(n)
	t.resize(n.parent)
}

// settle removes the rows of deleted znodes that were shown long enough.
func (t *tree) settle() {
	for len(t.deletedRows) > 0 && (len(t.deletedRows) > deletedMost || time.Since(t.deletedRows[0].at) > deletedAge) {
		t.hideDeleted(t.deletedRows[0])
		t.deletedRows[0], t.deletedRows = nil, t.deletedRows[1:]
	}
}
