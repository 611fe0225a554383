package promises_test

import (
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// small is a tiny ensemble: one observed session, on a server that lags, and others that
// write. It makes correct records that are small enough for the reference model. It shares
// only the tree (grow) with that model.
type small struct {
	rng    *rand.Rand
	events []history.Event
	txns   []history.Txn
	state  smallTree // of the leader
	xids   map[history.ID]int32
	asked  []smallAsk // requests that are not committed yet, in order
	acks   []smallAsk // requests that are committed, but not answered yet

	old            bool // servers before 3.9, whose events have no zxid
	server         smallTree
	pos            int // transactions that the server has applied
	data, children map[string]bool
	mute           map[history.ID]bool // sessions that no longer get answers
	waiting        []history.Request   // requests of the session, in order
	own            map[int32]int       // the transactions of its writes, from 1
	syncs          map[int32]int       // what its syncs wait for
	header         history.ID
	lagging        bool // headers of reads lag behind what they show
	known          [3]map[string]bool
}

// The sessions: one is observed, and two write. The second of these ends.
const (
	looked  history.ID = 0x200
	writer  history.ID = 0x201
	passing history.ID = 0x202
)

type smallAsk struct {
	session history.ID
	request history.Request
	txn     int
}

// smallTree has znodes by path. It is copied rather than changed.
type smallTree map[string]smallZnode

func smallZxid(i int) history.ID { return 1<<32 + history.ID(i) }

func newSmall(rng *rand.Rand) *small {
	s := &small{rng: rng, state: smallTree{}, server: smallTree{}, xids: map[history.ID]int32{}, data: map[string]bool{}, children: map[string]bool{}, own: map[int32]int{}, syncs: map[int32]int{}, mute: map[history.ID]bool{}}
	for i := range s.known {
		s.known[i] = map[string]bool{}
	}
	s.old, s.lagging = rng.IntN(4) == 0, rng.IntN(4) == 0
	for _, id := range []history.ID{writer, passing, looked} {
		s.fact(id, history.FConnected, 0, history.Connected{Server: "zk1"})
	}
	for range 8 + rng.IntN(18) {
		s.step()
	}
	return s
}

func (s *small) fact(id history.ID, f string, zxid history.ID, v any) {
	i := len(s.events)
	s.events = append(s.events, history.Event{
		Index: i, Time: time.Duration(i) * time.Millisecond, Process: history.SessionProcess, Client: int(id - looked),
		Type: history.Info, F: f, Session: id, Zxid: zxid, Value: history.Value(v),
	})
}

func (s *small) step() {
	switch n := s.rng.IntN(24); {
	case n < 5 && len(s.txns)+len(s.asked) < 6:
		s.ask([]history.ID{writer, writer, passing}[s.rng.IntN(3)], s.write())
	case n < 9:
		s.commit()
	case n < 11:
		s.acknowledge()
	case n < 15:
		s.apply()
	case n < 19 && len(s.waiting) < 3:
		q := s.request()
		s.waiting = append(s.waiting, q)
	case n == 19 && s.rng.IntN(3) == 0:
		s.reconnect()
	case n == 20 && s.rng.IntN(3) == 0 && len(s.txns) < 6:
		s.grow(history.Txn{Type: "closeSession", Session: passing})
	default:
		s.answer()
	}
}

func (s *small) ask(id history.ID, q history.Request) history.Request {
	s.xids[id]++
	q.Xid = s.xids[id]
	s.fact(id, history.FRequest, 0, q)
	if q.Op != "exists" && q.Op != "getData" && q.Op != "getChildren" && q.Op != "getChildren2" && q.Op != "setWatches" && q.Op != "sync" {
		s.asked = append(s.asked, smallAsk{session: id, request: q})
	}
	return q
}

var smallPaths = []string{"/a", "/a/b", "/a/c", "/d"}

func (s *small) write() history.Request {
	if s.rng.IntN(4) == 0 {
		return history.Request{Op: "multi", Parts: []history.Request{s.part(), s.part()}}
	}
	return s.part()
}

func (s *small) part() history.Request {
	any := int32(-1)
	p := smallPaths[s.rng.IntN(len(smallPaths))]
	data := []byte{byte('a' + s.rng.IntN(3))}
	if _, there := s.state[p]; !there && s.rng.IntN(4) > 0 {
		return history.Request{Op: "create", Path: p, Data: data, Ephemeral: p != "/a" && s.rng.IntN(2) == 0}
	}
	switch s.rng.IntN(4) {
	case 0:
		return history.Request{Op: "create", Path: p, Data: data}
	case 1:
		return history.Request{Op: "delete", Path: p, Version: &any}
	}
	return history.Request{Op: "setData", Path: p, Data: data, Version: &any}
}

// request returns a request of the observed session.
func (s *small) request() history.Request {
	switch n := s.rng.IntN(10); {
	case n == 0:
		q := s.ask(looked, history.Request{Op: "sync", Path: "/a"})
		s.syncs[q.Xid] = len(s.txns)
		return q
	case n < 3 && len(s.txns)+len(s.asked) < 6:
		return s.ask(looked, s.write())
	}
	op := []string{"exists", "getData", "getChildren", "getChildren2"}[s.rng.IntN(4)]
	return s.ask(looked, history.Request{Op: op, Path: smallPaths[s.rng.IntN(len(smallPaths))], Watch: s.rng.IntN(3) > 0})
}

// commit turns the oldest request into a transaction.
func (s *small) commit() {
	if len(s.asked) == 0 {
		return
	}
	a := s.asked[0]
	s.asked = s.asked[1:]
	x := history.Txn{Type: a.request.Op, Session: a.session, Cxid: a.request.Xid, Path: a.request.Path, Data: a.request.Data}
	if x.Type == "multi" {
		for _, q := range a.request.Parts {
			x.Parts = append(x.Parts, s.txnOf(q, a.session))
		}
	} else {
		x = s.txnOf(a.request, a.session)
		x.Session, x.Cxid = a.session, a.request.Xid
	}
	s.grow(x)
	a.txn = len(s.txns)
	if a.session == looked {
		s.own[a.request.Xid] = a.txn
		return
	}
	s.acks = append(s.acks, a)
}

func (s *small) txnOf(q history.Request, id history.ID) history.Txn {
	x := history.Txn{Type: q.Op, Path: q.Path, Data: q.Data}
	if q.Ephemeral {
		x.Owner = id
	}
	return x
}

// grow commits a transaction, with the error that results.
func (s *small) grow(x history.Txn) {
	x.Zxid = smallZxid(len(s.txns) + 1)
	next, code := s.state.after(&x)
	if code != 0 && x.Type != "multi" {
		x = history.Txn{Zxid: x.Zxid, Session: x.Session, Cxid: x.Cxid, Type: "error", Error: code}
	}
	s.state = next
	s.txns = append(s.txns, x)
}

// after returns the tree after a transaction, whose errors and numbers it sets.
func (t smallTree) after(x *history.Txn) (next smallTree, code int32) {
	if x.Type == "error" {
		return t, 0
	}
	if x.Type == "closeSession" {
		next = maps.Clone(t)
		for p, n := range t {
			if n.stat.Owner == x.Session {
				next.remove(p, x.Zxid)
			}
		}
		return next, 0
	}
	parts := x.Parts
	if x.Type != "multi" {
		parts = []history.Txn{*x}
	}
	next = maps.Clone(t)
	for i := range parts {
		if code = next.do(&parts[i], x.Zxid); code != 0 {
			break
		}
	}
	if x.Type != "multi" {
		*x = parts[0]
	}
	if code != 0 {
		failed := false
		for i := range x.Parts {
			_, c := t.tried(x.Parts[:i+1], x.Zxid)
			switch {
			case failed:
				x.Parts[i] = history.Txn{Type: "error", Error: -2}
			case c != 0:
				x.Parts[i], failed = history.Txn{Type: "error", Error: c}, true
			}
		}
		for i := range x.Parts {
			if x.Parts[i].Type != "error" {
				x.Parts[i] = history.Txn{Type: "error"}
			}
		}
		return t, code
	}
	return next, 0
}

// tried applies some operations to a copy.
func (t smallTree) tried(parts []history.Txn, z history.ID) (smallTree, int32) {
	next := maps.Clone(t)
	for _, p := range parts {
		if code := next.do(&p, z); code != 0 {
			return nil, code
		}
	}
	return next, 0
}

func (t smallTree) do(x *history.Txn, z history.ID) int32 {
	n, there := t[x.Path]
	up := path.Dir(x.Path)
	parent, ok := t[up]
	switch x.Type {
	case "create":
		switch {
		case up != "/" && !ok:
			return -101
		case ok && parent.stat.Owner != 0:
			return -108
		case there:
			return -110
		}
		t[x.Path] = smallZnode{stat: history.Stat{Czxid: z, Mzxid: z, Pzxid: z, Owner: x.Owner}, data: string(x.Data)}
		x.ParentCversion = 1
		if ok {
			parent.children = append(slices.Clone(parent.children), path.Base(x.Path))
			parent.stat.Pzxid = z
			parent.stat.NumChildren++
			parent.creates++
			x.ParentCversion = parent.creates
			t[up] = parent
		}
	case "setData":
		if !there {
			return -101
		}
		n.data = string(x.Data)
		n.stat.Version++
		n.stat.Mzxid = z
		x.Version = n.stat.Version
		t[x.Path] = n
	case "delete":
		switch {
		case !there:
			return -101
		case len(n.children) > 0:
			return -111
		}
		t.remove(x.Path, z)
	}
	return 0
}

func (t smallTree) remove(p string, z history.ID) {
	delete(t, p)
	up := path.Dir(p)
	if parent, ok := t[up]; ok {
		parent.children = slices.DeleteFunc(slices.Clone(parent.children), func(c string) bool { return c == path.Base(p) })
		parent.stat.Pzxid = z
		parent.stat.NumChildren--
		t[up] = parent
	}
}

// fires returns the events of a transaction, and the watches that are left.
func fires(before smallTree, x *history.Txn, data, children map[string]bool) (out []history.WatchEvent, d, k map[string]bool) {
	d, k = copied(data), copied(children)
	one := func(typ, p string) {
		e := history.WatchEvent{Type: map[string]string{"create": "nodeCreated", "setData": "nodeDataChanged", "delete": "nodeDeleted"}[typ], Path: p}
		if d[p] || typ == "delete" && k[p] {
			out = append(out, e)
			delete(d, p)
		}
		if typ == "delete" {
			delete(k, p)
		}
		if up := path.Dir(p); typ != "setData" && k[up] {
			out = append(out, history.WatchEvent{Type: "nodeChildrenChanged", Path: up})
			delete(k, up)
		}
	}
	switch x.Type {
	case "closeSession":
		for _, p := range slices.Sorted(maps.Keys(before)) {
			if before[p].stat.Owner == x.Session {
				one("delete", p)
			}
		}
	case "multi":
		if slices.ContainsFunc(x.Parts, func(p history.Txn) bool { return p.Type == "error" }) {
			break
		}
		for i := range x.Parts {
			one(x.Parts[i].Type, x.Parts[i].Path)
		}
	default:
		one(x.Type, x.Path)
	}
	return out, d, k
}

// acknowledge answers a writer.
func (s *small) acknowledge() {
	if len(s.acks) == 0 {
		return
	}
	a := s.acks[0]
	s.acks = s.acks[1:]
	if s.mute[a.session] = s.mute[a.session] || s.rng.IntN(8) == 0; s.mute[a.session] {
		return // its connection is stuck
	}
	s.fact(a.session, history.FReply, smallZxid(a.txn), smallAnswer(a.request, s.txns[a.txn-1], s.treeAt(a.txn)))
}

// treeAt returns the tree after n transactions.
func (s *small) treeAt(n int) smallTree { return treeAfter(s.txns[:n]) }

func treeAfter(txns []history.Txn) smallTree {
	t := smallTree{}
	for i := range txns {
		x := txns[i]
		x.Parts = slices.Clone(x.Parts)
		t, _ = t.after(&x)
	}
	return t
}

// smallAnswer returns a server's answer to a write.
func smallAnswer(q history.Request, x history.Txn, t smallTree) history.Reply {
	got := history.Reply{Xid: q.Xid, Error: x.Error}
	stat := func(p string) *history.Stat { s := t[p].stat; return &s }
	switch {
	case q.Op == "multi":
		for i, p := range x.Parts {
			part := history.Reply{Error: p.Error}
			if p.Type == "create" {
				part.Path = q.Parts[i].Path
			}
			got.Parts = append(got.Parts, part)
		}
	case x.Error != 0:
	case q.Op == "create":
		got.Path = q.Path
	case q.Op == "setData":
		got.Stat = stat(q.Path)
	}
	return got
}

// apply lets the server apply the next transaction, and answer the session's write if
// the transaction is that.
func (s *small) apply() {
	if s.pos == len(s.txns) {
		return
	}
	x := s.txns[s.pos]
	own := slices.IndexFunc(s.waiting, func(q history.Request) bool { return x.Session == looked && q.Xid == x.Cxid })
	for ; own > 0; own-- { // everything that waits before it is answered first
		if n := len(s.waiting); !s.answer() || len(s.waiting) == n {
			return
		}
	}
	before := s.server
	s.pos++
	s.server = s.treeAt(s.pos)
	var out []history.WatchEvent
	out, s.data, s.children = fires(before, &x, s.data, s.children)
	for _, e := range out {
		z := smallZxid(s.pos)
		if s.old {
			z = -1
		}
		s.fact(looked, history.FEvent, z, e)
		s.heard(e)
	}
	if own == 0 {
		s.answer()
	}
}

// answer answers the oldest request, if it can be.
func (s *small) answer() bool {
	if len(s.waiting) == 0 {
		return false
	}
	q := s.waiting[0]
	z := smallZxid(s.pos)
	var got history.Reply
	switch q.Op {
	case "sync":
		if s.pos < s.syncs[q.Xid] {
			return false
		}
	case "exists", "getData", "getChildren", "getChildren2":
		got = s.read(q)
	case "setWatches":
		s.again(q)
	default:
		if s.own[q.Xid] != s.pos || s.pos == 0 {
			return false
		}
		got = smallAnswer(q, s.txns[s.pos-1], s.server)
	}
	if s.lagging && got.Xid < 0 {
		z = max(s.header, smallZxid(0), z-history.ID(s.rng.IntN(3)))
	}
	s.waiting = s.waiting[1:]
	s.header = z
	got.Xid = q.Xid
	s.fact(looked, history.FReply, z, got)
	return true
}

func (s *small) read(q history.Request) history.Reply {
	n, ok := s.server[q.Path]
	got := smallShow(q, n, ok)
	got.Xid = -1
	switch {
	case !q.Watch || !ok && q.Op != "exists":
	case q.Op == "exists" || q.Op == "getData":
		s.data[q.Path] = true
		s.known[0][q.Path], s.known[1][q.Path] = ok, !ok
	default:
		s.children[q.Path] = true
		s.known[2][q.Path] = true
	}
	return got
}

func smallShow(q history.Request, n smallZnode, ok bool) history.Reply {
	if !ok {
		return history.Reply{Error: -101}
	}
	stat := n.stat
	got := history.Reply{Stat: &stat}
	switch q.Op {
	case "getData":
		got.Data = []byte(n.data)
	case "getChildren":
		got.Stat, got.Children = nil, n.children
	case "getChildren2":
		got.Children = n.children
	}
	return got
}

// heard updates the client's watches when an event comes.
func (s *small) heard(e history.WatchEvent) {
	switch e.Type {
	case "nodeChildrenChanged":
		delete(s.known[2], e.Path)
	case "nodeDeleted":
		delete(s.known[2], e.Path)
		fallthrough
	default:
		delete(s.known[0], e.Path)
		delete(s.known[1], e.Path)
	}
}

// reconnect brings the session to another server, which has what the client has seen.
func (s *small) reconnect() {
	seen := s.header
	s.fact(looked, history.FDisconnected, 0, nil)
	least := 0
	if seen > 0 {
		least = int(seen - smallZxid(0))
	}
	s.pos = least + s.rng.IntN(len(s.txns)-least+1)
	s.server = s.treeAt(s.pos)
	clear(s.data)
	clear(s.children)
	s.waiting = nil
	s.asked = slices.DeleteFunc(s.asked, func(a smallAsk) bool { return a.session == looked })
	s.fact(looked, history.FConnected, 0, history.Connected{Server: "zk2", Seen: seen})
	paths := func(i int) (all []string) {
		for _, p := range smallPaths {
			if s.known[i][p] {
				all = append(all, p)
			}
		}
		return all
	}
	q := history.Request{Op: "setWatches", Since: seen, DataWatches: paths(0), ExistWatches: paths(1), ChildWatches: paths(2)}
	if len(q.DataWatches)+len(q.ExistWatches)+len(q.ChildWatches) > 0 {
		s.waiting = append(s.waiting, s.ask(looked, q))
	}
}

// again sets watches again, or reports at once what happened to the znodes that they
// watch.
func (s *small) again(q history.Request) {
	var out []history.WatchEvent
	out, s.data, s.children = setAgain(q, s.server, s.data, s.children)
	for _, e := range out {
		s.fact(looked, history.FEvent, -1, e)
		s.heard(e)
	}
}

func setAgain(q history.Request, t smallTree, data, children map[string]bool) (out []history.WatchEvent, d, k map[string]bool) {
	d, k = copied(data), copied(children)
	for _, p := range q.DataWatches {
		switch n, ok := t[p]; {
		case !ok:
			out = append(out, history.WatchEvent{Type: "nodeDeleted", Path: p})
		case n.stat.Mzxid > q.Since:
			out = append(out, history.WatchEvent{Type: "nodeDataChanged", Path: p})
		default:
			d[p] = true
		}
	}
	for _, p := range q.ExistWatches {
		if _, ok := t[p]; ok {
			out = append(out, history.WatchEvent{Type: "nodeCreated", Path: p})
		} else {
			d[p] = true
		}
	}
	for _, p := range q.ChildWatches {
		switch n, ok := t[p]; {
		case !ok:
			out = append(out, history.WatchEvent{Type: "nodeDeleted", Path: p})
		case n.stat.Pzxid > q.Since:
			out = append(out, history.WatchEvent{Type: "nodeChildrenChanged", Path: p})
		default:
			k[p] = true
		}
	}
	return out, d, k
}

func copied(m map[string]bool) map[string]bool {
	n := map[string]bool{}
	maps.Copy(n, m)
	return n
}
