package zab

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The simulation: servers, disks, links, clients and faults under a virtual clock,
// all drawn from one seed, and a judge that looks at every call of App.

// sim is one run.
type sim struct {
	rnd     *rand.Rand
	now     time.Time
	servers []*server
	links   map[[2]int]*link
	ids     []int
	voters  []int
	plan    plan
	trace   func(format string, args ...any)
	sabotage

	// What the judge knows.
	global      []Entry       // committed, in order
	under       []int64       // the epoch of the leader that committed it first
	leaderOf    map[int64]int // who served as leader in an epoch
	established map[int64]int // how much was committed when it began
	proposals   int
	used        coverage
}

// plan is what a run is like.
type plan struct {
	voters, observers    int
	tick                 time.Duration
	initLimit, syncLimit int
	keep                 int
	faults               time.Duration // how long
	faultEvery           time.Duration
	proposeEvery         time.Duration
}

// coverage counts what happened.
type coverage struct {
	Commits, Elections, Diffs, Truncs, Snaps, Crashes, Pauses, Cuts, SlowDisks, Deposed int
	Recovery                                                                            time.Duration
}

// sabotage plants a defect.
type sabotage struct {
	onSend    func(m *Message)
	onAppend  func(d *Disk) // after each call of a node
	onCrash   func(d *Disk)
	onRestart func(d *Disk)
}

// server is one server: its disk, and while it is alive its node.
type server struct {
	s      *sim
	id     int
	disk   *Disk
	node   *Node
	app    *replica
	paused bool
}

// link carries what one server sends to another.
type link struct {
	cut   bool
	slow  time.Duration
	queue []parcel
}

// parcel is a message, or the news that the sender died.
type parcel struct {
	at    time.Time
	m     Message
	reset bool
}

// tally is the replicated state of the simulation.
type tally struct {
	count int
	zxid  int64
	hash  uint64
}

func (t *tally) Apply(e Entry) {
	t.count++
	t.zxid = e.Zxid
	t.hash = (t.hash ^ uint64(e.Data.(int))) * 1099511628211
}

func (t *tally) Clone() State { c := *t; return &c }

// replica is the App of a server in the simulation.
type replica struct {
	*server
	state   *tally
	serving bool
	role    Role
	epoch   int64

	sent int         // payloads to the leader
	got  map[int]int // last payload from each learner
}

// report is a learner's payload to the leader.
type report struct {
	number  int
	propose bool
}

// place is a leader's payload to a learner: how much was committed before it.
type place struct{ count int }

type violation string

func violated(format string, args ...any) { panic(violation(fmt.Sprintf(format, args...))) }

func (a *replica) Send(m Message) {
	if a.s.onSend != nil {
		a.s.onSend(&m)
	}
	a.s.send(m)
}

func (a *replica) Install(st State, zxid int64) {
	a.state = st.(*tally)
	if a.serving {
		violated("server %d: Install while it serves", a.id)
	}
	if a.state.zxid != zxid {
		violated("server %d: snapshot at %#x is called %#x", a.id, a.state.zxid, zxid)
	}
	a.s.checkPosition(a.id, a.state.count, zxid)
}

func (a *replica) Commit(e Entry) {
	s := a.s
	if a.state == nil {
		violated("server %d: Commit before Install", a.id)
	}
	if e.Zxid <= a.state.zxid {
		violated("server %d: commits %#x after %#x", a.id, e.Zxid, a.state.zxid)
	}
	if a.state.count == len(s.global) {
		s.extend(a, e)
	}
	if g := s.global[a.state.count]; g != e {
		violated("server %d: commits %#x as number %d, which is %#x", a.id, e.Zxid, a.state.count, g.Zxid)
	}
	a.state.Apply(e)
	if a.serving && a.role == Leading {
		if s.rnd.IntN(10) == 0 {
			a.tellPlace()
		}
		if s.rnd.IntN(10) == 0 {
			s.propose(a)
		}
	}
}

// extend takes in an entry that nobody has committed before.
func (s *sim) extend(a *replica, e Entry) {
	if a.node.role != Leading {
		violated("server %d commits %#x before any leader", a.id, e.Zxid)
	}
	last := int64(0)
	if n := len(s.global); n > 0 {
		last = s.global[n-1].Zxid
	}
	if !follows(last, e.Zxid) {
		violated("server %d commits %#x behind %#x", a.id, e.Zxid, last)
	}
	s.global = append(s.global, e)
	s.under = append(s.under, a.node.epoch)
	s.used.Commits++
}

func (a *replica) Serve(role Role, leader int, epoch int64) {
	s := a.s
	s.log("server %d serves as %v under %d in epoch %d, %d committed", a.id, role, leader, epoch, a.state.count)
	a.serving, a.role, a.epoch = true, role, epoch
	a.sent, a.got = 0, make(map[int]int)
	if role == Leading {
		if other, taken := s.leaderOf[epoch]; taken {
			violated("servers %d and %d lead in epoch %d", other, a.id, epoch)
		}
		s.leaderOf[epoch], s.established[epoch] = a.id, a.state.count
		for i := len(s.global) - 1; i >= a.state.count; i-- {
			if s.under[i] < epoch {
				violated("leader %d of epoch %d lacks %#x, committed in epoch %d", a.id, epoch, s.global[i].Zxid, s.under[i])
			}
		}
		if s.rnd.IntN(2) == 0 {
			s.propose(a)
		}
		return
	}
	if got, ok := s.leaderOf[epoch]; !ok || got != leader {
		violated("server %d serves under %d in epoch %d, whose leader is %d", a.id, leader, epoch, got)
	}
	if a.state.count < s.established[epoch] {
		violated("server %d serves with %d entries in epoch %d, which began with %d", a.id, a.state.count, epoch, s.established[epoch])
	}
	a.report(true)
}

func (a *replica) Suspend() {
	a.s.log("server %d suspends: %s", a.id, a.node.reason)
	if !a.serving {
		violated("server %d: Suspend while it does not serve", a.id)
	}
	if a.role == Leading {
		a.s.used.Deposed++
	}
	a.serving = false
}

func (a *replica) Receive(from int, payload any) {
	if !a.serving {
		violated("server %d: Receive while it does not serve", a.id)
	}
	switch p := payload.(type) {
	case place:
		if p.count != a.state.count {
			violated("server %d: payload sent after %d commits came after %d", a.id, p.count, a.state.count)
		}
	case report:
		if p.number != a.got[from]+1 && p.number != 1 {
			violated("leader %d: report %d of server %d came after %d", a.id, p.number, from, a.got[from])
		}
		a.got[from] = p.number
		if p.propose {
			a.s.propose(a)
		}
		a.node.SendLearner(from, place{a.state.count})
	}
}

func (a *replica) Beat() any {
	if a.s.rnd.IntN(2) == 0 {
		return nil
	}
	a.sent++
	return report{number: a.sent}
}

// report sends something to the leader, who may be this server.
func (a *replica) report(propose bool) {
	a.sent++
	if !a.node.SendLeader(report{number: a.sent, propose: propose}) {
		violated("server %d: serves and cannot reach its leader", a.id)
	}
}

func (a *replica) tellPlace() {
	for _, id := range a.s.ids {
		a.node.SendLearner(id, place{a.state.count})
	}
}

func (s *sim) propose(a *replica) {
	a.node.Propose(func(int64) any { s.proposals++; return s.proposals })
}

func (s *sim) checkPosition(id, count int, zxid int64) {
	if count > len(s.global) {
		violated("server %d has %d entries in its snapshot, of %d committed", id, count, len(s.global))
	}
	if count > 0 && s.global[count-1].Zxid != zxid {
		violated("server %d: number %d in its snapshot is %#x, not %#x", id, count, zxid, s.global[count-1].Zxid)
	}
}

func (s *sim) log(format string, args ...any) {
	if s.trace != nil {
		s.trace("%v "+format, append([]any{s.now.Sub(epochStart)}, args...)...)
	}
}

var epochStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// drawPlan draws what a run is like.
func drawPlan(rnd *rand.Rand) plan {
	return plan{
		voters:       []int{1, 2, 3, 3, 3, 4, 5, 5, 7}[rnd.IntN(9)],
		observers:    max(0, rnd.IntN(4)-1),
		tick:         100 * time.Millisecond,
		initLimit:    3 + rnd.IntN(8),
		syncLimit:    2 + rnd.IntN(4),
		keep:         []int{0, 1, 5, 30, 1000}[rnd.IntN(5)],
		faults:       time.Duration(5+rnd.IntN(10)) * time.Second,
		faultEvery:   time.Duration(50+rnd.IntN(1000)) * time.Millisecond,
		proposeEvery: time.Duration(2+rnd.IntN(100)) * time.Millisecond,
	}
}

func newSim(seed uint64, p *plan) *sim {
	s := &sim{
		rnd: rand.New(rand.NewPCG(seed, 1)), now: epochStart,
		links: make(map[[2]int]*link), leaderOf: make(map[int64]int), established: make(map[int64]int),
	}
	s.plan = drawPlan(s.rnd)
	if p != nil {
		s.plan = *p
	}
	for id := 1; id <= s.plan.voters+s.plan.observers; id++ {
		s.ids = append(s.ids, id)
	}
	s.voters = s.ids[:s.plan.voters]
	for _, id := range s.ids {
		d := NewDisk(&tally{})
		d.Keep = s.plan.keep
		s.servers = append(s.servers, &server{s: s, id: id, disk: d})
		for _, to := range s.ids {
			s.links[[2]int{id, to}] = &link{}
		}
	}
	return s
}

func (v *server) start() {
	if v.node != nil {
		return
	}
	v.s.log("server %d starts", v.id)
	p := v.s.plan
	v.app = &replica{server: v}
	v.paused = false
	v.node = NewNode(Config{
		ID: v.id, Voters: v.s.voters, Observers: v.s.ids[p.voters:],
		Tick: p.tick, InitLimit: p.initLimit, SyncLimit: p.syncLimit,
	}, v.disk, v.app)
	if v.s.onRestart != nil {
		v.s.onRestart(v.disk)
	}
}

// crash kills a server: what it sent may still arrive up to some point.
func (v *server) crash() {
	if v.node == nil {
		return
	}
	s := v.s
	s.log("server %d crashes", v.id)
	s.used.Crashes++
	v.node, v.app, v.paused = nil, nil, false
	v.disk.Crash()
	if s.onCrash != nil {
		s.onCrash(v.disk)
	}
	for _, other := range s.servers {
		if other == v {
			continue
		}
		s.links[[2]int{other.id, v.id}].queue = nil
		l := s.links[[2]int{v.id, other.id}]
		l.queue = l.queue[:s.rnd.IntN(len(l.queue)+1)]
		at := s.now.Add(s.latency())
		if n := len(l.queue); n > 0 && l.queue[n-1].at.After(at) {
			at = l.queue[n-1].at
		}
		l.queue = append(l.queue, parcel{at: at, m: Message{From: v.id, To: other.id}, reset: true})
	}
}

func (s *sim) latency() time.Duration {
	return time.Duration(100+s.rnd.IntN(1000)) * time.Microsecond
}

func (s *sim) send(m Message) {
	if m.From == m.To {
		violated("server %d sends %v to itself", m.From, m.Kind)
	}
	if m.Sync != nil {
		switch m.Sync.Mode {
		case Diff:
			s.used.Diffs++
		case Trunc:
			s.used.Truncs++
		case Snap:
			s.used.Snaps++
		}
	}
	l := s.links[[2]int{m.From, m.To}]
	at := s.now.Add(s.latency() + l.slow)
	if n := len(l.queue); n > 0 && l.queue[n-1].at.After(at) {
		at = l.queue[n-1].at
	}
	l.queue = append(l.queue, parcel{at: at, m: m})
}

// deliver hands over what comes next on a link.
func (s *sim) deliver(l *link) {
	p := l.queue[0]
	l.queue = l.queue[1:]
	v := s.servers[p.m.To-1]
	if v.node == nil {
		if p.m.Kind == Connect && !p.reset && s.rnd.IntN(2) == 0 {
			s.send(Message{From: p.m.To, To: p.m.From, Kind: Close, Conn: p.m.Conn}) // nobody listens
		}
		return
	}
	if p.reset {
		s.log("server %d hears that %d died", v.id, p.m.From)
		v.node.PeerReset(p.m.From)
	} else {
		if p.m.Kind != Ping && p.m.Kind != Pong {
			s.log("%d to %d: %v %v epoch %d zxid %#x commit %#x entry %#x %+v", p.m.From, v.id, p.m.Kind, p.m.Conn, p.m.Epoch, p.m.Zxid, p.m.Commit, p.m.Entry.Zxid, p.m.Vote)
		}
		v.node.Step(s.now, p.m)
	}
	s.after(v)
}

func (s *sim) after(v *server) {
	if s.onAppend != nil && v.node != nil {
		s.onAppend(v.disk)
	}
}

// run lets the world go on until a time.
func (s *sim) run(until time.Time) {
	propose := s.now.Add(s.plan.proposeEvery)
	for {
		// The earliest of: a proposal, a server's timer, a delivery.
		at, what := propose, func() { propose = s.now.Add(s.duration(s.plan.proposeEvery)); s.clients() }
		for _, v := range s.servers {
			if v.node == nil || v.paused {
				continue
			}
			if next := v.node.Next(); next.Before(at) {
				at, what = next, func() { v.node.Tick(s.now); s.after(v) }
			}
			for _, from := range s.ids {
				l := s.links[[2]int{from, v.id}]
				if len(l.queue) > 0 && !l.cut && l.queue[0].at.Before(at) {
					at, what = l.queue[0].at, func() { s.deliver(l) }
				}
			}
		}
		s.loseToTheDead()
		if at.After(until) {
			s.now = until
			return
		}
		if at.After(s.now) {
			s.now = at
		}
		what()
	}
}

// loseToTheDead drops what is sent to servers that do not run.
func (s *sim) loseToTheDead() {
	for _, v := range s.servers {
		if v.node != nil {
			continue
		}
		for _, from := range s.ids {
			l := s.links[[2]int{from, v.id}]
			for len(l.queue) > 0 && !l.cut && !l.queue[0].at.After(s.now) {
				s.deliver(l)
			}
		}
	}
}

func (s *sim) duration(mean time.Duration) time.Duration {
	return time.Duration(s.rnd.Int64N(2*int64(mean)) + 1)
}

// clients propose, at the leaders and through learners.
func (s *sim) clients() {
	for _, v := range s.servers {
		if v.node == nil || v.paused || !v.app.serving {
			continue
		}
		a := v.app
		switch {
		case a.role == Leading:
			for range 1 + s.rnd.IntN(4) {
				if !a.serving {
					break
				}
				s.propose(a)
			}
			if a.serving && s.rnd.IntN(10) == 0 {
				a.tellPlace()
			}
		case s.rnd.IntN(len(s.servers)) == 0:
			a.report(true)
		}
		if a.serving && s.rnd.IntN(20) == 0 {
			a.report(false)
		}
		s.after(v)
	}
	s.checkDisk(s.servers[s.rnd.IntN(len(s.servers))].disk)
}

// checkDisk compares what a server knows to be committed with what is.
func (s *sim) checkDisk(d *Disk) {
	base := d.base.(*tally)
	s.checkPosition(0, base.count, base.zxid)
	known := d.Committed()
	if base.count+len(known) > len(s.global) {
		violated("a server takes more for committed than is")
	}
	if !slices.Equal(known, s.global[base.count:base.count+len(known)]) {
		violated("a server takes other entries for committed than are")
	}
}

// harm injects a random fault, or ends one.
func (s *sim) harm() {
	v := s.servers[s.rnd.IntN(len(s.servers))]
	if s.rnd.IntN(2) == 0 { // leaders are worth it
		for _, o := range s.servers {
			if o.node != nil && o.app.serving && o.app.role == Leading {
				v = o
			}
		}
	}
	switch s.rnd.IntN(12) {
	case 0, 1:
		v.crash()
	case 2:
		for _, o := range s.servers {
			o.crash()
		}
	case 3, 4:
		for _, o := range s.servers {
			o.start()
		}
	case 5:
		if v.node != nil {
			s.log("server %d is paused", v.id)
			v.paused = true
			s.used.Pauses++
		}
	case 6, 7:
		for _, o := range s.servers {
			o.resume()
		}
	case 8:
		s.used.SlowDisks++
		v.disk.SetDelay(s.duration(s.plan.tick))
	case 9:
		s.cut()
	case 10:
		s.heal()
	case 11:
		l := s.links[[2]int{v.id, s.ids[s.rnd.IntN(len(s.ids))]}]
		l.slow = s.duration(s.plan.tick)
	}
}

func (v *server) resume() {
	if !v.paused {
		return
	}
	s := v.s
	s.log("server %d resumes", v.id)
	v.paused = false
	for _, from := range s.ids {
		l := s.links[[2]int{from, v.id}]
		for v.node != nil && len(l.queue) > 0 && !l.cut && !l.queue[0].at.After(s.now) {
			s.deliver(l)
		}
	}
	v.node.Tick(s.now)
	s.after(v)
}

// cut cuts links: one way, one server off, or the ensemble in two.
func (s *sim) cut() {
	s.used.Cuts++
	v, kind := s.ids[s.rnd.IntN(len(s.ids))], s.rnd.IntN(4)
	side := s.rnd.Uint64()
	for _, from := range s.ids {
		for _, to := range s.ids {
			var cut bool
			switch kind {
			case 0:
				cut = from == v && s.rnd.IntN(2) == 0
			case 1:
				cut = to == v && s.rnd.IntN(2) == 0
			case 2:
				cut = from == v || to == v
			case 3:
				cut = side>>from&1 != side>>to&1
			}
			if cut {
				s.log("cut %d to %d", from, to)
				s.links[[2]int{from, to}].cut = true
			}
		}
	}
}

// heal lets flow again what was held back.
func (s *sim) heal() {
	s.log("heal")
	for _, from := range s.ids {
		for _, to := range s.ids {
			l := s.links[[2]int{from, to}]
			l.slow = 0
			if !l.cut {
				continue
			}
			l.cut = false
			for i := range l.queue {
				if at := s.now.Add(s.latency()); l.queue[i].at.Before(at) {
					l.queue[i].at = at
				}
				if i > 0 && l.queue[i].at.Before(l.queue[i-1].at) {
					l.queue[i].at = l.queue[i-1].at
				}
			}
		}
	}
}

// recovery is how many ticks after the end of all faults everybody must serve.
const recovery = 60

// runSeed plays a whole run and gives the violation, if there was one.
func (s *sim) play() (err error) {
	defer func() {
		if r := recover(); r != nil {
			if v, ok := r.(violation); ok {
				err = fmt.Errorf("at %v: %s", s.now.Sub(epochStart), v)
				return
			}
			if text, ok := r.(string); ok && len(text) > 4 && text[:4] == "zab:" {
				err = fmt.Errorf("at %v: panic: %s", s.now.Sub(epochStart), text)
				return
			}
			panic(r)
		}
	}()
	s.log("%+v", s.plan)
	for _, v := range s.servers {
		v.start()
	}
	for end := s.now.Add(s.plan.faults); s.now.Before(end); {
		s.run(s.now.Add(s.duration(s.plan.faultEvery)))
		s.harm()
	}
	s.log("all faults end")
	s.heal()
	for _, v := range s.servers {
		v.disk.SetDelay(0)
		v.resume()
		v.start()
	}
	end := s.now
	for !s.allServe() {
		if s.now.Sub(end) > recovery*s.plan.tick {
			violated("not all serve %d ticks after the end of the faults", recovery)
		}
		s.run(s.now.Add(s.plan.tick / 4))
	}
	s.used.Recovery = s.now.Sub(end)
	s.run(s.now.Add(5 * s.plan.tick))
	if !s.allServe() {
		violated("not all go on to serve")
	}
	s.converge()
	s.used.Elections = len(s.leaderOf)
	return nil
}

func (s *sim) allServe() bool {
	for _, v := range s.servers {
		if v.node == nil || v.node.Role() == Looking {
			return false
		}
	}
	return true
}

// converge checks that a last proposal reaches all, and all are the same then.
func (s *sim) converge() {
	s.plan.proposeEvery = time.Hour
	s.run(s.now.Add(s.plan.tick))
	before := len(s.global)
	leaders := 0
	for _, v := range s.servers {
		if v.app.role == Leading {
			leaders++
			v.node.Propose(func(int64) any { s.proposals++; return s.proposals })
		}
	}
	if leaders != 1 {
		violated("%d lead in the end", leaders)
	}
	s.run(s.now.Add(2 * s.plan.tick))
	if len(s.global) <= before {
		violated("nothing is committed in the end")
	}
	seen := make(map[any]bool)
	for _, e := range s.global {
		if seen[e.Data] {
			violated("%v was committed twice", e.Data)
		}
		seen[e.Data] = true
	}
	first := s.servers[0].app.state
	for _, v := range s.servers {
		s.checkDisk(v.disk)
		if *v.app.state != *first || v.app.state.count != len(s.global) {
			violated("server %d ends with %+v, server 1 with %+v, of %d", v.id, *v.app.state, *first, len(s.global))
		}
		if v.disk.LastZxid() != first.zxid || v.disk.LastCommitted() != first.zxid {
			violated("server %d ends with a log up to %#x", v.id, v.disk.LastZxid())
		}
	}
}
