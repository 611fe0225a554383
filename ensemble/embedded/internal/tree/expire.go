package tree

import (
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/javahash"
)

// Expired returns the paths that a leader may delete now (DeleteContainer), in the
// order in which Java's does: containers that had children and have none, and
// znodes without children that were not set for longer than their TTL. millis
// is the leader's clock, milliseconds since 1970. The cost is one pass
// over these and all znodes with a TTL.
func (t *Tree) Expired(millis int64) []string {
	var paths []string
	for _, n := range t.idle.inOrder() {
		paths = append(paths, n.path)
	}
	for _, n := range t.ttls.inOrder() {
		if n.children.n == 0 && millis-n.mtime > int64(n.ttl/time.Millisecond) {
			paths = append(paths, n.path)
		}
	}
	javahash.Order(paths, 0)
	return paths
}

// idling reports whether a node is a container on the list of those that had
// children and have none. A container that never had one waits for it.
func (n *node) idling() bool { return n.container && n.creates > 0 && n.children.n == 0 }

// enterIdle is called when a child has gone.
func (t *Tree) enterIdle(n *node) {
	if n.idling() {
		t.idle.add(n)
	}
}

// leaveIdle is called before a child comes, and before the node goes.
func (t *Tree) leaveIdle(n *node) {
	if n.idling() {
		t.idle.remove(n)
	}
}
