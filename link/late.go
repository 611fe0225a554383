package link

import (
	"fmt"
	"path"
	"slices"
	"sync"

	"github.com/zklab/zklab/internal/zk/wire"
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
	l       *Link
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

// DelayWrites holds back writes of the client, each until [LateWrite.Resume] or [LateWrites.Cancel]. The
// receiver of Reached must resume what it gets, soon enough for the session to live. If the connection ends
// before, the write is lost with it. DelayWrites returns an error if the rule is malformed.
func (l *Link) DelayWrites(r LateRule) (*LateWrites, error) {
	if r.Nth < 0 {
		return nil, fmt.Errorf("nth is %d, must be 1 or more", r.Nth)
	}
	r.Nth = max(r.Nth, 1)
	x := &LateWrites{l: l, rule: r, reached: make(chan *LateWrite), over: make(chan struct{})}
	x.cancel = sync.OnceFunc(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.late = slices.DeleteFunc(l.late, func(y *LateWrites) bool { return y == x })
		close(x.over)
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.late = append(l.late, x)
	return x, nil
}

// Reached delivers each write that is held back.
func (x *LateWrites) Reached() <-chan *LateWrite { return x.reached }

// Cancel ends the rule, and lets the write that it holds back go on. It may be called more than once.
func (x *LateWrites) Cancel() { x.cancel() }

// mostLooked bounds the znodes that a link remembers of one operation.
const mostLooked = 64

// delay holds a request back if a rule wants it, and reports whether it did. Call it with l.mu held; it
// unlocks it while it waits.
func (c *conn) delay(op wire.Op, record []byte) bool {
	l := c.l
	if len(l.late) == 0 && len(l.breakpoints) == 0 || op == wire.Ping { // a fault at a breakpoint may set a rule
		return false
	}
	paths, _ := wire.Paths(op, record)
	if isRead(op) {
		if len(l.looked) < mostLooked {
			l.looked = append(l.looked, paths...)
		}
		return false
	}
	x := l.delays(op)
	if x == nil {
		return false
	}
	w := &LateWrite{Op: op, Paths: paths, Looked: slices.Clone(l.looked), resumed: make(chan struct{})}
	l.mu.Unlock()
	defer l.mu.Lock()
	stopAt(x.reached, w, w.resumed, x.over)
	return true
}

// writes reports whether a request changes znodes, or may: a multi may only check them.
func writes(op wire.Op) bool { return isWrite(op) || op == wire.Multi }

// delays counts a request against all rules and returns the rule that applies to it now, or nil. Call
// it with l.mu held.
func (l *Link) delays(op wire.Op) (turn *LateWrites) {
	for _, x := range l.late {
		if x.rule.Op != 0 && !ofType(op, x.rule.Op) || x.rule.Op == 0 && !writes(op) {
			continue
		}
		if x.matched++; turn == nil && x.matched >= x.rule.Nth {
			turn = x
		}
	}
	return turn
}

// Written describes a write of the client that a server has acknowledged.
type Written struct {
	Client int
	Op     wire.Op
	// Paths lists the znodes that the request named. The server adds a number to the name of a sequential
	// znode.
	Paths []string
}

// OnWritten calls f with each write of the client that a server has acknowledged, until stop is called. f runs
// in the client's goroutines, must not block, and must not call methods of the link.
func (l *Link) OnWritten(f func(Written)) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := &f
	l.written = append(l.written, w)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.written = slices.DeleteFunc(l.written, func(x *func(Written)) bool { return x == w })
	}
}

// tellWritten reports a reply to the listeners, if it acknowledges a write. Call it with l.mu held.
func (l *Link) tellWritten(r request, code wire.Code) {
	if len(l.written) == 0 || code != wire.OK || !writes(r.op) {
		return
	}
	for _, f := range l.written {
		(*f)(Written{Client: l.cfg.Client, Op: r.op, Paths: r.paths})
	}
}
