package sessions

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/testkit/simulated"
)

// Defects are the ways in which the servers can break a promise.
var Defects = []string{
	"fifo", "moved", "replies", "header", "single image", "own writes", "atomic", "views", "children", "fenced", "sync",
	"durable", "watch before data", "missed", "one event", "event order", "ephemeral", "names",
}

// Record holds all that was recorded of a run.
type Record struct {
	Events       []history.Event // facts of process "session"
	Transactions []history.Txn   // all committed transactions
	Final        time.Duration   // from when on the clients only read
	Broken       int             // how often the defect struck, whether or not it showed
}

// Run simulates a run of some hundred steps, all of which follow from the seed. The servers keep their
// promises except for the defect, if there is one.
func Run(seed uint64, defect string, steps int) Record {
	s := simulate(seed, defect, steps)
	return Record{s.events, s.transactions(), s.final, s.broken}
}

func simulate(seed uint64, defect string, steps int) *sim {
	s := &sim{
		rng: rand.New(rand.NewPCG(seed, 7)), lead: simulated.NewTree(), sessions: map[history.ID]*sess{},
		zxid: 1 << 32, defect: defect, final: math.MaxInt64,
	}
	s.faults = s.rng.Float64() * 0.05
	for range 1 + s.rng.IntN(5)/2 + s.rng.IntN(2) {
		s.servers = append(s.servers, &server{
			tree: simulated.NewTree(), old: map[string]before{}, watches: map[string]map[*link]bool{}, speed: pick(s, []float64{0.03, 0.1, 0.3, 1}),
		})
	}
	for i := range 1 + s.rng.IntN(3) {
		s.clients = append(s.clients, &client{id: i, data: map[string]bool{}, exist: map[string]bool{}, child: map[string]bool{}})
		s.clients[i].reads = s.chance(0.4)
	}
	for _, p := range []string{"/a", "/b", "/d"} {
		s.commit(s.lead.Transaction(history.Request{Op: "create", Path: p}, 0), nil)
	}
	for range steps {
		s.step()
	}
	s.quiesce()
	return s
}

func pick[T any](s *sim, of []T) T { return of[s.rng.IntN(len(of))] }

// step lets one thing happen.
func (s *sim) step() {
	c := pick(s, s.clients)
	if c.link == nil {
		s.connect(c)
		return
	}
	switch n := s.rng.Float64(); {
	case n < s.faults:
		switch s.rng.IntN(4) {
		case 0:
			s.end(c.session, nil)
		default:
			s.cut(c.link)
		}
	case n < 0.25 && c.outstanding < 3:
		s.send(c, s.request(c))
	default:
		for range 3 {
			s.move()
		}
	}
}

// move lets something that is under way advance.
func (s *sim) move() {
	s.links = slices.DeleteFunc(s.links, func(l *link) bool { return !l.open && len(l.out)+len(l.queue) == 0 })
	if len(s.links) > 0 {
		l := pick(s, s.links)
		if len(l.in) == 0 || s.chance(0.4) {
			s.arrive(l)
		} else {
			s.hear(l)
		}
	}
	v := pick(s, s.servers)
	if s.rng.IntN(2) == 0 {
		s.forward(v)
	}
	if s.chance(v.speed) {
		s.apply(v)
	}
}

// send sends a request of a client.
func (s *sim) send(c *client, r history.Request) {
	c.xid++
	r.Xid = c.xid
	c.outstanding++
	l := c.link
	s.record(c.id, history.FRequest, c.session, 0, r)
	l.out = append(l.out, &call{Request: r, link: l})
}

// arrive brings the oldest request on the wire to the server.
func (s *sim) arrive(l *link) {
	if len(l.out) == 0 {
		return
	}
	k := l.out[0]
	l.out = l.out[1:]
	v := l.server
	l.queue = append(l.queue, k)
	switch k.Op {
	case "create", "delete", "setData", "multi", "closeSession":
		if k.Op == "multi" && len(k.Parts) == 1 && s.breaks("fenced") {
			k.ready, k.zxid = true, v.zxid
			k.reply.Parts = make([]history.Reply, 1)
			break
		}
		v.up = append(v.up, k)
		if n := len(v.up); n > 1 && v.up[n-2].link == l && s.breaks("fifo") {
			v.up[n-1], v.up[n-2] = v.up[n-2], v.up[n-1]
		}
	case "sync":
		switch {
		case s.breaks("sync"):
			k.index = -1
		case v == s.servers[0]:
			k.index = s.behind()
		default:
			v.up = append(v.up, k)
		}
	}
	s.drain(l)
}

// forward brings the oldest request of a server to the leader.
func (s *sim) forward(v *server) {
	if len(v.up) == 0 {
		return
	}
	k := v.up[0]
	v.up = v.up[1:]
	if k.Op == "sync" {
		k.index = len(s.log)
		s.drain(k.link)
		return
	}
	s.write(k)
}

// hear brings the oldest frame from the server to the client, or loses it.
func (s *sim) hear(l *link) {
	if len(l.in) == 0 || !l.open {
		return
	}
	f := l.in[0]
	l.in = l.in[1:]
	c := l.client
	if f.event != nil {
		s.record(c.id, history.FEvent, c.session, f.zxid, f.event)
		c.used(f.event)
		return
	}
	s.record(c.id, history.FReply, c.session, f.zxid, f.reply)
	if s.chance(s.faults / 2) { // lost: the client never gets it
		s.cut(l)
		return
	}
	c.outstanding--
	c.seen = f.zxid
	s.understand(c, f.call)
}

// understand notes the watch that a reply sets, as client libraries do.
func (s *sim) understand(c *client, k *call) {
	switch r := k.reply; {
	case k.Op == "closeSession":
		s.cut(c.link)
		c.forget()
	case !k.Watch:
	case k.Op == "exists" && r.Error == -101:
		c.exist[k.Path] = true
	case r.Error != 0:
	case k.Op == "getChildren" || k.Op == "getChildren2":
		c.child[k.Path] = true
	default:
		c.data[k.Path] = true
	}
}

func (c *client) used(e *history.WatchEvent) {
	switch e.Type {
	case "nodeCreated":
		delete(c.exist, e.Path)
	case "nodeDataChanged":
		delete(c.exist, e.Path)
		delete(c.data, e.Path)
	case "nodeChildrenChanged":
		delete(c.child, e.Path)
	case "nodeDeleted":
		delete(c.exist, e.Path)
		delete(c.data, e.Path)
		delete(c.child, e.Path)
	}
}

// forget drops everything that belongs to a session that has ended.
func (c *client) forget() {
	c.session, c.seen = 0, 0
	clear(c.data)
	clear(c.exist)
	clear(c.child)
}

// cut ends a connection for the client. Requests on their way to the server may still arrive, and the
// server may notice the end later.
func (s *sim) cut(l *link) {
	if !l.open {
		return
	}
	l.open, l.in = false, nil
	c := l.client
	c.link, c.outstanding = nil, 0
	s.record(c.id, history.FDisconnected, l.session, 0, nil)
	if s.chance(0.5) {
		l.out = nil
	}
	if s.chance(0.5) {
		s.hangUp(l)
	}
}

// hangUp ends a connection for the server.
func (s *sim) hangUp(l *link) {
	l.queue, l.out = nil, nil
	for _, at := range l.server.watches {
		delete(at, l)
	}
}

// connect looks for a server.
func (s *sim) connect(c *client) {
	v := pick(s, s.servers)
	if c.session != 0 {
		if v.zxid < c.seen && !s.breaks("single image") {
			return
		}
		o := s.sessions[c.session]
		if o.dead {
			s.record(c.id, history.FExpired, c.session, 0, nil)
			c.forget()
			return
		}
		if o.owner != nil && o.owner.server == v {
			s.hangUp(o.owner)
		}
	} else {
		c.session = history.ID(0x1000 + len(s.sessions))
		s.sessions[c.session] = &sess{}
		s.commit(history.Txn{Type: "createSession", Session: c.session}, nil)
		for v.applied < len(s.log) || v.half != nil {
			s.apply(v)
		}
	}
	l := &link{client: c, server: v, session: c.session, open: true}
	c.link = l
	s.links = append(s.links, l)
	s.sessions[c.session].owner = l
	s.record(c.id, history.FConnected, c.session, 0, history.Connected{Server: s.address(v), Seen: c.seen})
	if len(c.data)+len(c.exist)+len(c.child) > 0 {
		if s.chance(0.3) {
			s.send(c, s.request(c))
		}
		s.send(c, history.Request{
			Op: "setWatches", Since: c.seen, DataWatches: slices.Sorted(maps.Keys(c.data)),
			ExistWatches: slices.Sorted(maps.Keys(c.exist)), ChildWatches: slices.Sorted(maps.Keys(c.child)),
		})
	}
}

var paths = []string{"/a", "/b", "/d", "/d/x", "/d/y", "/d/x/z"}

// request draws a request.
func (s *sim) request(c *client) history.Request {
	read := []string{"getData", "exists", "getChildren", "getChildren2", "exists"}
	n := s.rng.IntN(20)
	if c.reads { // a client that only reads does not wait for its own writes
		n = s.rng.IntN(11)
	}
	switch {
	case n < 9:
		return history.Request{Op: pick(s, read), Path: pick(s, paths), Watch: s.chance(0.8)}
	case n < 11:
		return history.Request{Op: "sync", Path: "/a"}
	case n < 12:
		return fence()
	case n < 15:
		r := history.Request{Op: "multi"}
		for range 2 + s.rng.IntN(2) {
			r.Parts = append(r.Parts, s.change())
		}
		return r
	case n == 15 && s.chance(0.1):
		return history.Request{Op: "closeSession"}
	}
	return s.change()
}

// fence returns a write that changes nothing.
func fence() history.Request {
	return history.Request{Op: "multi", Parts: []history.Request{{Op: "check", Path: "/a", Version: version(-1)}}}
}

func version(v int32) *int32 { return &v }

// change draws a write.
func (s *sim) change() history.Request {
	s.values++
	data := fmt.Appendf(nil, "v%d", s.values)
	switch s.rng.IntN(6) {
	case 0:
		return history.Request{Op: "create", Path: pick(s, paths[3:]), Data: data, Ephemeral: s.chance(0.5)}
	case 1:
		return history.Request{Op: "create", Path: "/d/n-", Data: data, Ephemeral: s.chance(0.8), Sequential: true}
	case 2:
		return history.Request{Op: "delete", Path: pick(s, paths[3:]), Version: version(-1)}
	}
	v := int32(-1)
	if s.chance(0.1) {
		v = 0
	}
	return history.Request{Op: "setData", Path: pick(s, paths), Data: data, Version: version(v)}
}

// quiesce completes what is under way, and makes one client read everything.
func (s *sim) quiesce() {
	s.faults = 0
	s.settle()
	s.final = s.now + 1
	s.now += 2
	for _, c := range s.clients {
		for c.link == nil {
			s.connect(c)
			s.settle()
		}
		s.send(c, fence())
		s.settle()
		for _, p := range paths {
			for _, op := range []string{"exists", "getChildren2"} {
				if c.link == nil {
					return
				}
				s.send(c, history.Request{Op: op, Path: p})
				s.settle()
			}
		}
	}
}

// settle lets everything arrive.
func (s *sim) settle() {
	for busy := true; busy; {
		busy = false
		for _, l := range s.links {
			if len(l.out) > 0 || len(l.in) > 0 && l.open {
				busy = true
			}
			s.arrive(l)
			s.hear(l)
		}
		for _, v := range s.servers {
			if len(v.up) > 0 || v.applied < len(s.log) || v.half != nil {
				busy = true
			}
			s.forward(v)
			s.apply(v)
		}
	}
}
