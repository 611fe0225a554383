package zab

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const tick = 100 * time.Millisecond

// calm returns an ensemble without faults other than those of the test.
func calm(t *testing.T, voters, observers int) *sim {
	t.Helper()
	s := newSim(1, &plan{
		voters: voters, observers: observers, tick: tick, initLimit: 10, syncLimit: 3,
		proposeEvery: time.Hour, latency: time.Millisecond,
	})
	s.quiet = true
	for _, v := range s.servers {
		v.start()
	}
	return s
}

// serving is like calm, but returns once all servers serve.
func serving(t *testing.T, voters, observers int) *sim {
	s := calm(t, voters, observers)
	s.until(t, 20*time.Millisecond, "all serve", s.allServe)
	return s
}

// until runs the simulation until a condition holds, which must be within limit, and returns the time
// that this took.
func (s *sim) until(t *testing.T, limit time.Duration, what string, holds func() bool) time.Duration {
	t.Helper()
	began := s.now
	for !holds() {
		if s.now.Sub(began) > limit {
			t.Fatalf("not within %v: %s", limit, what)
		}
		s.run(s.now.Add(time.Millisecond))
	}
	return s.now.Sub(began)
}

func (s *sim) node(id int) *Node { return s.servers[id-1].node }

func (s *sim) put(id, count int) {
	for range count {
		s.propose(s.servers[id-1].app)
	}
}

func (s *sim) role(id int, role Role) func() bool {
	return func() bool { return s.node(id).Role() == role }
}

// isolate cuts a server off.
func (s *sim) isolate(id int) {
	for _, o := range s.ids {
		s.links[id][o].cut, s.links[o][id].cut = true, true
	}
}

func TestStart(t *testing.T) {
	for _, size := range [][2]int{{1, 0}, {1, 2}, {2, 0}, {3, 0}, {3, 2}, {5, 0}, {7, 1}} {
		s := calm(t, size[0], size[1])
		took := s.until(t, 20*time.Millisecond, "all serve", s.allServe)
		t.Logf("%v: %v", size, took)
		if got := s.node(size[0]); got.Role() != Leading || got.Epoch() != 1 || got.Leader() != size[0] {
			t.Errorf("%v: server %d is %v in epoch %d", size, size[0], got.Role(), got.Epoch())
		}
		for id := size[0] + 1; id <= size[0]+size[1]; id++ {
			if got := s.node(id).Role(); got != Observing {
				t.Errorf("%v: server %d is %v", size, id, got)
			}
		}
	}
}

func TestMinorityDoesNotServe(t *testing.T) {
	s := newSim(1, &plan{voters: 3, observers: 1, tick: tick, initLimit: 2, syncLimit: 2, proposeEvery: time.Hour, latency: time.Millisecond})
	s.servers[0].start()
	s.servers[3].start()
	s.run(s.now.Add(100 * tick))
	for _, id := range []int{1, 4} {
		n := s.node(id)
		if n.Role() != Looking || n.Leader() != 0 || n.Epoch() != 0 || n.Propose(nil) != 0 || n.SendLeader(1) || n.SendLearner(1, 1) {
			t.Errorf("server %d alone: %+v", id, n.Status())
		}
	}
}

func TestLeaderIsKilled(t *testing.T) {
	s := serving(t, 3, 0)
	s.put(3, 10)
	s.run(s.now.Add(10 * time.Millisecond))
	s.servers[2].crash()
	took := s.until(t, tick/2, "server 2 leads", s.role(2, Leading))
	t.Logf("the next one leads after %v", took)
	s.servers[2].start()
	s.until(t, tick/2, "server 3 follows", s.role(3, Following))
	if s.used.Snaps != 0 || s.used.Truncs != 0 {
		t.Errorf("%+v", s.used)
	}
}

func TestLeaderIsCutOff(t *testing.T) {
	s := serving(t, 3, 0)
	s.isolate(3)
	s.put(3, 5) // no other server hears of these entries
	s.until(t, (3+3)*tick, "server 3 gives up", s.role(3, Looking))
	s.until(t, tick, "server 2 leads", s.role(2, Leading))
	if got := s.node(3).disk.LastCommitted(); got != 0 {
		t.Errorf("server 3 committed %#x alone", got)
	}
	s.put(2, 1)
	s.run(s.now.Add(10 * time.Millisecond))
	s.heal()
	// This is one tick more than until its votes are sent again.
	s.until(t, 3*tick, "server 3 follows", s.role(3, Following))
	if s.used.Truncs != 1 {
		t.Errorf("%d truncations", s.used.Truncs)
	}
	if diff := cmp.Diff(zxids(s.node(2).disk.log), zxids(s.node(3).disk.log)); diff != "" {
		t.Errorf("logs differ:\n%s", diff)
	}
}

func TestFollowerIsCutOff(t *testing.T) {
	s := serving(t, 3, 1)
	s.isolate(1)
	s.isolate(4)
	s.until(t, (3+1)*tick, "server 1 gives up", s.role(1, Looking))
	s.until(t, tick, "server 4 gives up", s.role(4, Looking))
	s.until(t, 3*tick, "the leader drops both", func() bool { return s.node(3).Status().Learners == 1 })
	s.run(s.now.Add(20 * tick))
	if got := s.node(3); got.Role() != Leading || got.Epoch() != 1 {
		t.Errorf("server 3 is %v in epoch %d", got.Role(), got.Epoch())
	}
}

// A leader that was paused and deposed claims to lead for up to a tick after it
// resumes, since its loop looks at the followers once a tick.
func TestDeposedLeaderResumes(t *testing.T) {
	s := serving(t, 3, 0)
	s.servers[2].pause()
	s.until(t, 6*tick, "server 2 leads", s.role(2, Leading))
	s.run(s.now.Add(20 * tick))
	s.servers[2].resume()
	if got := s.node(3).Role(); got != Leading {
		t.Fatalf("server 3 is %v at once", got)
	}
	claimed := s.until(t, tick, "server 3 gives up", s.role(3, Looking))
	if claimed < tick/2-time.Millisecond {
		t.Errorf("server 3 claimed to lead only for %v", claimed)
	}
	s.until(t, tick, "server 3 follows", s.role(3, Following))
}

func TestShortPauseChangesNothing(t *testing.T) {
	for id := 1; id <= 4; id++ {
		s := serving(t, 3, 1)
		s.servers[id-1].pause()
		s.run(s.now.Add(2 * tick))
		s.servers[id-1].resume()
		s.run(s.now.Add(10 * tick))
		if !s.allServe() || s.node(3).Epoch() != 1 {
			t.Errorf("server %d paused: epoch %d", id, s.node(3).Epoch())
		}
	}
}

func TestSnapshotForWhoLagsTooFar(t *testing.T) {
	s := serving(t, 3, 1)
	for _, v := range s.servers {
		v.disk.Keep = 5
	}
	s.servers[0].crash()
	s.servers[3].crash()
	s.put(3, 50)
	s.run(s.now.Add(10 * time.Millisecond))
	s.servers[0].start()
	s.servers[3].start()
	s.until(t, tick, "all serve", s.allServe)
	if s.used.Snaps != 2 {
		t.Errorf("%d snapshots", s.used.Snaps)
	}
	s.put(3, 1)
	s.run(s.now.Add(10 * time.Millisecond))
	for _, v := range s.servers {
		if got := v.app.state.count; got != 51 {
			t.Errorf("server %d has %d entries", v.id, got)
		}
		if got := len(v.disk.log); got != 5 {
			t.Errorf("server %d keeps %d entries", v.id, got)
		}
	}
}

func TestSlowDisks(t *testing.T) {
	s := serving(t, 3, 0)
	delay := func(ids ...int) {
		for _, id := range ids {
			s.servers[id-1].disk.SetDelay(50 * time.Millisecond)
		}
	}
	committed := func(count int64) func() bool {
		return func() bool { return counterOf(s.node(3).LastCommitted()) == count }
	}
	delay(3) // the leader's own disk is not needed
	s.put(3, 1)
	s.until(t, 5*time.Millisecond, "committed", committed(1))
	delay(1, 2)
	s.put(3, 1)
	if took := s.until(t, 60*time.Millisecond, "committed", committed(2)); took < 50*time.Millisecond {
		t.Errorf("committed after %v", took)
	}
}

// A follower whose disk hangs acknowledges nothing, and the leader gives it up.
func TestHangingDisk(t *testing.T) {
	s := serving(t, 3, 0)
	s.servers[0].disk.SetDelay(time.Hour)
	s.put(3, 1)
	s.until(t, 6*tick, "the leader gives server 1 up", s.role(1, Looking))
	if got := s.node(3).Role(); got != Leading {
		t.Errorf("server 3 is %v", got)
	}
}

func TestCounterRollsOver(t *testing.T) {
	s := serving(t, 3, 1)
	s.put(3, 1)
	s.run(s.now.Add(10 * time.Millisecond))
	last := zx(1, counterLimit-2)
	s.node(3).leading.lastProposed, s.global[0].Zxid = last, last
	for _, v := range s.servers {
		v.disk.log[0].Zxid, v.disk.durable, v.node.applied, v.app.state.zxid = last, last, last, last
	}
	if got := s.node(3).NextZxid(); got != last+1 {
		t.Fatalf("next is %#x", got)
	}
	s.put(3, 1)
	s.run(s.now.Add(10 * time.Millisecond))
	if got := s.node(3).LastCommitted(); got != last+1 {
		t.Fatalf("committed %#x", got)
	}
	if got := s.node(3).NextZxid(); got != 0 {
		t.Fatalf("next is %#x", got)
	}
	s.put(3, 2)
	if got := s.node(3).Role(); got != Looking {
		t.Fatalf("server 3 is %v", got)
	}
	s.until(t, 2*tick, "all serve", s.allServe)
	for _, v := range s.servers {
		if v.app.role == Leading {
			s.put(v.id, 1)
		}
	}
	s.run(s.now.Add(10 * time.Millisecond))
	for _, v := range s.servers {
		if got := v.node.LastCommitted(); got != zx(2, 1) {
			t.Errorf("server %d ends at %#x", v.id, got)
		}
	}
}

func TestStatus(t *testing.T) {
	s := serving(t, 3, 1)
	n := s.node(3)
	s.isolate(3)
	s.put(3, 2)
	got := n.Status()
	got.Since, got.ElectionTime = time.Time{}, 0
	want := Status{
		Role: Leading, Phase: Broadcast, Leader: 3, Epoch: 1, Round: 1, Reason: "started",
		Learners: 3, SyncedFollowers: 2, SyncedObservers: 1, Outstanding: 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n.LastProposed() != zx(1, 2) || n.LastCommitted() != 0 || s.node(1).LastProposed() != 0 {
		t.Errorf("proposed %#x, committed %#x", n.LastProposed(), n.LastCommitted())
	}
	s.run(s.now.Add(10 * tick))
	if got := n.Status(); got.Phase != Election || got.Reason != "no quorum of followers in sync" || n.Role() != Looking {
		t.Errorf("%+v", got)
	}
}

// recorder is an App that keeps what its node sends.
type recorder struct {
	direct
	sent []Message
}

func (r *recorder) Send(m Message) { r.sent = append(r.sent, m) }

func (r *recorder) last(kind Kind) (last Message) {
	for _, m := range r.sent {
		if m.Kind == kind {
			last = m
		}
	}
	return last
}

// lone returns server 1 of three, without the others.
func lone(d *Disk) (*Node, *recorder) {
	r := &recorder{}
	n := NewNode(Config{ID: 1, Voters: []int{1, 2, 3}, Tick: tick, InitLimit: 10, SyncLimit: 3}, d, r)
	n.Tick(epochStart)
	return n, r
}

func (n *Node) hears(m Message) {
	m.To = n.cfg.ID
	n.Step(n.now, m)
}

// electing lets server 1 hear that 2 and 3 vote for somebody.
func (n *Node) electing(leader int) {
	for _, from := range []int{2, 3} {
		n.hears(Message{Kind: Notify, From: from, Vote: &Notification{Round: n.round, Vote: Vote{Leader: leader, Epoch: 9}}})
	}
}

func TestPromises(t *testing.T) {
	d := NewDisk(&tally{})
	d.accepted, d.current = 5, 4
	n, r := lone(d)
	offer := func(leader int, epoch int64) Message {
		r.sent = nil
		n.electing(leader)
		call := r.last(Connect)
		if call.To != leader || call.Epoch != d.accepted {
			t.Fatalf("calls %+v", call)
		}
		n.hears(Message{Kind: NewEpoch, From: leader, Conn: call.Conn, Epoch: epoch})
		answer := r.last(AckEpoch)
		n.PeerReset(leader)
		return answer
	}
	if got := offer(2, 6); got.Epoch != 4 || got.To != 2 || d.accepted != 6 {
		t.Errorf("a later epoch: %+v, accepted %d", got, d.accepted)
	}
	if got := offer(3, 6); got.Epoch != noPromise || got.To != 3 {
		t.Errorf("the same epoch again: %+v", got)
	}
	if got := offer(2, 5); got.To != 0 || d.accepted != 6 {
		t.Errorf("an earlier epoch: %+v, accepted %d", got, d.accepted)
	}
}

func TestNewEpochIsTheHighestAccepted(t *testing.T) {
	n, r := lone(NewDisk(&tally{}))
	n.electing(1)
	n.hears(Message{Kind: Connect, From: 2, Conn: Conn{2, 1, 1}, Epoch: 7})
	if got := r.last(NewEpoch); got.Epoch != 8 || got.To != 2 || n.disk.accepted != 8 {
		t.Fatalf("offers %+v, accepted %d", got, n.disk.accepted)
	}
	n.hears(Message{Kind: Connect, From: 3, Conn: Conn{3, 1, 1}, Epoch: 9})
	if n.role != Looking {
		t.Errorf("goes on with epoch 8, which server 3 cannot accept")
	}
}

func TestLeaderStepsBackForAMoreRecentLog(t *testing.T) {
	for _, tt := range []struct {
		epoch, zxid int64
		back        bool
	}{
		{0, 0, false}, {1, zx(1, 2), false}, {1, zx(1, 1), false}, {1, zx(1, 3), true}, {2, zx(1, 1), true}, {noPromise, zx(1, 3), false},
	} {
		d := diskOf(0, 0, zx(1, 1), zx(1, 2))
		d.current, d.accepted = 1, 1
		n, _ := lone(d)
		n.electing(1)
		n.hears(Message{Kind: Connect, From: 2, Conn: Conn{2, 1, 1}, Epoch: 1})
		n.hears(Message{Kind: AckEpoch, From: 2, Conn: Conn{2, 1, 1}, Epoch: tt.epoch, Zxid: tt.zxid})
		if back := n.role == Looking; back != tt.back {
			t.Errorf("log (%d, %#x): steps back %v", tt.epoch, tt.zxid, back)
		}
	}
}

// If the epoch were set before the log is durable, a crash could leave a short log that looks more
// recent than the longer ones of others.
func TestLeaderWaitsForItsOwnDisk(t *testing.T) {
	d := diskOf(0, 0, zx(1, 1))
	d.current, d.accepted = 1, 1
	d.SetDelay(tick)
	d.append(Entry{Zxid: zx(1, 2), Data: 1})
	n, r := lone(d)
	n.electing(1)
	n.hears(Message{Kind: Connect, From: 2, Conn: Conn{2, 1, 1}, Epoch: 1})
	n.hears(Message{Kind: AckEpoch, From: 2, Conn: Conn{2, 1, 1}, Epoch: 1})
	if d.current != 1 || r.last(NewLeader).To != 0 {
		t.Fatalf("current epoch %d before the log is durable", d.current)
	}
	for n.Next().Before(epochStart.Add(2 * tick)) {
		n.Tick(n.Next())
	}
	if d.current != 2 || r.last(NewLeader).To != 2 {
		t.Fatalf("current epoch %d after the log is durable", d.current)
	}
	if n.applied != 0 || n.serving {
		t.Fatalf("committed up to %#x before anybody has its log", n.applied)
	}
	n.hears(Message{Kind: AckLeader, From: 2, Conn: Conn{2, 1, 1}, Zxid: zx(1, 2)})
	if n.applied != zx(1, 2) || n.Role() != Leading {
		t.Fatalf("committed up to %#x with a quorum", n.applied)
	}
}

// The same applies to a follower: the leader counts its acknowledgement as a copy that survives any
// crash.
func TestFollowerWaitsForItsOwnDisk(t *testing.T) {
	d := NewDisk(&tally{})
	d.SetDelay(tick)
	n, r := lone(d)
	n.electing(3)
	conn := r.last(Connect).Conn
	n.hears(Message{Kind: NewEpoch, From: 3, Conn: conn, Epoch: 1})
	n.hears(Message{Kind: NewLeader, From: 3, Conn: conn, Sync: &Sync{Entries: entries(zx(1, 1))}})
	for n.Next().Before(epochStart.Add(tick)) {
		n.Tick(n.Next())
	}
	n.Tick(epochStart.Add(tick - 1))
	if r.last(AckLeader).To != 0 || d.current != 0 {
		t.Error("answers before the log is durable")
	}
	n.Tick(epochStart.Add(tick))
	if got := r.last(AckLeader); got.Zxid != zx(1, 1) || d.current != 1 {
		t.Errorf("answers %+v in epoch %d", got, d.current)
	}
}

func TestConnectionsAreNeverTheSame(t *testing.T) {
	d := NewDisk(&tally{})
	seen := make(map[Conn]bool)
	for range 3 {
		n, r := lone(d)
		for range 3 {
			n.electing(3)
			seen[r.last(Connect).Conn] = true
			n.PeerReset(3)
		}
	}
	if len(seen) != 9 {
		t.Errorf("%d names for 9 connections", len(seen))
	}
}

func TestRefusal(t *testing.T) {
	n, r := lone(NewDisk(&tally{}))
	call := Message{Kind: Connect, From: 3, Conn: Conn{3, 1, 1}}
	n.hears(call)
	if got := r.last(Close); got.To != 0 {
		t.Errorf("refuses while it may yet be elected: %+v", got)
	}
	n.electing(2)
	if got := r.last(Close); got.To != 3 || got.Conn != call.Conn {
		t.Errorf("follows another: %+v", got)
	}
	over := Message{Kind: Ping, From: 3, Conn: Conn{1, 1, 99}}
	n.hears(over)
	if got := r.last(Close); got.To != 3 || got.Conn != over.Conn {
		t.Errorf("to a connection that is over: %+v", got)
	}

	// A refused server tries again for a while.
	calls := 0
	for n.role == Following && calls < 100 {
		calls++
		conn := r.last(Connect).Conn
		n.hears(Message{Kind: Close, From: 2, Conn: conn})
		for n.role == Following && r.last(Connect).Conn == conn {
			n.Tick(n.Next())
		}
	}
	if took := n.now.Sub(epochStart); calls < 5 || calls == 100 || took < refusals*tick || took > (refusals+1)*tick {
		t.Errorf("gives up after %d calls, %v", calls, took)
	}
}

// A dead leader must not be elected again just because its followers still vote for it.
func TestLeaderMustSayItself(t *testing.T) {
	n, r := lone(NewDisk(&tally{}))
	word := func(from int, role Role) {
		n.hears(Message{Kind: Notify, From: from, Vote: &Notification{Role: role, Round: 7, Vote: Vote{Leader: 3}}})
	}
	word(2, Following)
	word(3, Following)
	n.Tick(epochStart.Add(tick))
	if n.role != Looking {
		t.Fatal("follows a leader that said nothing")
	}
	word(3, Leading)
	if n.role != Following || n.leader != 3 || n.round != 7 || r.last(Connect).To != 3 {
		t.Errorf("%v of %d in round %d", n.role, n.leader, n.round)
	}
}

func TestBetterVotesAreAwaited(t *testing.T) {
	n, r := lone(NewDisk(&tally{}))
	vote := func(from int, v Vote) {
		n.hears(Message{Kind: Notify, From: from, Vote: &Notification{Round: 1, Vote: v}})
	}
	vote(2, Vote{Leader: 2})
	if got := r.last(Notify).Vote.Vote; got.Leader != 2 || n.role != Looking {
		t.Fatalf("%v, votes %+v", n.role, got)
	}
	n.Tick(epochStart.Add(tick/5 - 1))
	if n.role != Looking {
		t.Fatal("does not wait for server 3")
	}
	vote(3, Vote{Leader: 3, Epoch: 1})
	if got := r.last(Notify).Vote.Vote; got.Leader != 3 {
		t.Fatalf("votes %+v", got)
	}
	if n.role != Following || n.leader != 3 {
		t.Errorf("%v of %d, though all were heard and two agree", n.role, n.leader)
	}

	n, _ = lone(NewDisk(&tally{}))
	vote(2, Vote{Leader: 2})
	n.Tick(epochStart.Add(tick / 5))
	if n.role != Following || n.leader != 2 {
		t.Errorf("%v of %d after the wait", n.role, n.leader)
	}
}

func TestVoteOrder(t *testing.T) {
	ordered := []Vote{{}, {Leader: 1}, {Leader: 2}, {Leader: 1, Zxid: 1}, {Leader: 3, Zxid: 1}, {Leader: 1, Epoch: 1}, {Leader: 1, Epoch: 1, Zxid: 1}}
	for i, a := range ordered {
		for j, b := range ordered {
			if a.better(b) != (i > j) {
				t.Errorf("%+v better than %+v: %v", a, b, a.better(b))
			}
		}
	}
}

// Useless messages are ignored: those for other servers, from unknown servers, and of connections that
// never existed or have ended.
func TestUselessMessages(t *testing.T) {
	s := serving(t, 3, 1)
	before := s.node(3).Status()
	useless := func(id, peer int, m Message) {
		m.Epoch, m.Zxid, m.Commit, m.Entry, m.Sync = 99, 1<<60, 1<<60, Entry{Zxid: 1 << 60}, &Sync{}
		for _, way := range []Message{
			{From: 9, To: id, Conn: Conn{9, 1, 1}},
			{From: 0, To: id},
			{From: peer, To: 9},
			{From: id, To: id, Conn: Conn{id, 1, 1}},
			{From: peer, To: id, Conn: Conn{id, 7, 1}},
			{From: peer, To: id, Conn: Conn{peer, 7, 1}},
		} {
			if m.Kind == Connect && way.From == peer && way.To == id {
				continue // the only kind that opens a connection
			}
			m.From, m.To, m.Conn = way.From, way.To, way.Conn
			s.node(id).Step(s.now, m)
		}
	}
	for _, id := range s.ids {
		for _, peer := range s.ids {
			for kind := Connect; kind <= Close+1 && peer != id; kind++ {
				useless(id, peer, Message{Kind: kind})
			}
		}
	}
	s.put(3, 1)
	s.run(s.now.Add(5 * tick))
	if got := s.node(1).LastCommitted(); got != zx(1, 1) {
		t.Errorf("committed %#x", got)
	}
	if diff := cmp.Diff(before, s.node(3).Status()); diff != "" || !s.allServe() {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// misuser calls its node from within App.
type misuser struct {
	direct
	node *Node
}

func (m *misuser) Serve(Role, int, int64) { m.node.Tick(epochStart) }

func TestMisuseIsLoud(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	m := &misuser{}
	m.node = NewNode(Config{ID: 1, Voters: []int{1}, Tick: tick, InitLimit: 1, SyncLimit: 1}, NewDisk(&tally{}), m)
	m.node.Tick(epochStart)
}

func TestNames(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{Looking.String(), "looking"},
		{Following.String(), "follower"},
		{Leading.String(), "leader"},
		{Observing.String(), "observer"},
		{Role(9).String(), "Role(9)"},
		{Election.String(), "election"},
		{Discovery.String(), "discovery"},
		{Synchronization.String(), "synchronization"},
		{Broadcast.String(), "broadcast"},
		{Phase(9).String(), "Phase(9)"},
		{Notify.String(), "Notify"},
		{Close.String(), "Close"},
		{Kind(-1).String(), "Kind(-1)"},
		{(Close + 1).String(), "Kind(15)"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s, want %s", tt.got, tt.want)
		}
	}
}
