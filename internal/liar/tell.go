package liar

import (
	"slices"

	"github.com/zklab/zklab/internal/wire"
)

// teller tells one kind of lie. Its methods are called with Liar.mu held, with the
// frames of one connection in their order.
type teller interface {
	// says gives what is sent to the server for a request.
	says(c *conn, q *question) []*question
	// hears gives what the client gets for a frame of the server; q is the request
	// that it answers, nil for an event.
	hears(c *conn, q *question, f frame) []frame
}

// honest passes everything on.
type honest struct{}

func (honest) says(_ *conn, q *question) []*question       { return []*question{q} }
func (honest) hears(_ *conn, _ *question, f frame) []frame { return []frame{f} }

// release gives what is held back for the client.
func (c *conn) release() []frame {
	held := c.held
	c.held, c.passed = nil, 0
	return held
}

type eventLate struct{ honest }

// hears holds an event back until a read of its znode has shown the change, or for
// lack of one some replies have passed. Those behind it wait, too: their order is true.
func (eventLate) hears(c *conn, q *question, f frame) []frame {
	const enough = 30
	if e, ok := f.event(); ok {
		if len(c.held) > 0 || e.Type > 0 && c.l.lies() {
			c.held = append(c.held, f)
			return nil
		}
		return []frame{f}
	}
	if len(c.held) == 0 || q == nil {
		return []frame{f}
	}
	c.passed++
	e, _ := c.held[0].event()
	if q.path() == e.Path && f.Zxid >= c.held[0].Zxid || c.passed == enough {
		return append([]frame{f}, c.release()...)
	}
	return []frame{f}
}

type eventTwice struct{ honest }

func (eventTwice) hears(c *conn, _ *question, f frame) []frame {
	if _, ok := f.event(); ok && c.l.lies() {
		return []frame{f, f}
	}
	return []frame{f}
}

type eventsSwapped struct{ honest }

// hears lets an event wait for the next frame, to see whether that is another one.
func (eventsSwapped) hears(c *conn, _ *question, f frame) []frame {
	_, isEvent := f.event()
	switch {
	case isEvent && len(c.held) == 0:
		c.held = []frame{f}
		return nil
	case isEvent && f.Zxid > c.held[0].Zxid && c.held[0].Zxid > 0 && c.l.lies():
		return append([]frame{f}, c.release()...)
	}
	return append(c.release(), f)
}

type readBehind struct{ honest }

func (readBehind) hears(c *conn, q *question, f frame) []frame {
	if !q.asks(wire.GetData) || f.Err != wire.OK || !c.resumed || c.lied || q.request.(*wire.ReadRequest).Watch {
		return []frame{f}
	}
	r, err := wire.DecodeDataReply(f.record)
	if err != nil {
		return []frame{f}
	}
	old, ok := c.l.before(q.path(), r.Stat.Mzxid)
	if !ok || old.Zxid >= c.l.seen[c.session] || !c.l.lies() {
		return []frame{f}
	}
	c.lied = true
	f.Zxid, f.record = old.Zxid, old.record
	return []frame{f}
}

// lostWrite does not do the writes to one znode.
type lostWrite struct{ path string }

// says sends a request that changes nothing, and that has a transaction.
func (t *lostWrite) says(c *conn, q *question) []*question {
	r, ok := q.request.(*wire.SetDataRequest)
	if !ok || r.Version != -1 {
		return []*question{q}
	}
	if _, known := c.l.stats[r.Path]; !known {
		return []*question{q}
	}
	switch {
	case t.path == r.Path:
		c.l.told++
	case t.path == "" && c.l.lies():
		t.path = r.Path
	default:
		return []*question{q}
	}
	q.lie = true
	check := []wire.MultiOp{{Op: wire.Check, Request: &wire.VersionRequest{Path: r.Path, Version: -1}}}
	q.body = wire.AppendMultiRequest(wire.RequestHeader{Xid: q.Xid, Op: wire.Multi}.Append(nil), check)
	return []*question{q}
}

func (t *lostWrite) hears(c *conn, q *question, f frame) []frame {
	if q == nil || !q.lie || f.Err != wire.OK {
		return []frame{f}
	}
	r := q.request.(*wire.SetDataRequest)
	if code, _ := wire.MultiResult(f.record); code != wire.OK {
		f.Err, f.record = code, nil
		return []frame{f}
	}
	s := c.l.stats[r.Path]
	s.Version++
	s.Mzxid, s.DataLength = f.Zxid, int32(len(r.Data))
	c.l.stats[r.Path] = s
	f.record = s.Append(nil)
	return []frame{f}
}

// halfMulti shows a multi in one znode, and not in the next.
type halfMulti struct {
	honest
	parts map[int64][]string // what was set by multis, by zxid
}

func (t *halfMulti) hears(c *conn, q *question, f frame) []frame {
	switch {
	case q.asks(wire.Multi):
		t.note(q, f)
	case q.asks(wire.GetData) && f.Err == wire.OK:
		return []frame{t.read(c, q, f)}
	}
	return []frame{f}
}

// note remembers what a multi set.
func (t *halfMulti) note(q *question, f frame) {
	const many = 1000
	ops, _ := q.request.([]wire.MultiOp)
	if code, ok := wire.MultiResult(f.record); f.Err != wire.OK || !ok || code != wire.OK {
		return
	}
	if len(t.parts) == many {
		clear(t.parts)
	}
	var paths []string
	for _, o := range ops {
		if r, ok := o.Request.(*wire.SetDataRequest); ok {
			paths = append(paths, r.Path)
		}
	}
	if len(paths) > 1 {
		t.parts[f.Zxid] = paths
	}
}

func (t *halfMulti) read(c *conn, q *question, f frame) frame {
	r, err := wire.DecodeDataReply(f.record)
	if err != nil {
		return f
	}
	if c.half == q.path() {
		c.half = ""
		old, ok := c.l.before(q.path(), r.Stat.Mzxid)
		if _, multi := t.parts[r.Stat.Mzxid]; ok && multi && !q.request.(*wire.ReadRequest).Watch && c.l.lies() {
			f.record = old.record
		}
		return f
	}
	c.half = ""
	for _, p := range t.parts[r.Stat.Mzxid] {
		if p != q.path() {
			c.half = p
		}
	}
	return f
}

// ephemeralKept shows ephemerals as they were.
type ephemeralKept struct {
	honest
	closed map[int64]bool // sessions
}

func (t ephemeralKept) hears(c *conn, q *question, f frame) []frame {
	if q.asks(wire.CloseSession) && f.Err == wire.OK {
		t.closed[c.session] = true
	}
	if !q.asks(wire.Exists) || f.Err != wire.NoNode || q.request.(*wire.ReadRequest).Watch {
		return []frame{f}
	}
	old, ok := c.l.found[q.path()]
	if !ok {
		return []frame{f}
	}
	s, err := wire.DecodeStat(old.record)
	if err == nil && s.EphemeralOwner != 0 && t.closed[s.EphemeralOwner] && c.l.lies() {
		f.Err, f.record = wire.OK, old.record
	}
	return []frame{f}
}

// ephemeralGone hides ephemerals of sessions that delete nothing: only their end
// could take those away.
type ephemeralGone struct {
	deletes map[int64]bool // sessions
	shown   map[sight]bool
}

// sight is what a session has seen.
type sight struct {
	session int64
	path    string
}

func (t ephemeralGone) says(c *conn, q *question) []*question {
	ops, _ := q.request.([]wire.MultiOp)
	isDelete := func(o wire.MultiOp) bool { return o.Op == wire.Delete }
	if q.asks(wire.Delete) || slices.ContainsFunc(ops, isDelete) {
		t.deletes[c.session] = true
	}
	return []*question{q}
}

func (t ephemeralGone) hears(c *conn, q *question, f frame) []frame {
	if !q.asks(wire.Exists) || f.Err != wire.OK || q.request.(*wire.ReadRequest).Watch {
		return []frame{f}
	}
	if s, err := wire.DecodeStat(f.record); err == nil && s.EphemeralOwner != 0 && !t.deletes[s.EphemeralOwner] {
		see := sight{c.session, q.path()}
		if t.shown[see] && c.l.lies() {
			f.Err, f.record = wire.NoNode, nil
		}
		t.shown[see] = true
	}
	return []frame{f}
}

// nameTwice gives the name again that was given last under the same parent.
type nameTwice struct {
	honest
	last map[string]string // by the path that was asked for
}

func (t nameTwice) hears(c *conn, q *question, f frame) []frame {
	if q == nil || q.Op.Kind() != wire.Create || f.Err != wire.OK {
		return []frame{f}
	}
	r, ok := q.request.(*wire.CreateRequest)
	reply, err := wire.DecodeCreateReply(q.Op, f.record)
	if !ok || err != nil || reply.Path == r.Path {
		return []frame{f}
	}
	last := t.last[r.Path]
	t.last[r.Path] = reply.Path
	if last == "" || !c.l.lies() {
		return []frame{f}
	}
	reply.Path = last
	f.record = wire.AppendCreateReply(nil, q.Op, reply)
	return []frame{f}
}

type reordered struct{ honest }

// says lets a write wait for the next one, which then overtakes it.
func (reordered) says(c *conn, q *question) []*question {
	_, isWrite := q.request.(*wire.SetDataRequest)
	if kept := c.kept; kept != nil {
		c.kept = nil
		if isWrite {
			c.l.told++
			return []*question{q, kept}
		}
		return []*question{kept, q}
	}
	if !isWrite {
		return []*question{q}
	}
	c.l.chances++
	if c.l.chances%c.l.every != 0 {
		return []*question{q}
	}
	c.kept = q
	c.letGo(q)
	return nil
}

type staleSync struct{ honest }

// hears holds the answer to a sync back if a read is next. If the znode has changed
// once since what the session has seen, both are answered as of before.
func (staleSync) hears(c *conn, q *question, f frame) []frame {
	if len(c.held) == 0 {
		if q.asks(wire.Sync) && f.Err == wire.OK && len(c.asked) > 0 && c.asked[0].asks(wire.GetData) && !c.asked[0].request.(*wire.ReadRequest).Watch {
			c.held = []frame{f}
			return nil
		}
		return []frame{f}
	}
	both := append(c.release(), f)
	if !q.asks(wire.GetData) || f.Err != wire.OK {
		return both
	}
	r, err := wire.DecodeDataReply(f.record)
	if err != nil {
		return both
	}
	seen := c.l.seen[c.session]
	old, ok := c.l.before(q.path(), r.Stat.Mzxid)
	once := ok && old.stat.Czxid == r.Stat.Czxid && old.stat.Version+1 == r.Stat.Version
	if once && seen < r.Stat.Mzxid && seen >= old.stat.Mzxid && c.l.lies() {
		both[0].Zxid, both[1].Zxid, both[1].record = seen, seen, old.record
	}
	return both
}
