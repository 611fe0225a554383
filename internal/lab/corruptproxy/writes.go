package corruptproxy

import (
	"math"
	"strings"

	"github.com/zklab/zklab/internal/zk/wire"
)

// This file has the corruptions of writes: the servers get another request than the client sent.

// resend makes the body of a request with another record.
func (q *request) resend(record any) []*request {
	q.body = wire.AppendRequest(wire.RequestHeader{Xid: q.Xid, Op: q.Op}.Append(nil), q.Op, record)
	return []*request{q}
}

// extra returns a request that no client sent. Its Xid distinguishes its reply from the replies for the
// client.
func extra(q *request, op wire.Op, record any) *request {
	h := wire.RequestHeader{Xid: q.Xid | math.MinInt32, Op: op}
	return &request{RequestHeader: h, record: record, body: wire.AppendRequest(h.Append(nil), op, record)}
}

// isOfExtra reports whether the frame is the reply to a request that extra made.
func (f frame) isOfExtra() bool { return f.Xid < math.MinInt32/2 }

// versionIgnored makes the servers do writes whatever version they require.
type versionIgnored struct{ unchanged }

func (versionIgnored) toServer(c *conn, q *request) []*request {
	switch r := q.record.(type) {
	case *wire.SetDataRequest:
		if r.Version >= 0 && c.proxy.corrupts() {
			return q.resend(&wire.SetDataRequest{Path: r.Path, Data: r.Data, Version: -1})
		}
	case *wire.VersionRequest:
		if q.asks(wire.Delete) && r.Version >= 0 && c.proxy.corrupts() {
			return q.resend(&wire.VersionRequest{Path: r.Path, Version: -1})
		}
	}
	return []*request{q}
}

// refusedWrongly changes the version that writes require, so that the servers refuse them.
type refusedWrongly struct{ unchanged }

func (refusedWrongly) toServer(c *conn, q *request) []*request {
	const never = math.MaxInt32
	if r, ok := q.record.(*wire.SetDataRequest); ok && r.Version >= 0 && c.proxy.corrupts() {
		return q.resend(&wire.SetDataRequest{Path: r.Path, Data: r.Data, Version: never})
	}
	return []*request{q}
}

// ephemeralStays creates a persistent znode where the client asked for an ephemeral one.
type ephemeralStays struct{ unchanged }

func (ephemeralStays) toServer(c *conn, q *request) []*request {
	r, ok := q.record.(*wire.CreateRequest)
	if !ok || r.Mode != wire.Ephemeral || !c.proxy.corrupts() {
		return []*request{q}
	}
	other := *r
	other.Mode = wire.Persistent
	return q.resend(&other)
}

// sequenceReused gives a new sequential znode the number of one that was deleted.
type sequenceReused struct {
	unchanged
	asked   map[string]string // the path that was asked for, by the one that was made
	deleted map[string]string // the path of the last deleted znode, by the path that was asked for
}

func newSequenceReused() sequenceReused {
	return sequenceReused{asked: map[string]string{}, deleted: map[string]string{}}
}

// plain maps sequential modes to the modes of znodes with exactly the requested name.
var plain = map[wire.CreateMode]wire.CreateMode{
	wire.PersistentSequential: wire.Persistent, wire.EphemeralSequential: wire.Ephemeral,
}

func (t sequenceReused) toServer(c *conn, q *request) []*request {
	r, ok := q.record.(*wire.CreateRequest)
	if !ok || !r.Mode.Sequential() || t.deleted[r.Path] == "" || !c.proxy.corrupts() {
		return []*request{q}
	}
	other := *r
	other.Path, other.Mode = t.deleted[r.Path], plain[r.Mode]
	delete(t.deleted, r.Path)
	return q.resend(&other)
}

func (t sequenceReused) toClient(_ *conn, q *request, f frame) []frame {
	if q == nil || f.Err != wire.OK {
		return []frame{f}
	}
	switch r := q.record.(type) {
	case *wire.CreateRequest:
		if made, err := wire.DecodeCreateReply(q.Op, f.record); err == nil && strings.HasPrefix(made.Path, r.Path) && made.Path != r.Path {
			t.asked[made.Path] = r.Path
		}
	case *wire.VersionRequest:
		if asked := t.asked[r.Path]; asked != "" && q.asks(wire.Delete) {
			t.deleted[asked] = r.Path
		}
	}
	return []frame{f}
}

// partDone makes the servers do the first operation of a multi that failed.
type partDone struct{ unchanged }

func (partDone) toClient(c *conn, q *request, f frame) []frame {
	if f.isOfExtra() {
		return nil
	}
	if !q.asks(wire.Multi) || f.Err != wire.OK {
		return []frame{f}
	}
	code, _ := wire.MultiResult(f.record)
	ops, _ := q.record.([]wire.MultiOp)
	if code != wire.OK && len(ops) > 1 && ops[0].Op == wire.SetData && c.proxy.corrupts() {
		c.later(extra(q, wire.SetData, ops[0].Request), func() bool { return !c.cut })
	}
	return []frame{f}
}

// doneTwice sends a write twice, as if the first try had got no answer, and passes on the answer to the
// second try.
type doneTwice struct{ unchanged }

func (doneTwice) toServer(c *conn, q *request) []*request {
	switch r := q.record.(type) {
	case *wire.CreateRequest:
		if r.Mode.Sequential() {
			return []*request{q}
		}
	case *wire.SetDataRequest, *wire.VersionRequest:
	default:
		return []*request{q}
	}
	if !c.proxy.corrupts() {
		return []*request{q}
	}
	return []*request{extra(q, q.Op, q.record), q}
}

func (doneTwice) toClient(_ *conn, _ *request, f frame) []frame { return f.unlessExtra() }
