package zab

import (
	"slices"
	"time"
)

// leading is the state of a leader.
type leading struct {
	learners []*learner // connected ones, by id

	// Until it serves.
	deadline time.Time    // end of the current phase
	offered  int64        // highest epoch that anybody has accepted
	callers  map[int]bool // voters that connected, until the epoch is set
	promises map[int]bool // voters that promised to follow in this epoch

	// While it serves.
	lastProposed int64
	backed       int64 // zxid up to which a quorum has all on disk
	told         int64 // zxid up to which the followers know what is committed
	scratch      []int64
	exhausted    bool
	since        time.Time
	beatAt       time.Time
	half         bool
	tick         int // counted, not measured: a server that was paused counts none of it
}

// learner holds what a leader knows of one of the connected servers.
type learner struct {
	id        int
	conn      Conn
	follows   bool // it gets entries when they are proposed, not when they are committed
	state     learnerState
	last      int64 // of its log, when it connected
	committed int64 // of its log, when it connected
	acked     int64 // it has all up to here on disk
	sent      int64 // zxid of the last proposal sent
	heard     time.Time
	heardTick int
	lagZxid   int64 // proposal whose ack is waited for, 0 for none
	lagTick   int   // when that began
}

type learnerState int

const (
	calling  learnerState = iota // connected, or the epoch sent
	waiting                      // promised; its log waits to be synchronised
	syncing                      // the log sent, and everything that comes after it
	synced                       // has taken over the log
	upToDate                     // serves
)

// lead begins to lead, after an election.
func (n *Node) lead() {
	n.leading = leading{
		offered:  n.disk.accepted,
		callers:  map[int]bool{n.cfg.ID: true},
		promises: make(map[int]bool),
		deadline: n.now.Add(n.ticks(n.cfg.InitLimit)),
	}
	n.agreeEpoch()
}

func (n *Node) learner(id int) *learner {
	for _, l := range n.leading.learners {
		if l.id == id {
			return l
		}
	}
	return nil
}

// connected handles a server that wants to be led.
func (n *Node) connected(m Message) {
	switch n.role {
	case Looking:
		// Perhaps it only knows the outcome sooner: it waits like in the backlog of
		// a listening socket.
		e := &n.election
		e.callers = slices.DeleteFunc(e.callers, func(c Message) bool { return c.From == m.From })
		e.callers = append(e.callers, m)
		return
	case Following, Observing:
		n.refuse(m)
		return
	}
	if old := n.learner(m.From); old != nil {
		n.remove(old)
	}
	l := &learner{id: m.From, conn: m.Conn, follows: n.follows(m.From), heard: n.now, heardTick: n.leading.tick}
	i, _ := slices.BinarySearchFunc(n.leading.learners, l.id, func(l *learner, id int) int { return l.id - id })
	n.leading.learners = slices.Insert(n.leading.learners, i, l)
	n.called(l, m.Epoch)
}

// drop ends a learner's connection from this side.
func (n *Node) drop(l *learner) {
	n.send(l.id, Message{Kind: Close, Conn: l.conn})
	n.remove(l)
}

func (n *Node) remove(l *learner) {
	n.leading.learners = slices.DeleteFunc(n.leading.learners, func(o *learner) bool { return o == l })
}

// enough reports whether the voters in a set are a quorum.
func (n *Node) enough(set map[int]bool) bool {
	return n.quorate(func(id int) bool { return set[id] })
}

// backedByQuorum reports whether a quorum of voters is connected, with this server.
func (n *Node) backedByQuorum() bool { return n.backedIn(calling) }

// backedIn reports whether this server and the learners that are in that state, or further, are a quorum.
func (n *Node) backedIn(state learnerState) bool {
	return n.quorate(func(id int) bool {
		if id == n.cfg.ID {
			return true
		}
		l := n.learner(id)
		return l != nil && l.state >= state
	})
}

func (n *Node) tickLeader() {
	switch ld := &n.leading; {
	case n.phase == Broadcast:
		if !n.now.Before(ld.beatAt) {
			n.beat()
		}
	case !n.now.Before(ld.deadline):
		n.look("no quorum within the initial limit, in phase " + n.phase.String())
	}
}

func (n *Node) nextLeader() time.Time {
	if n.phase == Broadcast {
		return n.leading.beatAt
	}
	return n.leading.deadline
}

// beat comes twice a tick: it pings the learners, and each second time looks
// whether a quorum still answers. A server that was paused is a leader for up to
// a tick more before it notices, as Apache ZooKeeper's is.
func (n *Node) beat() {
	ld := &n.leading
	ld.beatAt = ld.beatAt.Add(n.cfg.Tick / 2)
	if !ld.beatAt.After(n.now) {
		ld.beatAt = n.now.Add(n.cfg.Tick / 2)
	}
	if n.deposed() {
		n.look("it is no longer a voter")
		return
	}
	ld.half = !ld.half
	if !ld.half {
		ld.tick++
		n.dropSilent()
		if !n.backedIn(synced) {
			n.look("no quorum of followers in sync")
			return
		}
	}
	for _, l := range slices.Clone(ld.learners) {
		if l.state < syncing {
			continue
		}
		if n.lags(l) {
			n.drop(l)
			continue
		}
		n.send(l.id, Message{Kind: Ping, Conn: l.conn})
	}
}

// dropSilent gives up learners that have not been heard of for too long.
func (n *Node) dropSilent() {
	for _, l := range slices.Clone(n.leading.learners) {
		if l.state >= synced && l.heardTick+n.cfg.SyncLimit < n.leading.tick ||
			l.state < synced && n.now.Sub(l.heard) > n.ticks(n.cfg.InitLimit) {
			n.drop(l)
		}
	}
}

// lags reports whether a follower has left a proposal without an ack for too long.
// One proposal at a time is watched.
func (n *Node) lags(l *learner) bool {
	if l.state < synced || !l.follows {
		return false
	}
	if l.lagZxid != 0 && l.acked < l.lagZxid {
		return n.leading.tick-l.lagTick > n.cfg.SyncLimit
	}
	l.lagZxid, l.lagTick = 0, n.leading.tick
	if l.sent > l.acked {
		l.lagZxid = l.sent
	}
	return false
}

// leaderFlushed does what waited for the leader's own disk.
func (n *Node) leaderFlushed() {
	switch n.phase {
	case Discovery:
		n.beginSync()
	case Broadcast:
		n.recount()
	}
}
