package link

import (
	"path"
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/link/internal/content"
)

// LateRule picks the writes of the client that are held back on their way to the server.
type LateRule struct {
	// Op is the type, as in [Rule]. The zero value matches creates, deletes, writes of data and multis.
	Op wire.Op
	// Nth is which matching request is the first to be held back, from 1, counted from the call of
	// DelayWrites over all connections of the link. 0 means 1.
	Nth int
}

// LateWrites is an active rule: it stops each matching write until the caller lets it go on.
type LateWrites struct {
	rule    LateRule
	reached chan *LateWrite
	over    chan struct{}
	cancel  func()
	matched int // guarded by Link.mu
}

// LateWrite is a write that is held back. A network may also hold it back at any time, with everything after
// it on the connection. The server has not seen it, and the client is waiting for its reply.
type LateWrite struct {
	Op wire.Op
	// Paths lists the znodes that the request names, a multi's in its order.
	Paths []string
	// Looked lists the znodes that the client has read in the same operation while a rule or a breakpoint was active.
	Looked []string

	resumed chan struct{}
}

// Resume lets the write go on. Call it once.
func (w *LateWrite) Resume() { close(w.resumed) }

// Names reports whether a znode is one of those that the write names, or that the client has read before.
func (w *LateWrite) Names(changed string) bool {
	return slices.Contains(w.Paths, changed) || slices.Contains(w.Looked, changed)
}

// Touches reports whether the change of a znode concerns the write: the znode is one of the write's own, or
// one that the client has read before, or a sibling, a child or the parent of one of these. Below root,
// znodes count as siblings only if they are deeper than root's children.
func (w *LateWrite) Touches(changed, root string) bool {
	return slices.ContainsFunc(slices.Concat(w.Paths, w.Looked), func(p string) bool {
		folder, parent := path.Dir(p), path.Dir(changed)
		return changed == p || folder == changed && changed != root || parent == p || folder == parent && parent != root
	})
}

// Reached delivers each write that is held back.
func (x *LateWrites) Reached() <-chan *LateWrite { return x.reached }

// Cancel ends the rule, and lets the write that it holds back go on. It may be called more than once.
func (x *LateWrites) Cancel() { x.cancel() }

// delays counts a request against all rules and returns the rule that applies to it now, or nil. Call
// it with Link.mu held.
func delays(late []*LateWrites, op wire.Op) (turn *LateWrites) {
	for _, x := range late {
		if x.rule.Op != 0 && !content.OfType(op, x.rule.Op) || x.rule.Op == 0 && !content.Writes(op) {
			continue
		}
		if x.matched++; turn == nil && x.matched >= x.rule.Nth {
			turn = x
		}
	}
	return turn
}
