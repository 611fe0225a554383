package corruptproxy

import (
	"slices"

	"github.com/zklab/zklab/internal/zk/wire"
)

// corrupter does one kind of corruption. Its methods are called with Proxy.mu held, with the
// frames of one connection in their order.
type corrupter interface {
	// toServer returns the requests to send to the server for a client's request.
	toServer(c *conn, q *request) []*request
	// asks returns the connect request to send to the server.
	asks(c *conn, r wire.ConnectRequest) wire.ConnectRequest
	// opened returns the connect response to send to the client.
	opened(c *conn, r wire.ConnectResponse) wire.ConnectResponse
	// ends reports whether the connection to the server ends when the client closes its own.
	ends(c *conn) bool
	// toClient returns the frames that the client gets for a frame of the server; q is the request that
	// the frame answers, nil for an event.
	toClient(c *conn, q *request, f frame) []frame
}

// unchanged passes everything on.
type unchanged struct{}

func (unchanged) asks(_ *conn, r wire.ConnectRequest) wire.ConnectRequest     { return r }
func (unchanged) opened(_ *conn, r wire.ConnectResponse) wire.ConnectResponse { return r }
func (unchanged) ends(*conn) bool                                             { return true }
func (unchanged) toServer(_ *conn, q *request) []*request                     { return []*request{q} }
func (unchanged) toClient(_ *conn, _ *request, f frame) []frame               { return []frame{f} }

// perConn makes corrupters that each know only their own connection.
func perConn[T any, P interface {
	*T
	corrupter
}]() func() corrupter {
	return func() corrupter { return P(new(T)) }
}

// shared makes one corrupter for all connections of a Proxy.
func shared[T corrupter](one func() T) func() func() corrupter {
	return func() func() corrupter {
		t := one()
		return func() corrupter { return t }
	}
}

// heldBack is a list of frames that wait on their way to the client.
type heldBack []frame

func (held *heldBack) release() []frame {
	all := *held
	*held = nil
	return all
}

// eventLate holds an event back until a read of its znode has shown the change or, if none does, until
// some replies have passed. Later events also wait, so that their order stays right. When the client
// sets its next watch on the znode, eventLate first passes the events on: otherwise the late event
// would count as the event of that watch, and the next event as one too many.
type eventLate struct {
	unchanged
	held   heldBack
	passed int // replies since then
}

func (t *eventLate) toClient(c *conn, q *request, f frame) []frame {
	const enough = 30
	if e, ok := f.event(); ok {
		if len(t.held) > 0 || e.Type > 0 && c.proxy.corrupts() {
			t.held = append(t.held, f)
			return nil
		}
		return []frame{f}
	}
	if len(t.held) == 0 || q == nil {
		return []frame{f}
	}
	if r, ok := q.record.(*wire.ReadRequest); ok && r.Watch && t.holds(r.Path) {
		return append(t.held.release(), f)
	}
	t.passed++
	e, _ := t.held[0].event()
	if q.path() == e.Path && f.Zxid >= t.held[0].Zxid || t.passed >= enough {
		t.passed = 0
		return append([]frame{f}, t.held.release()...)
	}
	return []frame{f}
}

func (t *eventLate) holds(path string) bool {
	return slices.ContainsFunc(t.held, func(f frame) bool { e, _ := f.event(); return e.Path == path })
}

type eventTwice struct{ unchanged }

func (eventTwice) toClient(c *conn, _ *request, f frame) []frame {
	if _, ok := f.event(); ok && c.proxy.corrupts() {
		return []frame{f, f}
	}
	return []frame{f}
}

// eventsSwapped holds an event back until the next frame. If that is also an event, it swaps the two.
type eventsSwapped struct {
	unchanged
	held heldBack
}

func (t *eventsSwapped) toClient(c *conn, _ *request, f frame) []frame {
	_, isEvent := f.event()
	switch {
	case isEvent && len(t.held) == 0:
		t.held = heldBack{f}
		return nil
	case isEvent && f.Zxid > t.held[0].Zxid && t.held[0].Zxid > 0 && c.proxy.corrupts():
		return append([]frame{f}, t.held.release()...)
	}
	return append(t.held.release(), f)
}

// readBehind makes one read on each connection old: the read shows less than the session has already
// seen.
type readBehind struct {
	unchanged
	done bool
}

func (t *readBehind) toClient(c *conn, q *request, f frame) []frame {
	if !q.asks(wire.GetData) || f.Err != wire.OK || !c.resumed || t.done || q.record.(*wire.ReadRequest).Watch {
		return []frame{f}
	}
	r, err := wire.DecodeDataReply(f.record)
	if err != nil {
		return []frame{f}
	}
	old, ok := c.proxy.before(q.path(), r.Stat.Mzxid)
	if !ok || old.Zxid >= c.proxy.seen[c.session] || !c.proxy.corrupts() {
		return []frame{f}
	}
	t.done = true
	f.Zxid, f.record = old.Zxid, old.record
	return []frame{f}
}

// lostWrite drops the writes to one znode. Even a record without the servers' transactions shows that
// no client sees these writes: neither the one that made them (property "own-writes") nor others
// ("fenced", "single-image").
type lostWrite struct {
	unchanged
	path string
}

// toServer replaces the write by a multi with only a check, which is a transaction but changes nothing.
func (t *lostWrite) toServer(c *conn, q *request) []*request {
	r, ok := q.record.(*wire.SetDataRequest)
	if !ok || r.Version != -1 {
		return []*request{q}
	}
	if _, known := c.proxy.stats[r.Path]; !known {
		return []*request{q}
	}
	switch {
	case t.path == r.Path:
		c.proxy.done++
	case t.path == "" && c.proxy.corrupts():
		t.path = r.Path
	default:
		return []*request{q}
	}
	q.lost = true
	check := []wire.MultiOp{{Op: wire.Check, Request: &wire.VersionRequest{Path: r.Path, Version: -1}}}
	q.body = wire.AppendMultiRequest(wire.RequestHeader{Xid: q.Xid, Op: wire.Multi}.Append(nil), check)
	return []*request{q}
}

func (t *lostWrite) toClient(c *conn, q *request, f frame) []frame {
	if q == nil || !q.lost || f.Err != wire.OK {
		return []frame{f}
	}
	r := q.record.(*wire.SetDataRequest)
	if code, _ := wire.MultiResult(f.record); code != wire.OK {
		f.Err, f.record = code, nil
		return []frame{f}
	}
	s := c.proxy.stats[r.Path]
	s.Version++
	s.Mzxid, s.DataLength = f.Zxid, int32(len(r.Data))
	c.proxy.stats[r.Path] = s
	f.record = s.Append(nil)
	return []frame{f}
}

// halfMulti shows another session's multi in one znode, and in the next znode the state from before it.
// (If the multi were its own, the session would miss its own write; if the state were older, it would
// miss more than half a multi.)
type halfMulti struct {
	unchanged
	parts map[int64]setTogether // by zxid, for all connections
	seen  int64                 // zxid of the multi that the last reply showed
}

// setTogether holds the writes of a multi.
type setTogether struct {
	session int64
	paths   []string
}

func newHalfMulti() func() corrupter {
	parts := map[int64]setTogether{}
	return func() corrupter { return &halfMulti{parts: parts} }
}

func (t *halfMulti) toClient(c *conn, q *request, f frame) []frame {
	switch {
	case q.asks(wire.Multi):
		t.note(c, q, f)
	case q.asks(wire.GetData) && f.Err == wire.OK:
		return []frame{t.read(c, q, f)}
	}
	return []frame{f}
}

// note remembers what a multi has set.
func (t *halfMulti) note(c *conn, q *request, f frame) {
	const many = 1000
	ops, _ := q.record.([]wire.MultiOp)
	if code, ok := wire.MultiResult(f.record); f.Err != wire.OK || !ok || code != wire.OK {
		return
	}
	if len(t.parts) == many {
		clear(t.parts)
	}
	set := setTogether{session: c.session}
	for _, o := range ops {
		if r, ok := o.Request.(*wire.SetDataRequest); ok {
			set.paths = append(set.paths, r.Path)
		}
	}
	if len(set.paths) > 1 {
		t.parts[f.Zxid] = set
	}
}

func (t *halfMulti) read(c *conn, q *request, f frame) frame {
	r, err := wire.DecodeDataReply(f.record)
	if err != nil {
		return f
	}
	zxid := r.Stat.Mzxid
	multi, ok := t.parts[zxid]
	other := t.seen == zxid
	t.seen = 0
	if !ok || multi.session == c.session || !slices.Contains(multi.paths, q.path()) {
		return f
	}
	if old, ok := c.proxy.before(q.path(), zxid); other && ok && old.isJustBefore(r.Stat) && !q.record.(*wire.ReadRequest).Watch && c.proxy.corrupts() {
		f.record = old.record
		return f
	}
	t.seen = zxid
	return f
}

// ephemeralKept shows ephemeral znodes although their session has ended.
type ephemeralKept struct {
	unchanged
	closed map[int64]bool // sessions
}

func (t ephemeralKept) toClient(c *conn, q *request, f frame) []frame {
	if q.asks(wire.CloseSession) && f.Err == wire.OK {
		t.closed[c.session] = true
	}
	if !q.asks(wire.Exists) || f.Err != wire.NoNode || q.record.(*wire.ReadRequest).Watch {
		return []frame{f}
	}
	old, ok := c.proxy.found[q.path()]
	if !ok {
		return []frame{f}
	}
	s, err := wire.DecodeStat(old.record)
	if err == nil && s.EphemeralOwner != 0 && t.closed[s.EphemeralOwner] && c.proxy.corrupts() {
		f.Err, f.record = wire.OK, old.record
	}
	return []frame{f}
}

// ephemeralGone hides ephemerals of sessions that delete nothing, so that only the end of the session
// could remove them. It hides none that a multi made, since that would look like half a multi. A client
// that watches such a znode sees that it is gone without an event, which property "watch-before-data"
// also finds.
type ephemeralGone struct {
	unchanged
	deletes map[int64]bool // sessions
	shown   map[shownTo]bool
	parts   map[string]bool // paths that multis were meant to create
}

func newEphemeralGone() ephemeralGone {
	return ephemeralGone{deletes: map[int64]bool{}, shown: map[shownTo]bool{}, parts: map[string]bool{}}
}

// shownTo holds what a session has seen.
type shownTo struct {
	session int64
	path    string
}

func (t ephemeralGone) toServer(c *conn, q *request) []*request {
	ops, _ := q.record.([]wire.MultiOp)
	isDelete := func(o wire.MultiOp) bool { return o.Op == wire.Delete }
	if q.asks(wire.Delete) || slices.ContainsFunc(ops, isDelete) {
		t.deletes[c.session] = true
	}
	for _, o := range ops {
		if r, ok := o.Request.(*wire.CreateRequest); ok {
			t.parts[r.Path] = true
		}
	}
	return []*request{q}
}

func (t ephemeralGone) toClient(c *conn, q *request, f frame) []frame {
	if !q.asks(wire.Exists) || f.Err != wire.OK || q.record.(*wire.ReadRequest).Watch {
		return []frame{f}
	}
	if s, err := wire.DecodeStat(f.record); err == nil && s.EphemeralOwner != 0 && !t.deletes[s.EphemeralOwner] && !t.parts[q.path()] {
		see := shownTo{c.session, q.path()}
		if t.shown[see] && c.proxy.corrupts() {
			f.Err, f.record = wire.NoNode, nil
		}
		t.shown[see] = true
	}
	return []frame{f}
}

// nameTwice answers a sequential create with the last name under the same parent again, although the
// servers made another znode. If the record has the servers' transactions, property "durable" finds
// that they did not do what they acknowledged. Otherwise property "names" finds it, and the client that
// created the znode sees another znode's content in its reads ("own-writes", "fenced", "single-image",
// "durable").
type nameTwice struct {
	unchanged
	last map[string]string // by the path that was asked for
}

func (t nameTwice) toClient(c *conn, q *request, f frame) []frame {
	if q == nil || q.Op.Kind() != wire.Create || f.Err != wire.OK {
		return []frame{f}
	}
	r, ok := q.record.(*wire.CreateRequest)
	reply, err := wire.DecodeCreateReply(q.Op, f.record)
	if !ok || err != nil || reply.Path == r.Path {
		return []frame{f}
	}
	last := t.last[r.Path]
	t.last[r.Path] = reply.Path
	if last == "" || !c.proxy.corrupts() {
		return []frame{f}
	}
	reply.Path = last
	f.record = wire.AppendCreateReply(nil, q.Op, reply)
	return []frame{f}
}

// reordered holds a write back until the next request. If that is also a write, it overtakes the first
// one.
type reordered struct {
	unchanged
	kept *request // held back on its way to the server
}

func (t *reordered) toServer(c *conn, q *request) []*request {
	_, isWrite := q.record.(*wire.SetDataRequest)
	if kept := t.kept; kept != nil {
		t.kept = nil
		if isWrite {
			c.proxy.done++
			return []*request{q, kept}
		}
		return []*request{kept, q}
	}
	if !isWrite {
		return []*request{q}
	}
	c.proxy.chances++
	if c.proxy.chances%c.proxy.every != 0 {
		return []*request{q}
	}
	t.kept = q
	c.later(q, func() bool { return t.claim(q) })
	return nil
}

// claim reports whether a request is still held back. If so, it releases the request.
func (t *reordered) claim(q *request) bool {
	if t.kept != q {
		return false
	}
	t.kept = nil
	return true
}

// staleSync holds back the answer to a sync if a read comes next. If the znode has changed exactly once
// since the session saw it, both answers show the state before the change.
type staleSync struct {
	unchanged
	held heldBack
}

func (t *staleSync) toClient(c *conn, q *request, f frame) []frame {
	if len(t.held) == 0 {
		if q.asks(wire.Sync) && f.Err == wire.OK && len(c.pending) > 0 && c.pending[0].asks(wire.GetData) && !c.pending[0].record.(*wire.ReadRequest).Watch {
			t.held = heldBack{f}
			return nil
		}
		return []frame{f}
	}
	both := append(t.held.release(), f)
	if !q.asks(wire.GetData) || f.Err != wire.OK {
		return both
	}
	r, err := wire.DecodeDataReply(f.record)
	if err != nil {
		return both
	}
	seen := c.proxy.seen[c.session]
	old, ok := c.proxy.before(q.path(), r.Stat.Mzxid)
	if ok && old.isJustBefore(r.Stat) && seen < r.Stat.Mzxid && seen >= old.stat.Mzxid && c.proxy.corrupts() {
		both[0].Zxid, both[1].Zxid, both[1].record = seen, seen, old.record
	}
	return both
}
