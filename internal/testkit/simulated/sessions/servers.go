package sessions

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/simulated"
)

// before holds the state of a path before its latest change, and the session that made the change.
type before struct {
	znode   *simulated.Znode
	session history.ID
}

// show returns a server's answer to a read.
func show(r history.Request, n *simulated.Znode) history.Reply {
	if n == nil {
		return history.Reply{Error: -101}
	}
	got := history.Reply{Stat: n.Stat()}
	switch r.Op {
	case "getData":
		got.Data = n.Data
	case "getChildren", "getChildren2":
		got.Children = n.Children()
		if r.Op == "getChildren" {
			got.Stat = nil
		}
	}
	return got
}

// frame is a message from the server.
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
	index int // a sync is answered from this index of the log on
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
	held    []frame // held back by a defect
}

// server is a server of the ensemble.
type server struct {
	tree    simulated.Tree
	old     map[string]before
	applied int // entries of the log
	zxid    history.ID
	up      []*call // on the way to the leader
	watches map[string]map[*link]bool
	speed   float64
	half    *entry // for a defect: a multi of which only the first part is done
}

// entry is one transaction with the call that asked for it.
type entry struct {
	history.Txn
	at   time.Duration
	call *call
	lost bool // by a defect: it is answered but not applied
}

// sess holds what the leader knows of a session.
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
	lead     simulated.Tree
	log      []*entry
	zxid     history.ID
	servers  []*server
	clients  []*client
	sessions map[history.ID]*sess
	links    []*link
	final    time.Duration
	defect   string
	broken   int
	values   int // how many values were written
	faults   float64
}

func (s *sim) chance(p float64) bool { return s.rng.Float64() < p }

// leaderLag is how far the leader, which is the first server, may be behind the others when it answers
// a sync. The others ask the leader, and wait.
const leaderLag = 10 * time.Millisecond

// The addresses of the server that leads, and of all others.
const leader, follower = "leader", "follower"

// Addresses lists the addresses under which sessions connect, the leader's first.
var Addresses = []string{leader, follower}

// SyncLag returns how long after others have seen a change a read that follows a sync may still miss it.
func SyncLag(server string, _ time.Duration) time.Duration {
	if server == leader {
		return leaderLag
	}
	return 0
}

func (s *sim) address(v *server) string {
	if v == s.servers[0] {
		return leader
	}
	return follower
}

// behind returns the entry from which on the leader answers a sync, or -1 if it answers from any.
func (s *sim) behind() int {
	for i, e := range slices.Backward(s.log) {
		if e.at < s.now-leaderLag {
			return i + 1
		}
	}
	return -1
}

// breaks reports whether a defect strikes now: at random, if the servers have it.
func (s *sim) breaks(which string) bool {
	if s.defect != which || !s.chance(0.5) {
		return false
	}
	s.broken++
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
	e := &entry{Txn: x, at: s.now, call: by}
	s.log = append(s.log, e)
	s.lead.Apply(&e.Txn, "")
	return e
}

// transactions lists the committed transactions.
func (s *sim) transactions() []history.Txn {
	var txns []history.Txn
	for _, e := range s.log {
		if !e.lost {
			txns = append(txns, e.Txn)
		}
	}
	return txns
}

// write carries out a request at the leader.
func (s *sim) write(k *call) {
	if o := s.sessions[k.link.session]; o.dead || o.owner != k.link && !s.breaks("moved") {
		return
	}
	if k.Op == "closeSession" {
		s.end(k.link.session, k)
		return
	}
	t := s.lead.Transaction(k.Request, k.link.session)
	if t.Type == "create" && k.Sequential && s.defect == "names" {
		s.repeat(k, &t)
	}
	if t.Type == "setData" && s.breaks("durable") {
		before := s.lead.Clone()
		s.commit(t, k).lost = true
		s.lead = before
		return
	}
	s.commit(t, k)
}

// repeat, as a defect, gives a sequential znode a number that was used before.
func (s *sim) repeat(k *call, t *history.Txn) {
	n := s.lead[path.Dir(t.Path)].Creates
	if old := k.Path + fmt.Sprintf("%010d", n-2); n > 2 && s.lead[old] == nil && s.breaks("names") {
		t.Path = old
	}
}

// end ends a session.
func (s *sim) end(id history.ID, k *call) {
	o := s.sessions[id]
	if o.dead {
		return
	}
	o.dead = true
	r := history.Request{Op: "closeSession"}
	if k != nil {
		r = k.Request
	}
	s.commit(s.lead.Transaction(r, id), k)
}

// apply makes a server apply the next transaction.
func (s *sim) apply(v *server) {
	if v.half != nil {
		e := v.half
		v.half = nil
		for i := range e.Parts[1:] {
			s.fire(v, v.tree.ApplyPart(&e.Parts[1+i], e.Zxid), e)
		}
		s.answer(v, e)
		return
	}
	if v.applied == len(s.log) {
		return
	}
	e := s.log[v.applied]
	v.applied++
	if e.Type == "multi" && !e.Refused() && len(e.Parts) > 1 && s.breaks("atomic") {
		s.fire(v, v.tree.ApplyPart(&e.Parts[0], e.Zxid), e)
		v.zxid, v.half = e.Zxid, e
		return
	}
	keep := ""
	for _, p := range e.Paths {
		if s.breaks("ephemeral") {
			keep = p
		}
	}
	if !e.lost {
		s.fire(v, v.tree.Apply(&e.Txn, keep), e)
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
		k.reply.Stat = v.tree[e.Path].Stat()
		k.reply.Stat.Mzxid, k.reply.Stat.Version = e.Zxid, e.Version
	case e.Type == "setData":
		k.reply.Stat = v.tree[e.Path].Stat()
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

// fire sends events to the watchers of a server.
func (s *sim) fire(v *server, changes []simulated.Change, e *entry) {
	for _, h := range changes {
		v.old[h.Path] = before{h.Before, e.Session}
		tables := []string{"data"}
		switch h.Type {
		case "nodeChildrenChanged":
			tables = []string{"child"}
		case "nodeDeleted":
			tables = []string{"data", "child"}
		}
		told := map[*link]bool{}
		for _, t := range tables {
			at := v.watches[t+" "+h.Path]
			for _, l := range s.links { // in an order that does not change
				if !at[l] {
					continue
				}
				if !told[l] {
					told[l] = true
					s.tell(l, &h.WatchEvent, e.Zxid)
				}
				if !s.breaks("one event") {
					delete(at, l)
				}
			}
		}
	}
}

func (s *sim) tell(l *link, event *history.WatchEvent, z history.ID) {
	f := frame{event: event, zxid: z}
	if len(l.held) == 0 && (s.breaks("watch before data") || s.breaks("event order")) {
		l.held = append(l.held, f)
		return
	}
	l.in = append(l.in, f)
	if s.defect == "event order" {
		l.release()
	}
}

func (l *link) release() {
	l.in = append(l.in, l.held...)
	l.held = nil
}

// drain answers the requests of a connection that can be answered, in order.
func (s *sim) drain(l *link) {
	v := l.server
	for len(l.queue) > 0 {
		k := l.queue[0]
		if len(l.queue) > 1 && l.queue[1].Op == "getData" && s.breaks("replies") {
			l.queue[0], l.queue[1] = l.queue[1], l.queue[0]
			k = l.queue[0]
		}
		if !s.read(v, k) {
			return
		}
		l.queue = l.queue[1:]
		k.reply.Xid = k.Xid
		z := cmp.Or(k.zxid, v.zxid)
		if s.defect != "" && strings.HasPrefix(k.Op, "get") && s.breaks("header") {
			z = max(1, z-2)
		}
		l.in = append(l.in, frame{call: k, reply: &k.reply, zxid: z})
		if s.defect == "watch before data" {
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
	n := v.tree[k.Path]
	if o, ok := v.old[k.Path]; ok && o.session == l.session && s.breaks("own writes") {
		n = o.znode
	}
	switch k.Op {
	case "sync":
		if k.index == 0 || v.applied < k.index {
			return k.index == -1
		}
		return true
	case "getData", "exists", "getChildren", "getChildren2":
		k.reply = show(k.Request, n)
		if k.Op == "getData" && n != nil && s.breaks("views") {
			k.reply.Data = append([]byte("not "), n.Data...)
		}
		if len(k.reply.Children) > 0 && k.Op == "getChildren2" && s.breaks("children") {
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
		switch n := v.tree[p]; {
		case n == nil:
			tell("nodeDeleted", p)
		case n.Mzxid > k.Since && !s.breaks("missed"):
			tell("nodeDataChanged", p)
		default:
			v.watch("data "+p, k.link)
		}
	}
	for _, p := range k.ExistWatches {
		if v.tree[p] != nil {
			tell("nodeCreated", p)
		} else {
			v.watch("data "+p, k.link)
		}
	}
	for _, p := range k.ChildWatches {
		switch n := v.tree[p]; {
		case n == nil:
			tell("nodeDeleted", p)
		case n.Pzxid > k.Since:
			tell("nodeChildrenChanged", p)
		default:
			v.watch("child "+p, k.link)
		}
	}
}
