package zab

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// The simulation has servers, disks, links, clients and faults under a virtual clock, all drawn from
// one seed, and a judge that checks every call of App.

// sim is one run of the simulation.
type sim struct {
	rnd     *rand.Rand
	now     time.Time
	servers []*server
	links   [][]link // by sender and receiver
	ids     []int
	voters  []int
	plan    plan
	quiet   bool // clients are done
	trace   func(format string, args ...any)
	sabotage

	// This is what the judge knows.
	global      []Entry       // the committed entries, in order
	under       []int64       // for each entry, the epoch of the leader that committed it first
	leaderOf    map[int64]int // the server that led in each epoch
	established map[int64]int // how much was committed when each epoch began
	proposals   int
	used        coverage
}

// plan describes a run.
type plan struct {
	voters, observers    int
	tick                 time.Duration
	initLimit, syncLimit int
	keep                 int
	faults               time.Duration // how long
	faultEvery           time.Duration
	proposeEvery         time.Duration
	latency              time.Duration
	wild                 bool // servers follow whom they like: safety must not depend on elections
	files                bool // a crash is one of the whole process, and files outlive it
	changes              int  // one in how many entries changes the members; 0: none
	ambush               int  // one in how many messages of the phases before broadcast meets a fault; 0: none
}

// coverage counts what happened.
type coverage struct {
	Commits, Elections, Diffs, Truncs, Snaps, Crashes, Pauses, Cuts, SlowDisks, Deposed, Changes, Unforced, Lost int
	Recovery                                                                                                     time.Duration
}

// add adds up what happened in two runs.
func (c *coverage) add(o coverage) {
	c.Commits += o.Commits
	c.Elections += o.Elections
	c.Diffs += o.Diffs
	c.Truncs += o.Truncs
	c.Snaps += o.Snaps
	c.Crashes += o.Crashes
	c.Pauses += o.Pauses
	c.Cuts += o.Cuts
	c.SlowDisks += o.SlowDisks
	c.Deposed += o.Deposed
	c.Changes += o.Changes
	c.Unforced += o.Unforced
	c.Lost += o.Lost
	c.Recovery = max(c.Recovery, o.Recovery)
}

// sabotage plants a defect.
type sabotage struct {
	onSend  func(m *Message) bool // false: the message is lost
	onCall  func(d *Disk)         // after each call of a node
	onCrash func(d *Disk)         // before data that is not durable is dropped
	power   bool                  // no defect: a crash is one of the machine, which loses its power
}

// server is one server: its disk, and while it is alive its node.
type server struct {
	s      *sim
	id     int
	disk   *Disk
	files  *paper // nil if the disk is all
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

func (s *sim) log(format string, args ...any) {
	if s.trace != nil {
		s.trace("%v "+format, append([]any{s.now.Sub(epochStart)}, args...)...)
	}
}

var epochStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// drawPlan draws the plan of a run.
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
		latency:      []time.Duration{time.Millisecond, 5 * time.Millisecond, 30 * time.Millisecond}[rnd.IntN(3)],
		wild:         rnd.IntN(3) == 0,
		ambush:       []int{0, 300, 50, 15}[rnd.IntN(4)],
		files:        rnd.IntN(2) == 0,
	}
}

func newSim(seed uint64, p *plan) *sim {
	s := &sim{
		rnd: rand.New(rand.NewPCG(seed, 1)), now: epochStart,
		leaderOf: make(map[int64]int), established: make(map[int64]int),
	}
	s.plan = drawPlan(s.rnd)
	if p != nil {
		s.plan = *p
	}
	for id := 1; id <= s.plan.voters+s.plan.observers; id++ {
		s.ids = append(s.ids, id)
	}
	s.voters = s.ids[:s.plan.voters]
	s.links = make([][]link, len(s.ids)+1)
	for i := range s.links {
		s.links[i] = make([]link, len(s.ids)+1)
	}
	for _, id := range s.ids {
		d := NewDisk(&tally{})
		d.Keep = s.plan.keep
		v := &server{s: s, id: id, disk: d}
		if s.plan.files {
			v.files = newPaper()
			d.files = v.files
		}
		s.servers = append(s.servers, v)
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
}

func (s *sim) latency() time.Duration {
	return s.duration(s.plan.latency / 2)
}

func (s *sim) send(m Message) {
	if m.From == m.To {
		violated("server %d sends %v to itself", m.From, m.Kind)
	}
	if s.plan.wild && m.Kind == Notify {
		return
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
	l := &s.links[m.From][m.To]
	at := s.now.Add(s.latency() + l.slow)
	if n := len(l.queue); n > 0 && l.queue[n-1].at.After(at) {
		at = l.queue[n-1].at
	}
	l.queue = append(l.queue, parcel{at: at, m: m})
}

// deliver delivers the next parcel of a link.
func (s *sim) deliver(l *link) {
	p := l.queue[0]
	l.queue = l.queue[1:]
	v := s.servers[p.m.To-1]
	if v.node == nil {
		if p.m.Kind == Connect && !p.reset && s.rnd.IntN(2) == 0 {
			s.send(Message{From: p.m.To, To: p.m.From, Kind: Close, Conn: p.m.Conn}) // nothing listens there
		}
		return
	}
	if p.reset {
		s.log("server %d hears that its connection to %d broke", v.id, p.m.From)
		v.node.PeerReset(p.m.From)
	} else {
		if p.m.Kind != Ping && p.m.Kind != Pong {
			s.log("%d to %d: %v %v epoch %d zxid %#x commit %#x entry %#x %+v", p.m.From, v.id, p.m.Kind, p.m.Conn, p.m.Epoch, p.m.Zxid, p.m.Commit, p.m.Entry.Zxid, p.m.Vote)
		}
		v.node.Step(s.now, p.m)
	}
	s.after(v)
	s.maybeAmbush(v, p.m)
}

func (s *sim) after(v *server) {
	if s.onCall != nil && v.node != nil {
		s.onCall(v.disk)
	}
}

// run advances the simulation to a time.
func (s *sim) run(until time.Time) {
	propose := s.now.Add(s.plan.proposeEvery)
	for {
		// The next event is the earliest of a proposal, a server's timer and a delivery.
		at, what := propose, func() { propose = s.now.Add(s.duration(s.plan.proposeEvery)); s.clients() }
		for _, v := range s.servers {
			if v.node == nil || v.paused {
				continue
			}
			if next := v.node.Next(); next.Before(at) {
				at, what = next, func() { v.node.Tick(s.now); s.after(v) }
			}
			for _, from := range s.ids {
				l := &s.links[from][v.id]
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
			l := &s.links[from][v.id]
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
	if s.quiet {
		return
	}
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
	if s.plan.wild {
		s.decideWildly()
	}
}

// decideWildly makes a looking server follow one of the other two, or lead.
func (s *sim) decideWildly() {
	v := s.servers[s.rnd.IntN(len(s.servers))]
	if v.node == nil || v.paused || v.node.role != Looking || !v.node.started {
		return
	}
	era := int(s.now.Sub(epochStart) / (5 * s.plan.tick))
	leader := s.voters[(era+s.rnd.IntN(2))%len(s.voters)]
	v.node.enter(s.now)
	v.node.decide(leader)
	v.node.leave()
	s.after(v)
}

// recovery is how many ticks after the end of all faults everybody must serve.
const recovery = 30

// play plays a whole run and returns the violation, if there was one.
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
	s.plan.ambush, s.plan.wild, s.plan.changes = 0, false, 0
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
