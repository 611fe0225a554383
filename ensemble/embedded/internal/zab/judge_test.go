package zab

import (
	"fmt"
	"slices"
)

// The judge: App in the simulation compares every call with what is known to be
// committed.

// tally is the replicated state of the simulation.
type tally struct {
	count   int
	zxid    int64
	hash    uint64
	members *Members
}

func (t *tally) Apply(e Entry) {
	t.count++
	t.zxid = e.Zxid
	number, _ := e.Data.(int)
	if c, ok := e.Data.(changed); ok {
		number, t.members = c.number, c.members
	}
	t.hash = (t.hash ^ uint64(number)) * 1099511628211
}

func (t *tally) Members() *Members { return t.members }

// changed is the data of an entry that changes the members.
type changed struct {
	number  int
	members *Members
}

func (c changed) Members() *Members { return c.members }

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
	if a.s.onSend == nil || a.s.onSend(&m) {
		a.s.send(m)
	}
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
		if s.rnd.IntN(10) == 0 && !s.quiet {
			s.propose(a)
		}
	}
}

// extend adds an entry that nobody has committed before.
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
		if s.rnd.IntN(2) == 0 && !s.quiet {
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
	a.report(!s.quiet)
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

// report sends a report to the leader, which may be this server.
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
	next := s.drawMembers(a.node)
	a.node.Propose(func(zxid int64) any {
		s.proposals++
		if next == nil {
			return s.proposals
		}
		s.used.Changes++
		next.Version = zxid
		return changed{s.proposals, next}
	})
}

func (s *sim) checkPosition(id, count int, zxid int64) {
	if count > len(s.global) {
		violated("server %d has %d entries in its snapshot, of %d committed", id, count, len(s.global))
	}
	if count > 0 && s.global[count-1].Zxid != zxid {
		violated("server %d: number %d in its snapshot is %#x, not %#x", id, count, zxid, s.global[count-1].Zxid)
	}
}

// checkDisk compares what a server knows to be committed with what is committed.
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

// allServe reports whether all serve in the same epoch.
func (s *sim) allServe() bool {
	for _, v := range s.servers {
		if v.node == nil || v.node.Role() == Looking || v.node.Epoch() != s.servers[0].node.Epoch() {
			return false
		}
	}
	return true
}

// converge checks that a last proposal reaches all servers, which then have the same state.
func (s *sim) converge() {
	s.quiet = true
	s.run(s.now.Add(2 * s.plan.tick))
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
