package embedded_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/zk/wire"
)

// check compares what clients saw with the transactions, which it replays on its own model.
type check struct {
	calls   []*seenCall
	txns    []history.Txn
	silent  bool // see kindOfFault
	problem func(format string, args ...any)

	model    *model
	writes   map[writeKey]*seenCall
	reads    map[int64][]*seenCall // by the zxid of the state that answered
	fresh    []int64               // those zxids that begin an epoch
	acked    []ack
	sessions map[int64]sessionLife
	lastCxid map[int64]int32
	past     map[string][]past
	epoch    int64
	began    time.Time // the epoch did not begin before this
	changes  []seenEvent

	staleSyncs int
}

type writeKey struct {
	session int64
	xid     int32
}

// ack is the highest zxid of a write that was answered by a moment.
type ack struct {
	moment
	zxid int64
}

type sessionLife struct {
	created time.Time
	timeout time.Duration
}

func newCheck(calls []*seenCall, txns []history.Txn) *check {
	return &check{
		calls: calls, txns: txns,
		model: newModel(), writes: map[writeKey]*seenCall{}, reads: map[int64][]*seenCall{},
		sessions: map[int64]sessionLife{}, lastCxid: map[int64]int32{}, past: map[string][]past{},
	}
}

func isWrite(op wire.Op) bool {
	switch op {
	case wire.Create, wire.Create2, wire.CreateContainer, wire.CreateTTL, wire.Delete, wire.SetData, wire.Multi, wire.CloseSession:
		return true
	}
	return false
}

func (k *check) run() {
	k.sort()
	for i := range k.txns {
		k.serveEpochs(int64(k.txns[i].Zxid) >> 32)
		k.replay(&k.txns[i])
		k.serve(int64(k.txns[i].Zxid))
	}
	k.serveEpochs(math.MaxInt64)
	for zxid, calls := range k.reads {
		k.problem("a state at %#x, which no transaction has: %v", zxid, calls[0])
	}
	for _, c := range k.calls {
		k.real(c)
	}
	k.order()
	k.watches()
}

// serveEpochs checks reads from leaders of epochs up to this one before they committed anything: these
// show the beginning of the epoch as their zxid.
func (k *check) serveEpochs(epoch int64) {
	for len(k.fresh) > 0 && k.fresh[0]>>32 <= epoch {
		k.serve(k.fresh[0])
		k.fresh = k.fresh[1:]
	}
}

func (k *check) sort() {
	for _, c := range k.calls {
		switch {
		case isWrite(c.op):
			k.writes[writeKey{c.conn.session.id, c.xid}] = c
			if c.got.seq != 0 {
				k.acked = append(k.acked, ack{c.got, c.zxid})
			}
		case c.got.seq != 0:
			k.reads[c.zxid] = append(k.reads[c.zxid], c)
		}
	}
	slices.SortFunc(k.acked, func(a, b ack) int { return cmp.Compare(a.seq, b.seq) })
	for zxid := range k.reads {
		if zxid&math.MaxUint32 == 0 {
			k.fresh = append(k.fresh, zxid)
		}
	}
	slices.Sort(k.fresh)
	for i := 1; i < len(k.acked); i++ {
		k.acked[i].zxid = max(k.acked[i].zxid, k.acked[i-1].zxid)
	}
}

// ackedBefore returns the highest zxid of a write that was answered before a moment.
func (k *check) ackedBefore(m moment) int64 {
	return k.ackedUntil(func(a ack) bool { return a.seq > m.seq })
}

func (k *check) ackedBy(t time.Time) int64 {
	return k.ackedUntil(func(a ack) bool { return !a.at.Before(t) })
}

func (k *check) ackedUntil(later func(ack) bool) int64 {
	i := sort.Search(len(k.acked), func(i int) bool { return later(k.acked[i]) })
	if i == 0 {
		return 0
	}
	return k.acked[i-1].zxid
}

// replay performs a transaction, which must be what the model makes of the request.
func (k *check) replay(t *history.Txn) {
	zxid := int64(t.Zxid)
	if e := zxid >> 32; e != k.epoch {
		k.epoch = e
		if i := k.indexOf(t); i > 0 {
			k.began = k.txns[i-1].Wall
		}
	}
	k.model.events = nil
	var err error
	switch {
	case t.Type == "createSession":
		err = k.createSession(t)
	case t.Type == "closeSession" && t.Cxid == 0:
		err = k.expire(t)
	case t.Session == 0:
		err = k.sweep(t)
	default:
		err = k.write(t)
	}
	if err != nil {
		k.problem("transaction %#x %+v: %v", zxid, t, err)
	}
	k.remember(zxid)
	for _, c := range k.model.events {
		k.changes = append(k.changes, seenEvent{c, zxid})
	}
}

func (k *check) indexOf(t *history.Txn) int {
	return sort.Search(len(k.txns), func(i int) bool { return k.txns[i].Zxid >= t.Zxid })
}

func (k *check) createSession(t *history.Txn) error {
	id := int64(t.Session)
	if _, ok := k.sessions[id]; ok {
		return fmt.Errorf("session %#x begins twice", id)
	}
	k.sessions[id] = sessionLife{t.Wall, t.Timeout}
	k.model.sessions[id] = true
	return nil
}

// expire judges the end of a session that its client did not close. A session lives for its whole
// timeout, which begins again after a change of the leader.
func (k *check) expire(t *history.Txn) error {
	id := int64(t.Session)
	s := k.sessions[id]
	from := s.created
	if k.began.After(from) {
		from = k.began
	}
	if lived := t.Wall.Sub(from) + time.Millisecond; lived < s.timeout {
		return fmt.Errorf("session %#x with a timeout of %v ended %v after its begin or that of the epoch", id, s.timeout, lived)
	}
	return k.model.end(id, int64(t.Zxid), t.Paths)
}

func (k *check) sweep(t *history.Txn) error {
	switch {
	case t.Error != 0:
		return nil // two leaders decided to delete the znode
	case t.Type != "deleteContainer":
		return fmt.Errorf("nobody asked for it")
	case !k.due(t):
		return fmt.Errorf("its time had not come: %+v", k.model.nodes[t.Path])
	case k.model.nodes[t.Path] == nil || len(k.model.nodes[t.Path].children) > 0:
		return fmt.Errorf("it cannot be deleted: %+v", k.model.nodes[t.Path])
	}
	k.model.undo = k.model.undo[:0]
	k.model.delete(t.Path, int64(t.Zxid))
	return nil
}

// due reports whether a leader could consider a znode due for deletion: the leader looks at committed
// transactions, which include all acknowledged ones but may lack those in progress.
func (k *check) due(t *history.Txn) bool {
	least := k.ackedBy(t.Wall)
	for _, p := range slices.Backward(k.past[t.Path]) {
		if p.due(t.Wall.UnixMilli()) {
			return true
		}
		if p.zxid <= least {
			break
		}
	}
	return false
}

// remember records what due needs.
func (k *check) remember(zxid int64) {
	for _, c := range k.model.events {
		k.past[c.path] = append(k.past[c.path], past{zxid, k.model.sweepable(c.path)})
	}
}

// past is the state of a znode from zxid on.
type past struct {
	zxid int64
	sweepable
}

// write judges the transaction of a client's request.
func (k *check) write(t *history.Txn) error {
	zxid, session := int64(t.Zxid), int64(t.Session)
	c := k.writes[writeKey{session, t.Cxid}]
	switch {
	case c == nil:
		return fmt.Errorf("nobody asked for it")
	case c.txn != 0:
		return fmt.Errorf("it was done before, at %#x: %v", c.txn, c)
	case zxid <= k.ackedBefore(c.sent):
		return fmt.Errorf("when it was asked for %#x was acknowledged: %v", k.ackedBefore(c.sent), c)
	}
	c.txn = zxid
	if code := refusal(t); code != wire.OK {
		return k.replied(c, code, wire.OpResult{}, nil)
	}
	switch {
	case c.op == wire.CloseSession && !k.model.sessions[session] && len(t.Paths) == 0:
		return k.replied(c, wire.OK, wire.OpResult{}, nil) // the leader had already ended the session
	case !k.model.sessions[session]:
		return fmt.Errorf("its session is closed: %v", c)
	case t.Cxid < k.lastCxid[session] && c.op != wire.CloseSession: // servers do not check whether its session has moved
		return fmt.Errorf("request %d of the session came before it: %v", k.lastCxid[session], c)
	}
	k.lastCxid[session] = max(k.lastCxid[session], t.Cxid)
	if c.op == wire.CloseSession {
		if err := k.model.end(session, zxid, t.Paths); err != nil {
			return err
		}
		return k.replied(c, wire.OK, wire.OpResult{}, nil)
	}
	one, many, code := k.model.do(asked{c.op, c.req, session, zxid, t.Wall.UnixMilli()})
	if err := k.recorded(t, c, one, many, code); err != nil {
		return err
	}
	return k.replied(c, code, one, many)
}

// refusal returns the code with which a session's request had to be refused, whatever the request was.
func refusal(t *history.Txn) wire.Code {
	code := wire.Code(t.Error)
	if len(t.Parts) > 0 {
		code = wire.Code(t.Parts[0].Error)
	}
	if code == wire.SessionExpired || code == wire.SessionMoved {
		return code
	}
	return wire.OK
}

// recorded compares a transaction with what the model made of the request.
func (k *check) recorded(t *history.Txn, c *seenCall, one wire.OpResult, many []wire.OpResult, code wire.Code) error {
	if wire.Code(t.Error) != code {
		return fmt.Errorf("it should end in %v: %v", code, c)
	}
	if code != wire.OK {
		return nil
	}
	if ops, ok := c.req.([]wire.MultiOp); ok {
		for i, o := range ops {
			p := t.Parts[i]
			if wire.Code(p.Error) != many[i].Err {
				return fmt.Errorf("operation %d should end in %v: %v", i, many[i].Err, c)
			}
			if many[i].Op != wire.ErrorOp && !recordedOne(&p, o.Request, many[i], int64(t.Session)) {
				return fmt.Errorf("operation %d is not what was asked for: %v", i, c)
			}
		}
		return nil
	}
	if !recordedOne(t, c.req, one, int64(t.Session)) {
		return fmt.Errorf("it is not what was asked for: %v", c)
	}
	return nil
}

func recordedOne(t *history.Txn, req any, r wire.OpResult, session int64) bool {
	switch q := req.(type) {
	case *wire.CreateRequest:
		owner := int64(t.Owner)
		return t.Path == r.Path && string(t.Data) == string(q.Data) && t.TTL == q.TTL &&
			owner == map[bool]int64{true: session}[q.Mode == wire.Ephemeral || q.Mode == wire.EphemeralSequential]
	case *wire.SetDataRequest:
		return t.Path == q.Path && string(t.Data) == string(q.Data) && t.Version == r.Stat.Version
	case *wire.VersionRequest:
		return t.Path == q.Path
	}
	return false
}

// replied compares the reply, if there was one, with the outcome of the request.
func (k *check) replied(c *seenCall, code wire.Code, one wire.OpResult, many []wire.OpResult) error {
	switch {
	case c.got.seq == 0:
		return nil
	case c.code != code:
		return fmt.Errorf("it ended in %v: %v", code, c)
	case c.zxid != c.txn:
		return fmt.Errorf("the reply has another zxid: %v", c)
	case code != wire.OK:
		return nil
	}
	switch r := c.result.(type) {
	case wire.CreateReply:
		if r.Path != one.Path || c.op != wire.Create && r.Stat != one.Stat {
			return fmt.Errorf("it made %s, %+v: %v", one.Path, one.Stat, c)
		}
	case wire.Stat:
		if r != one.Stat {
			return fmt.Errorf("it left %+v: %v", one.Stat, c)
		}
	case []wire.OpResult:
		return sameResults(many, r)
	}
	return nil
}

func sameResults(want, got []wire.OpResult) error {
	if len(want) != len(got) {
		return fmt.Errorf("%d results to %d operations", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		switch w.Op {
		case wire.Create:
			w.Stat = g.Stat // the reply has none
		case wire.CreateContainer, wire.CreateTTL:
			w.Op = wire.Create2 // as the reply says
		}
		if w.Op != g.Op || w.Err != g.Err || w.Path != g.Path || w.Stat != g.Stat {
			return fmt.Errorf("operation %d came to %+v, the reply has %+v", i, w, g)
		}
	}
	return nil
}

// serve checks what was read from the state at zxid.
func (k *check) serve(zxid int64) {
	for _, c := range k.reads[zxid] {
		if c.code == wire.SessionExpired {
			continue // a leader knows earlier than the others that a session ends
		}
		switch r := c.req.(type) {
		case *wire.ReadRequest:
			if err := k.model.agrees(c.op, c.req, c.result, c.code); err != nil {
				k.problem("%v: %v", c, err)
			}
		case *wire.SetWatchesRequest:
			events, left := k.model.rearm(r)
			c.events, c.again = events, &left
		case *wire.PathRequest:
			k.sync(c)
		}
	}
	delete(k.reads, zxid)
}

// sync judges a sync: it brings the server up to what was acknowledged before. A deposed leader that
// does not know it yet also answers: "sync is not currently a quorum operation" (ZOOKEEPER-2136).
func (k *check) sync(c *seenCall) {
	acked := k.ackedBefore(c.sent)
	switch {
	case c.zxid >= acked:
	case k.silent && c.zxid>>32 < acked>>32:
		k.staleSyncs++
	default:
		k.problem("%v: when it was sent %#x was acknowledged", c, acked)
	}
}

// real finds acknowledgements of writes that never happened.
func (k *check) real(c *seenCall) {
	if isWrite(c.op) && c.got.seq != 0 && c.txn == 0 {
		k.problem("it was answered, and there is no transaction: %v", c)
	}
}

// order checks the zxids that each session saw: they never decrease.
func (k *check) order() {
	last := map[*actor]*seenCall{}
	for _, c := range k.calls {
		if c.got.seq == 0 {
			continue
		}
		if before := last[c.actor]; before != nil && c.zxid < before.zxid {
			k.problem("back in time: %v after %v", c, before)
		}
		last[c.actor] = c
	}
}

func (k *check) watches() {
	w := watchCheck{all: k.changes}
	seen := map[*seenConn]bool{}
	for _, c := range k.calls {
		if seen[c.conn] {
			continue
		}
		seen[c.conn] = true
		if err := w.conn(c.conn); err != nil {
			k.problem("%v", err)
		}
	}
}
