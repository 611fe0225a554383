package simulated

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
)

// znode is one of a tree; nil children: none.
type znode struct {
	data                []byte
	czxid, mzxid, pzxid history.ID
	version, creates    int32
	owner               history.ID
	children            map[string]bool
}

func (n *znode) stat() *history.Stat {
	return &history.Stat{
		Czxid: n.czxid, Mzxid: n.mzxid, Pzxid: n.pzxid, Version: n.version,
		Cversion: 2*n.creates - int32(len(n.children)), Owner: n.owner, NumChildren: int32(len(n.children)),
	}
}

func (n *znode) clone() *znode {
	if n == nil {
		return nil
	}
	c := *n
	c.children = maps.Clone(n.children)
	return &c
}

// tree is what a server has.
type tree struct {
	nodes map[string]*znode
	// old is each path before its latest change, with the session that made that.
	old map[string]before
}

type before struct {
	node    *znode
	session history.ID
	zxid    history.ID
}

func newTree() *tree {
	return &tree{nodes: map[string]*znode{"/": {children: map[string]bool{"zookeeper": true}}}, old: map[string]before{}}
}

func (t *tree) clone() *tree {
	c := newTree()
	for p, n := range t.nodes {
		c.nodes[p] = n.clone()
	}
	return c
}

// happening is what applying a transaction triggers.
type happening struct{ typ, path string }

// apply does a transaction that a leader made; keep is a path to leave where the
// end of a session would take it.
func (t *tree) apply(x *history.Txn, keep string) (hs []happening) {
	parts := x.Parts
	if x.Type != "multi" {
		parts = []history.Txn{*x}
	}
	if slices.ContainsFunc(parts, func(p history.Txn) bool { return p.Error != 0 }) {
		return nil
	}
	for i := range parts {
		hs = append(hs, t.one(&parts[i], x.Zxid, x.Session, keep)...)
	}
	return hs
}

func (t *tree) one(x *history.Txn, z, session history.ID, keep string) []happening {
	remember := func(p string) { t.old[p] = before{t.nodes[p].clone(), session, z} }
	switch x.Type {
	case "create":
		up := path.Dir(x.Path)
		remember(x.Path)
		remember(up)
		t.nodes[x.Path] = &znode{data: x.Data, czxid: z, mzxid: z, pzxid: z, owner: x.Owner}
		n := t.nodes[up]
		if n.children == nil {
			n.children = map[string]bool{}
		}
		n.children[path.Base(x.Path)] = true
		n.creates, n.pzxid = x.ParentCversion, z
		return []happening{{"nodeCreated", x.Path}, {"nodeChildrenChanged", up}}
	case "delete":
		up := path.Dir(x.Path)
		remember(x.Path)
		remember(up)
		delete(t.nodes, x.Path)
		delete(t.nodes[up].children, path.Base(x.Path))
		t.nodes[up].pzxid = z
		return []happening{{"nodeDeleted", x.Path}, {"nodeChildrenChanged", up}}
	case "setData":
		remember(x.Path)
		n := t.nodes[x.Path]
		n.data, n.version, n.mzxid = x.Data, x.Version, z
		return []happening{{"nodeDataChanged", x.Path}}
	case "closeSession":
		var hs []happening
		for _, p := range slices.Sorted(maps.Keys(t.nodes)) {
			if n := t.nodes[p]; n.owner == session && session != 0 && p != keep {
				hs = append(hs, t.one(&history.Txn{Type: "delete", Path: p}, z, session, "")...)
			}
		}
		return hs
	}
	return nil
}

// prepare is what a leader makes of a request: a transaction that will succeed,
// or an error.
func (t *tree) prepare(r history.Request, session history.ID) (history.Txn, int32) {
	x := history.Txn{Type: r.Op, Path: r.Path, Data: r.Data}
	up := path.Dir(r.Path)
	switch n := t.nodes[r.Path]; r.Op {
	case "create":
		parent := t.nodes[up]
		if parent == nil {
			return x, -101
		}
		if parent.owner != 0 {
			return x, -108
		}
		if r.Sequential {
			x.Path += fmt.Sprintf("%010d", parent.creates)
			n = t.nodes[x.Path]
		}
		if n != nil {
			return x, -110
		}
		if r.Ephemeral {
			x.Owner = session
		}
		x.ParentCversion = parent.creates + 1
	case "delete", "setData", "check":
		switch {
		case n == nil:
			return x, -101
		case *r.Version >= 0 && *r.Version != n.version:
			return x, -103
		case r.Op == "delete" && len(n.children) > 0:
			return x, -111
		case r.Op == "setData":
			x.Version = n.version + 1
		}
	}
	return x, 0
}

// show is what a server answers to a read.
func show(r history.Request, n *znode) history.Reply {
	if n == nil {
		return history.Reply{Error: -101}
	}
	got := history.Reply{Stat: n.stat()}
	switch r.Op {
	case "getData":
		got.Data = n.data
	case "getChildren", "getChildren2":
		got.Children = slices.Collect(maps.Keys(n.children))
		if r.Op == "getChildren" {
			got.Stat = nil
		}
	}
	return got
}

// frame is what a server sends.
type frame struct {
	call  *call // that it answers
	reply *history.Reply
	event *history.WatchEvent
	zxid  history.ID
}

// call is a request at a server.
type call struct {
	history.Request
	link  *link
	ready bool
	index int // of the log, from which on a sync is answered
	reply history.Reply
	zxid  history.ID
}

// link is one connection, from both ends.
type link struct {
	client  *client
	server  *server
	session history.ID
	open    bool // for the client
	out     []*call
	queue   []*call // at the server, in order
	in      []frame
	held    []frame // of a liar
}

// server is one of the ensemble.
type server struct {
	*tree
	applied int // entries of the log
	zxid    history.ID
	up      []*call // on the way to the leader
	watches map[string]map[*link]bool
	speed   float64
	half    *entry // of a liar: a multi of which the first part is done
}

// entry is one transaction with the call that asked for it.
type entry struct {
	history.Txn
	call *call
	lost bool // of a liar: it is answered, and not done
}

// session is what the leader knows of one.
type sess struct {
	owner *link
	dead  bool
}

type client struct {
	id                 int
	session            history.ID
	seen               history.ID
	xid                int32
	link               *link
	outstanding        int
	reads              bool
	data, exist, child map[string]bool
}

// sim is one run.
type sim struct {
	rng      *rand.Rand
	now      time.Duration
	events   []history.Event
	lead     *tree
	log      []*entry
	zxid     history.ID
	servers  []*server
	clients  []*client
	sessions map[history.ID]*sess
	links    []*link
	final    time.Duration
	lie      string
	lied     int
	values   int // that were written
	faults   float64
}

func (s *sim) chance(p float64) bool { return s.rng.Float64() < p }

// lies says, now and then, that a liar is to lie.
func (s *sim) lies(which string) bool {
	if s.lie != which || !s.chance(0.5) {
		return false
	}
	s.lied++
	return true
}

func (s *sim) record(c int, f string, session, zxid history.ID, value any) {
	s.now += time.Duration(s.rng.IntN(3)) * time.Millisecond
	s.events = append(s.events, history.Event{
		Index: len(s.events), Time: s.now, Process: history.SessionProcess, Client: c,
		Type: history.Info, F: f, Session: session, Zxid: zxid, Value: history.Value(value),
	})
}

// commit puts a transaction into the log.
func (s *sim) commit(x history.Txn, by *call) *entry {
	s.zxid++
	x.Zxid = s.zxid
	e := &entry{Txn: x, call: by}
	s.log = append(s.log, e)
	s.lead.apply(&e.Txn, "")
	return e
}

// transactions are those that were committed.
func (s *sim) transactions() []history.Txn {
	var txns []history.Txn
	for _, e := range s.log {
		if !e.lost {
			txns = append(txns, e.Txn)
		}
	}
	return txns
}

// write is what the leader does with a request.
func (s *sim) write(k *call) {
	if o := s.sessions[k.link.session]; o.dead || o.owner != k.link && !s.lies("moved") {
		return
	}
	x := history.Txn{Session: k.link.session, Cxid: k.Xid}
	if k.Op == "closeSession" {
		s.end(k.link.session, k)
		return
	}
	if k.Op != "multi" {
		t, code := s.lead.prepare(k.Request, k.link.session)
		t.Session, t.Cxid = x.Session, x.Cxid
		if code != 0 {
			t = history.Txn{Session: x.Session, Cxid: x.Cxid, Type: "error", Error: code}
		} else if t.Type == "create" && k.Sequential && s.lie == "names" {
			s.repeat(k, &t)
		}
		if code == 0 && t.Type == "setData" && s.lies("durable") {
			before := s.lead.clone()
			s.commit(t, k).lost = true
			s.lead = before
			return
		}
		s.commit(t, k)
		return
	}
	x.Type = "multi"
	trial := s.lead.clone()
	failed := int32(0)
	for _, p := range k.Parts {
		t, code := trial.prepare(p, k.link.session)
		if failed != 0 {
			code = -2
		}
		if code != 0 {
			if failed == 0 {
				failed = code
				for i := range x.Parts {
					x.Parts[i] = history.Txn{Type: "error"}
				}
			}
			t = history.Txn{Type: "error", Error: code}
		} else {
			trial.one(&t, s.zxid+1, k.link.session, "")
		}
		x.Parts = append(x.Parts, t)
	}
	s.commit(x, k)
}

// repeat gives a sequential znode a number that there was before.
func (s *sim) repeat(k *call, t *history.Txn) {
	n := s.lead.nodes[path.Dir(t.Path)].creates
	if old := k.Path + fmt.Sprintf("%010d", n-2); n > 2 && s.lead.nodes[old] == nil && s.lies("names") {
		t.Path = old
	}
}

// end closes a session.
func (s *sim) end(id history.ID, k *call) {
	o := s.sessions[id]
	if o.dead {
		return
	}
	o.dead = true
	x := history.Txn{Type: "closeSession", Session: id}
	if k != nil {
		x.Cxid = k.Xid
	}
	s.commit(x, k)
}

// apply makes a server take in the next transaction.
func (s *sim) apply(v *server) {
	if v.half != nil {
		e := v.half
		v.half = nil
		for i := range e.Parts[1:] {
			s.fire(v, v.one(&e.Parts[1+i], e.Zxid, e.Session, ""), e.Zxid)
		}
		s.answer(v, e)
		return
	}
	if v.applied == len(s.log) {
		return
	}
	e := s.log[v.applied]
	v.applied++
	ok := !slices.ContainsFunc(e.Parts, func(p history.Txn) bool { return p.Error != 0 })
	if e.Type == "multi" && ok && len(e.Parts) > 1 && s.lies("atomic") {
		s.fire(v, v.one(&e.Parts[0], e.Zxid, e.Session, ""), e.Zxid)
		v.zxid, v.half = e.Zxid, e
		return
	}
	keep := ""
	if e.Type == "closeSession" {
		for _, p := range slices.Sorted(maps.Keys(v.nodes)) {
			if v.nodes[p].owner == e.Session && s.lies("ephemeral") {
				keep = p
			}
		}
	}
	if !e.lost {
		s.fire(v, v.tree.apply(&e.Txn, keep), e.Zxid)
	}
	v.zxid = e.Zxid
	s.answer(v, e)
	if e.Type == "closeSession" {
		for _, l := range s.links {
			if l.server == v && l.session == e.Session {
				l.queue, l.out = nil, nil
				if l.open && (e.call == nil || e.call.link != l) {
					s.cut(l)
				}
			}
		}
	}
}

// answer answers the call that a transaction came from, if it came through v.
func (s *sim) answer(v *server, e *entry) {
	k := e.call
	if k == nil || k.link.server != v {
		return
	}
	k.ready, k.zxid = true, e.Zxid
	switch {
	case e.Error != 0:
		k.reply.Error = e.Error
	case e.Type == "create":
		k.reply.Path = e.Path
	case e.Type == "setData" && e.lost:
		k.reply.Stat = &history.Stat{Czxid: v.nodes[e.Path].czxid, Mzxid: e.Zxid, Pzxid: v.nodes[e.Path].pzxid, Version: e.Version, NumChildren: int32(len(v.nodes[e.Path].children))}
	case e.Type == "setData":
		k.reply.Stat = v.nodes[e.Path].stat()
	case e.Type == "multi":
		for _, p := range e.Parts {
			got := history.Reply{Error: p.Error}
			if p.Type == "create" {
				got.Path = p.Path
			}
			k.reply.Parts = append(k.reply.Parts, got)
		}
	}
	s.drain(k.link)
}

// fire tells the watchers of a server.
func (s *sim) fire(v *server, hs []happening, z history.ID) {
	for _, h := range hs {
		tables := []string{"data"}
		switch h.typ {
		case "nodeChildrenChanged":
			tables = []string{"child"}
		case "nodeDeleted":
			tables = []string{"data", "child"}
		}
		told := map[*link]bool{}
		for _, t := range tables {
			at := v.watches[t+" "+h.path]
			for _, l := range s.links { // in an order that does not change
				if !at[l] {
					continue
				}
				if !told[l] {
					told[l] = true
					s.tell(l, h, z)
				}
				if !s.lies("one event") {
					delete(at, l)
				}
			}
		}
	}
}

func (s *sim) tell(l *link, h happening, z history.ID) {
	f := frame{event: &history.WatchEvent{Type: h.typ, Path: h.path}, zxid: z}
	if len(l.held) == 0 && (s.lies("watch before data") || s.lies("event order")) {
		l.held = append(l.held, f)
		return
	}
	l.in = append(l.in, f)
	if s.lie == "event order" {
		l.release()
	}
}

func (l *link) release() {
	l.in = append(l.in, l.held...)
	l.held = nil
}

// drain answers what can be answered of a connection, in order.
func (s *sim) drain(l *link) {
	v := l.server
	for len(l.queue) > 0 {
		k := l.queue[0]
		if len(l.queue) > 1 && l.queue[1].Op == "getData" && s.lies("replies") {
			l.queue[0], l.queue[1] = l.queue[1], l.queue[0]
			k = l.queue[0]
		}
		if !s.read(v, k) {
			return
		}
		l.queue = l.queue[1:]
		k.reply.Xid = k.Xid
		z := k.zxid
		if z == 0 {
			z = v.zxid
		}
		if s.lie != "" && strings.HasPrefix(k.Op, "get") && s.lies("header") {
			z = max(1, z-2)
		}
		l.in = append(l.in, frame{call: k, reply: &k.reply, zxid: z})
		if s.lie == "watch before data" {
			l.release()
		}
	}
}

// read answers a call if it is a read; false: it must wait for the leader.
func (s *sim) read(v *server, k *call) bool {
	if k.ready {
		return true
	}
	l := k.link
	n := v.nodes[k.Path]
	if o, ok := v.old[k.Path]; ok && o.session == l.session && s.lies("own writes") {
		n = o.node
	}
	switch k.Op {
	case "sync":
		if k.index == 0 || v.applied < k.index {
			return k.index == -1
		}
		return true
	case "getData", "exists", "getChildren", "getChildren2":
		k.reply = show(k.Request, n)
		if k.Op == "getData" && n != nil && s.lies("views") {
			k.reply.Data = append([]byte("not "), n.data...)
		}
		if n != nil && len(n.children) > 0 && k.Op == "getChildren2" && s.lies("children") {
			k.reply.Children = k.reply.Children[1:]
		}
		if k.Watch && (n != nil || k.Op == "exists") {
			t := "data "
			if strings.HasPrefix(k.Op, "getChildren") {
				t = "child "
			}
			v.watch(t+k.Path, l)
		}
		return true
	case "setWatches":
		s.setWatches(v, k)
		return true
	}
	return false
}

func (v *server) watch(at string, l *link) {
	if v.watches[at] == nil {
		v.watches[at] = map[*link]bool{}
	}
	v.watches[at][l] = true
}

func (s *sim) setWatches(v *server, k *call) {
	tell := func(typ, p string) {
		k.link.in = append(k.link.in, frame{event: &history.WatchEvent{Type: typ, Path: p}, zxid: -1})
	}
	for _, p := range k.DataWatches {
		switch n := v.nodes[p]; {
		case n == nil:
			tell("nodeDeleted", p)
		case n.mzxid > k.Since && !s.lies("missed"):
			tell("nodeDataChanged", p)
		default:
			v.watch("data "+p, k.link)
		}
	}
	for _, p := range k.ExistWatches {
		if v.nodes[p] != nil {
			tell("nodeCreated", p)
		} else {
			v.watch("data "+p, k.link)
		}
	}
	for _, p := range k.ChildWatches {
		switch n := v.nodes[p]; {
		case n == nil:
			tell("nodeDeleted", p)
		case n.pzxid > k.Since:
			tell("nodeChildrenChanged", p)
		default:
			v.watch("child "+p, k.link)
		}
	}
}
