package monitor

import "time"

// Ghosts are shown for so long, and so many at most.
const (
	ghostAge  = 5 * time.Second
	ghostMost = 4096
)

// haunt leaves a znode among the rows for a while.
func (t *tree) haunt(n *node) {
	if n.parent.order.made {
		t.ghosts = append(t.ghosts, n)
	}
	t.settle()
}

// lay takes a ghost away, unless another znode has its place.
func (t *tree) lay(n *node) {
	n.parent.order.remove(n)
	t.resize(n.parent)
}

// settle takes away what was shown long enough.
func (t *tree) settle() {
	for len(t.ghosts) > 0 && (len(t.ghosts) > ghostMost || time.Since(t.ghosts[0].at) > ghostAge) {
		t.lay(t.ghosts[0])
		t.ghosts[0], t.ghosts = nil, t.ghosts[1:]
	}
}
