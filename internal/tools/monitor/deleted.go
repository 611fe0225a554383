package monitor

import "time"

// Deleted znodes are shown for so long, and so many at most.
const (
	deletedAge  = 5 * time.Second
	deletedMost = 4096
)

// keepDeleted leaves a znode among the rows for a while.
func (t *tree) keepDeleted(n *node) {
	if n.parent.order.made {
		t.deletedRows = append(t.deletedRows, n)
	}
	t.settle()
}

// hideDeleted takes the row of a deleted znode away, unless another znode has its place.
func (t *tree) hideDeleted(n *node) {
	n.parent.order.remove(n)
	t.resize(n.parent)
}

// settle takes away what was shown long enough.
func (t *tree) settle() {
	for len(t.deletedRows) > 0 && (len(t.deletedRows) > deletedMost || time.Since(t.deletedRows[0].at) > deletedAge) {
		t.hideDeleted(t.deletedRows[0])
		t.deletedRows[0], t.deletedRows = nil, t.deletedRows[1:]
	}
}
