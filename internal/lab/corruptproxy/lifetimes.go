package corruptproxy

import (
	"path"
	"time"

	"github.com/zklab/zklab/internal/zk/wire"
)

// This file has the corruptions of znodes that servers delete by themselves.

// sweptEarly deletes a znode of a kind that servers delete by themselves as soon as it is made.
type sweptEarly struct {
	unchanged
	op wire.Op // the request that creates such a znode
}

func newSweptEarly(op wire.Op) func() func() corrupter {
	return shared(func() sweptEarly { return sweptEarly{op: op} })
}

func (t sweptEarly) toServer(c *conn, q *request) []*request {
	const long = time.Minute // a shorter TTL may have passed
	r, ok := q.record.(*wire.CreateRequest)
	if !ok || !q.asks(t.op) || t.op == wire.CreateTTL && r.TTL < long || !c.proxy.corrupts() {
		return []*request{q}
	}
	return []*request{q, extra(q, wire.Delete, &wire.VersionRequest{Path: r.Path, Version: -1})}
}

func (sweptEarly) toClient(_ *conn, _ *request, f frame) []frame { return f.unlessExtra() }

// unlessExtra leaves out the replies to requests that no client sent.
func (f frame) unlessExtra() []frame {
	if f.isOfExtra() {
		return nil
	}
	return []frame{f}
}

// sweptFull deletes a container together with its child as soon as the child is created.
type sweptFull struct {
	unchanged
	containers map[string]bool
}

func (t sweptFull) toServer(c *conn, q *request) []*request {
	r, ok := q.record.(*wire.CreateRequest)
	switch {
	case !ok:
	case q.asks(wire.CreateContainer):
		t.containers[r.Path] = true
	case t.containers[path.Dir(r.Path)] && c.proxy.corrupts():
		var both []wire.MultiOp
		for _, p := range []string{r.Path, path.Dir(r.Path)} {
			both = append(both, wire.MultiOp{Op: wire.Delete, Request: &wire.VersionRequest{Path: p, Version: -1}})
		}
		return []*request{q, extra(q, wire.Multi, both)}
	}
	return []*request{q}
}

func (sweptFull) toClient(_ *conn, _ *request, f frame) []frame { return f.unlessExtra() }
