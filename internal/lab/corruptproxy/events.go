package corruptproxy

import (
	"maps"
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
)

// This file has the corruptions that leave events out or add false ones. Those that send events late,
// twice or in the wrong order are in corruptions.go.

// eventMissing leaves events out.
type eventMissing struct{ unchanged }

func (eventMissing) toClient(c *conn, _ *request, f frame) []frame {
	if e, ok := f.event(); ok && e.Type > 0 && c.proxy.corrupts() {
		return nil
	}
	return []frame{f}
}

// changed returns the watch event of a change of data at a zxid.
func (p *Proxy) changed(path string, zxid int64) frame {
	if p.olderEvents {
		zxid = -1
	}
	e := wire.WatchEvent{Type: wire.EventDataChanged, State: wire.StateConnected, Path: path}
	return frame{wire.ReplyHeader{Xid: wire.XidEvent, Zxid: zxid}, e.Append(nil)}
}

// eventFalse sends the event of a change of data that never happened, at the zxid of a
// transaction that did something else.
type eventFalse struct {
	unchanged
	watched string // a path whose data the client watches, since zxid set
	set     int64
}

func (t *eventFalse) toClient(c *conn, q *request, f frame) []frame {
	if e, ok := f.event(); ok && e.Path == t.watched {
		t.watched = ""
	}
	if q == nil {
		return []frame{f}
	}
	if t.watched != "" && q.Op.Kind() == wire.Create && f.Err == wire.OK && f.Zxid > t.set && c.proxy.corrupts() {
		path := t.watched
		t.watched = ""
		return []frame{c.proxy.changed(path, f.Zxid), f}
	}
	if r, ok := q.record.(*wire.ReadRequest); ok && r.Watch && q.Op == wire.GetData && f.Err == wire.OK {
		t.watched, t.set = r.Path, f.Zxid
	}
	return []frame{f}
}

// eventOfFailed sends the events of a failed multi, as if the multi had taken effect.
type eventOfFailed struct {
	unchanged
	failed  map[string]int64 // zxid of the last multi that failed to set a path, for all connections
	watched map[string]int64 // by path: the zxid of the view in which the client read its data
}

func newEventOfFailed() func() corrupter {
	failed := map[string]int64{}
	return func() corrupter { return &eventOfFailed{failed: failed, watched: map[string]int64{}} }
}

func (t *eventOfFailed) toClient(c *conn, q *request, f frame) (all []frame) {
	if e, ok := f.event(); ok {
		delete(t.watched, e.Path)
	}
	for _, path := range slices.Sorted(maps.Keys(t.watched)) {
		if z := t.failed[path]; z > t.watched[path] && z > c.proxy.seen[c.session] && z <= f.Zxid && c.proxy.corrupts() {
			delete(t.watched, path)
			all = append(all, c.proxy.changed(path, z))
			break
		}
	}
	if q.asks(wire.Multi) {
		t.note(q, f)
	}
	if q.asks(wire.GetData) && f.Err == wire.OK && q.record.(*wire.ReadRequest).Watch {
		t.watched[q.path()] = f.Zxid
	}
	return append(all, f)
}

// note remembers what a multi would have set.
func (t *eventOfFailed) note(q *request, f frame) {
	ops, _ := q.record.([]wire.MultiOp)
	if code, ok := wire.MultiResult(f.record); f.Err != wire.OK || !ok || code == wire.OK {
		return
	}
	for _, o := range ops {
		if r, ok := o.Request.(*wire.SetDataRequest); ok {
			t.failed[r.Path] = f.Zxid
		}
	}
}

// watchesForgotten drops the watches that a client sets again after a reconnect.
type watchesForgotten struct{ unchanged }

func (watchesForgotten) toServer(c *conn, q *request) []*request {
	r, ok := q.record.(*wire.SetWatchesRequest)
	if !ok || !c.proxy.corrupts() {
		return []*request{q}
	}
	return q.resend(&wire.SetWatchesRequest{RelativeZxid: r.RelativeZxid})
}

// eventKind reports a deletion as a change of data.
type eventKind struct{ unchanged }

func (eventKind) toClient(c *conn, _ *request, f frame) []frame {
	if e, ok := f.event(); ok && e.Type == wire.EventDeleted && c.proxy.corrupts() {
		e.Type = wire.EventDataChanged
		f.record = e.Append(nil)
	}
	return []frame{f}
}

// listening records whether the client of a connection has set a persistent watch.
type listening struct {
	unchanged
	standing bool
}

func (t *listening) toServer(_ *conn, q *request) []*request {
	t.standing = t.standing || q.asks(wire.AddWatch)
	return []*request{q}
}

// persistentMissing leaves out events of clients with a persistent watch.
type persistentMissing struct{ listening }

func (t *persistentMissing) toClient(c *conn, _ *request, f frame) []frame {
	if e, ok := f.event(); ok && e.Type > 0 && t.standing && c.proxy.corrupts() {
		return nil
	}
	return []frame{f}
}

// persistentSwapped changes the order of events of clients with a persistent watch.
type persistentSwapped struct {
	listening
	swap eventsSwapped
}

func (t *persistentSwapped) toClient(c *conn, q *request, f frame) []frame {
	if !t.standing {
		return []frame{f}
	}
	return t.swap.toClient(c, q, f)
}

// removedTells acknowledges the removal of watches, but keeps them.
type removedTells struct{ unchanged }

func (removedTells) toServer(c *conn, q *request) []*request {
	r, ok := q.record.(*wire.WatchesRequest)
	if !ok || !q.asks(wire.RemoveWatches) || !c.proxy.corrupts() {
		return []*request{q}
	}
	q.lost = true
	q.body = wire.AppendRequest(wire.RequestHeader{Xid: q.Xid, Op: wire.Exists}.Append(nil), wire.Exists, &wire.ReadRequest{Path: r.Path})
	return []*request{q}
}

func (removedTells) toClient(_ *conn, q *request, f frame) []frame {
	if q.asks(wire.RemoveWatches) && q.lost {
		f.Err, f.record = wire.OK, nil
	}
	return []frame{f}
}
