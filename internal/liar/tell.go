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

// alone makes tellers that know their own connection only.
func alone[T any, P interface {
	*T
	teller
}]() func() teller {
	return func() teller { return P(new(T)) }
}

// among makes one teller for all connections of a Liar.
func among[T teller](one func() T) func() func() teller {
	return func() func() teller {
		t := one()
		return func() teller { return t }
	}
}

// heldBack are frames that wait on their way to the client.
type heldBack []frame

func (held *heldBack) release() []frame {
	all := *held
	*held = nil
	return all
}

// eventLate holds an event back until a read of its znode has shown the change, or
// for lack of one some replies have passed. Those behind it wait, too: their order
// is true. It tells the truth after all where the client sets the next watch: the
// late event would be taken for that one's, and the next one for an event too many.
type eventLate struct {
	honest
	held   heldBack
	passed int // replies since then
}

func (t *eventLate) hears(c *conn, q *question, f frame) []frame {
	const enough = 30
	if e, ok := f.event(); ok {
		if len(t.held) > 0 || e.Type > 0 && c.l.lies() {
			t.held = append(t.held, f)
			return nil
		}
		return []frame{f}
	}
	if len(t.held) == 0 || q == nil {
		return []frame{f}
	}
	if r, ok := q.request.(*wire.ReadRequest); ok && r.Watch && t.holds(r.Path) {
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

type eventTwice struct{ honest }

func (eventTwice) hears(c *conn, _ *question, f frame) []frame {
	if _, ok := f.event(); ok && c.l.lies() {
		return []frame{f, f}
	}
	return []frame{f}
}

// eventsSwapped lets an event wait for the next frame, to see whether that is
// another one.
type eventsSwapped struct {
	honest
	held heldBack
}

func (t *eventsSwapped) hears(c *conn, _ *question, f frame) []frame {
	_, isEvent := f.event()
	switch {
	case isEvent && len(t.held) == 0:
		t.held = heldBack{f}
		return nil
	case isEvent && f.Zxid > t.held[0].Zxid && t.held[0].Zxid > 0 && c.l.lies():
		return append([]frame{f}, t.held.release()...)
	}
	return append(t.held.release(), f)
}

// readBehind lies once on a connection: from then on the session has seen less.
type readBehind struct {
	honest
	lied bool
}

func (t *readBehind) hears(c *conn, q *question, f frame) []frame {
	if !q.asks(wire.GetData) || f.Err != wire.OK || !c.resumed || t.lied || q.request.(*wire.ReadRequest).Watch {
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
	t.lied = true
	f.Zxid, f.record = old.Zxid, old.record
	return []frame{f}
}

// lostWrite does not do the writes to one znode. Of a record that does not tell what
// the servers did, it follows that nobody sees these writes: neither who made them
// (property "own-writes") nor others ("fenced", "single-image").
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

// halfMulti shows a multi of somebody else in one znode, and in the next one what was
// there before it. (Of a multi of its own a session would not see what it wrote, and
// of an older state it would miss more than half a multi.)
type halfMulti struct {
	honest
	parts map[int64]setTogether // by zxid, for all connections
	seen  int64                 // zxid of the multi that the last reply showed
}

// setTogether is what a multi set.
type setTogether struct {
	session int64
	paths   []string
}

func newHalfMulti() func() teller {
	parts := map[int64]setTogether{}
	return func() teller { return &halfMulti{parts: parts} }
}

func (t *halfMulti) hears(c *conn, q *question, f frame) []frame {
	switch {
	case q.asks(wire.Multi):
		t.note(c, q, f)
	case q.asks(wire.GetData) && f.Err == wire.OK:
		return []frame{t.read(c, q, f)}
	}
	return []frame{f}
}

// note remembers what a multi set.
func (t *halfMulti) note(c *conn, q *question, f frame) {
	const many = 1000
	ops, _ := q.request.([]wire.MultiOp)
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

func (t *halfMulti) read(c *conn, q *question, f frame) frame {
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
	if old, ok := c.l.before(q.path(), zxid); other && ok && old.isJustBefore(r.Stat) && !q.request.(*wire.ReadRequest).Watch && c.l.lies() {
		f.record = old.record
		return f
	}
	t.seen = zxid
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
// could take those away. None that a multi made: then that would be half a multi.
// Whoever watches one sees it gone without an event: property "watch-before-data"
// finds that, too.
type ephemeralGone struct {
	deletes map[int64]bool // sessions
	shown   map[sight]bool
	parts   map[string]bool // paths that multis were to make
}

func newEphemeralGone() ephemeralGone {
	return ephemeralGone{deletes: map[int64]bool{}, shown: map[sight]bool{}, parts: map[string]bool{}}
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
	for _, o := range ops {
		if r, ok := o.Request.(*wire.CreateRequest); ok {
			t.parts[r.Path] = true
		}
	}
	return []*question{q}
}

func (t ephemeralGone) hears(c *conn, q *question, f frame) []frame {
	if !q.asks(wire.Exists) || f.Err != wire.OK || q.request.(*wire.ReadRequest).Watch {
		return []frame{f}
	}
	if s, err := wire.DecodeStat(f.record); err == nil && s.EphemeralOwner != 0 && !t.deletes[s.EphemeralOwner] && !t.parts[q.path()] {
		see := sight{c.session, q.path()}
		if t.shown[see] && c.l.lies() {
			f.Err, f.record = wire.NoNode, nil
		}
		t.shown[see] = true
	}
	return []frame{f}
}

// nameTwice gives the name again that was given last under the same parent. The servers
// made another znode: where that is known, property "durable" finds that what was
// acknowledged is not what was done; where it is not, property "names" does, and what
// reads show of the old znode is not what its new maker should see ("own-writes",
// "fenced", "single-image", "durable").
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

// reordered lets a write wait for the next request: another write overtakes it.
type reordered struct {
	honest
	kept *question // held back on its way to the server
}

func (t *reordered) says(c *conn, q *question) []*question {
	_, isWrite := q.request.(*wire.SetDataRequest)
	if kept := t.kept; kept != nil {
		t.kept = nil
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
	t.kept = q
	c.later(q, func() bool { return t.claim(q) })
	return nil
}

// claim says whether a request still is held back, and takes it.
func (t *reordered) claim(q *question) bool {
	if t.kept != q {
		return false
	}
	t.kept = nil
	return true
}

// staleSync holds the answer to a sync back if a read is next. If the znode has
// changed once since what the session has seen, both are answered as of before.
type staleSync struct {
	honest
	held heldBack
}

func (t *staleSync) hears(c *conn, q *question, f frame) []frame {
	if len(t.held) == 0 {
		if q.asks(wire.Sync) && f.Err == wire.OK && len(c.asked) > 0 && c.asked[0].asks(wire.GetData) && !c.asked[0].request.(*wire.ReadRequest).Watch {
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
	seen := c.l.seen[c.session]
	old, ok := c.l.before(q.path(), r.Stat.Mzxid)
	if ok && old.isJustBefore(r.Stat) && seen < r.Stat.Mzxid && seen >= old.stat.Mzxid && c.l.lies() {
		both[0].Zxid, both[1].Zxid, both[1].record = seen, seen, old.record
	}
	return both
}
