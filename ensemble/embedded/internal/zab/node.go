package zab

import (
	"fmt"
	"time"
)

// Node is one server's part in replication. It has no locks: only one goroutine may use it at a time,
// and App must not call Step, Tick or PeerReset.
type Node struct {
	cfg        Config
	configured Members // until the log or the state names others
	disk       *Disk
	app        App

	now     time.Time
	started bool
	busy    bool // within a call from outside: App's calls leave the rest to it

	role    Role
	phase   Phase
	leader  int   // whom this server follows, itself when it leads, 0 when it looks
	epoch   int64 // of that leader, once known
	serving bool

	round     int64 // of elections: the logical clock
	election  election
	unsettled bool // another server knows of a change of the members
	tries     int  // connections made
	learning  learning
	leading   leading

	installed bool  // App has a state
	applied   int64 // zxid up to which it is

	local []any // payloads to itself

	began  time.Time // of the latest election
	took   time.Duration
	reason string // why the latest one began
}

// Phase is how far a server has come in an epoch.
type Phase int

// The phases, in their order.
const (
	Election        Phase = iota // it looks for a leader
	Discovery                    // the epoch is being agreed
	Synchronization              // a quorum takes over the leader's log
	Broadcast                    // entries are proposed and committed; the server serves
)

// String returns the name that mntr shows.
func (p Phase) String() string {
	switch p {
	case Election:
		return "election"
	case Discovery:
		return "discovery"
	case Synchronization:
		return "synchronization"
	case Broadcast:
		return "broadcast"
	}
	return fmt.Sprintf("Phase(%d)", int(p))
}

// String returns the name that srvr shows.
func (r Role) String() string {
	switch r {
	case Looking:
		return "looking"
	case Following:
		return "follower"
	case Leading:
		return "leader"
	case Observing:
		return "observer"
	}
	return fmt.Sprintf("Role(%d)", int(r))
}

// NewNode returns a node that looks for a leader as soon as it is told the time,
// by Step or Tick. No other node may use the disk any more. Install is called
// before the first Serve, not here.
func NewNode(cfg Config, disk *Disk, app App) *Node {
	disk.boots++
	return &Node{
		cfg: cfg, disk: disk, app: app,
		configured: Members{Voters: cfg.Voters, Observers: cfg.Observers},
		reason:     "started",
	}
}

// Step handles a message. Messages that are stale, or from unknown servers, have no effect.
func (n *Node) Step(now time.Time, m Message) {
	n.enter(now)
	if m.To == n.cfg.ID && m.From != n.cfg.ID && n.knows(m.From) {
		n.dispatch(m)
	}
	n.leave()
}

// Tick does what is due. It must be called at the time that Next returns, and may be called at any
// other time.
func (n *Node) Tick(now time.Time) {
	n.enter(now)
	switch n.role {
	case Looking:
		n.tickElection()
	case Leading:
		n.tickLeader()
	default:
		n.tickLearner()
	}
	n.leave()
}

// Next returns the time at which Tick wants to be called. It may have passed: then
// at once. Step, Tick, PeerReset and Propose change it.
func (n *Node) Next() time.Time {
	if !n.started {
		return n.now
	}
	var next time.Time
	switch n.role {
	case Looking:
		next = n.nextElection()
	case Leading:
		next = n.nextLeader()
	default:
		next = n.nextLearner()
	}
	if due, ok := n.disk.next(n.now); ok && due.Before(next) {
		next = due
	}
	return next
}

// PeerReset tells the node that the connection to a peer broke, because it was killed: what
// was under way to it and from it is lost.
func (n *Node) PeerReset(id int) {
	if !n.started {
		return
	}
	n.enter(n.now)
	switch n.role {
	case Looking:
		n.forgetVoter(id)
	case Leading:
		if l := n.learner(id); l != nil {
			n.drop(l)
		}
	default:
		if id == n.leader {
			n.look("the leader's connection broke")
		}
	}
	n.leave()
}

func (n *Node) enter(now time.Time) {
	if n.busy {
		panic("zab: App called Step, Tick or PeerReset of the node that called it")
	}
	n.busy = true
	if now.After(n.now) {
		n.now = now
	}
	if !n.started && !now.IsZero() {
		n.started = true
		n.startElection()
	}
	n.disk.advance(n.now)
}

func (n *Node) leave() {
	n.disk.advance(n.now)
	if n.role == Leading {
		n.leaderFlushed()
	}
	n.settle()
	n.busy = false
}

// settle hands out commits and what the server has to tell itself, one by one,
// since each may bring new ones.
func (n *Node) settle() {
	for {
		switch {
		case n.leading.exhausted:
			n.look("the epoch's zxids are used up")
		case len(n.local) > 0:
			payload := n.local[0]
			n.local = n.local[1:]
			n.app.Receive(n.cfg.ID, payload)
		case n.misplaced():
			n.look("its part in the ensemble has changed")
		case n.role == Leading && n.serving && n.leading.backed > n.disk.LastCommitted() && !n.deposed():
			n.commitNext()
		default:
			if n.role == Leading && n.serving {
				n.tellCommits()
			}
			return
		}
	}
}

func (n *Node) dispatch(m Message) {
	switch m.Kind {
	case Notify:
		n.notified(m)
	case Connect:
		n.connected(m)
	case Close:
		n.closed(m)
	default:
		if m.Conn.Learner == n.cfg.ID {
			n.fromLeader(m)
		} else {
			n.fromLearner(m)
		}
	}
}

func (n *Node) fromLeader(m Message) {
	if !n.onConn(m) {
		n.refuse(m)
		return
	}
	n.learning.heard = n.now
	switch m.Kind {
	case NewEpoch:
		n.promise(m)
	case NewLeader:
		n.takeOver(m)
	case UpToDate:
		n.startServing(m)
	case Propose:
		n.proposed(m)
	case Commit:
		n.committed(m.Zxid)
	case Inform:
		n.informed(m)
	case Ping:
		n.pinged()
	case Payload:
		n.app.Receive(m.From, m.Payload)
	}
}

func (n *Node) fromLearner(m Message) {
	l := n.learner(m.From)
	if n.role != Leading || l == nil || l.conn != m.Conn {
		n.refuse(m)
		return
	}
	l.heard, l.heardTick = n.now, n.leading.tick
	switch m.Kind {
	case AckEpoch:
		n.promised(l, m)
	case AckLeader:
		n.tookOver(l, m)
	case Ack:
		n.acked(l, m.Zxid)
	case Pong:
		if m.Payload != nil && n.serving {
			n.app.Receive(m.From, m.Payload)
		}
	case Payload:
		if n.serving {
			n.app.Receive(m.From, m.Payload)
		}
	}
}

// refuse answers a message of a connection that is over here, if it is one by
// which the other side shows that it holds on to it.
func (n *Node) refuse(m Message) {
	switch m.Kind {
	case Connect, NewEpoch, AckEpoch, NewLeader, AckLeader, Ping, Pong:
		n.send(m.From, Message{Kind: Close, Conn: m.Conn})
	}
}

// closed ends the connection that the peer gave up.
func (n *Node) closed(m Message) {
	if m.Conn.Learner == n.cfg.ID {
		if n.onConn(m) {
			n.abandoned()
		}
		return
	}
	if l := n.learner(m.From); l != nil && l.conn == m.Conn {
		n.remove(l)
	}
	n.election.forgetCaller(m)
}

func (n *Node) send(to int, m Message) {
	m.From, m.To = n.cfg.ID, to
	n.app.Send(m)
}

func (n *Node) ticks(count int) time.Duration { return time.Duration(count) * n.cfg.Tick }

// catchUp brings App's state to what is known to be committed.
func (n *Node) catchUp() {
	d := n.disk
	if !n.installed || n.applied < d.baseZxid || d.undone {
		n.install()
	}
	d.undone = false
	for _, e := range d.log[d.index(n.applied):d.committed] {
		n.apply(e)
	}
}

func (n *Node) install() {
	n.installed, n.applied = true, n.disk.baseZxid
	n.app.Install(n.disk.base.Clone(), n.applied)
}

func (n *Node) apply(e Entry) {
	if e.Zxid <= n.applied {
		panic(fmt.Sprintf("zab: entry %#x is to be applied again, behind %#x", e.Zxid, n.applied))
	}
	n.applied = e.Zxid
	n.app.Commit(e)
}
