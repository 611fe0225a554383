package zab

// Broadcast: the leader proposes entries to its followers, in order; each acknowledges what it has on
// disk. Entries that a quorum has, which may lack the leader, are committed, in order. Observers get
// entries when they are committed.

// counterLimit ends an epoch's zxids: the last value of the low 32 bits is not
// used, and a new election gives a new epoch (ZOOKEEPER-1277).
const counterLimit = 0xffffffff

// NextZxid returns the zxid of the next entry that Propose makes, 0 when it would make none.
func (n *Node) NextZxid() int64 {
	if n.role != Leading || !n.serving || n.leading.exhausted {
		return 0
	}
	if next := n.leading.lastProposed + 1; counterOf(next) != counterLimit {
		return next
	}
	return 0
}

// Propose appends an entry to the log and sends it to the followers. The data is
// made for the entry's zxid; make must not call the node. It returns the zxid, or
// 0, without calling make, when this server does not lead and serve, or when the
// epoch has no zxids left; then a new election begins. In an ensemble with one voter
// Commit comes before Propose returns, unless App calls it from within.
func (n *Node) Propose(make func(zxid int64) any) int64 {
	zxid := n.NextZxid()
	if zxid == 0 {
		n.exhaust()
		return 0
	}
	e := Entry{Zxid: zxid, Data: make(zxid)}
	n.leading.lastProposed = zxid
	n.disk.append(e)
	if membersOf(e.Data) != nil {
		n.promote()
	}
	for _, l := range n.leading.learners {
		if l.follows && l.sent < zxid && l.state >= syncing {
			l.sent = zxid
			n.send(l.id, Message{Kind: Propose, Conn: l.conn, Entry: e})
		}
	}
	if n.disk.durable == zxid {
		n.recount()
	}
	n.settleOutside()
	return zxid
}

func (n *Node) exhaust() {
	if n.role == Leading && n.serving {
		n.leading.exhausted = true
		n.settleOutside()
	}
}

// settleOutside settles unless App called from within something that will.
func (n *Node) settleOutside() {
	if !n.busy {
		n.busy = true
		n.settle()
		n.busy = false
	}
}

// proposed appends what the leader proposes. It is acknowledged by Tick.
func (n *Node) proposed(m Message) {
	n.learning.offered = true
	n.disk.append(m.Entry)
}

// acked takes note of what a follower has on disk.
func (n *Node) acked(l *learner, zxid int64) {
	l.acked = max(l.acked, zxid)
	n.recount()
}

// recount finds up to where a quorum has all on disk.
func (n *Node) recount() {
	now, next := n.members()
	backed := n.backedBy(now)
	if next != nil {
		backed = min(backed, n.backedBy(next))
	}
	n.leading.backed = max(n.leading.backed, backed)
}

// backedBy returns the zxid up to where a majority of some voters has all on disk; 0 without a majority.
func (n *Node) backedBy(m *Members) int64 {
	// Voters sorted by what they have, most first; a voter that is not in sync has acknowledged
	// nothing.
	sorted := n.leading.scratch[:0]
	if m.votes(n.cfg.ID) {
		sorted = append(sorted, n.disk.durable)
	}
	for _, l := range n.leading.learners {
		if !m.votes(l.id) {
			continue
		}
		i := len(sorted)
		sorted = append(sorted, 0)
		for ; i > 0 && sorted[i-1] < l.acked; i-- {
			sorted[i] = sorted[i-1]
		}
		sorted[i] = l.acked
	}
	n.leading.scratch = sorted
	if quorum := len(m.Voters)/2 + 1; len(sorted) >= quorum {
		return sorted[quorum-1]
	}
	return 0
}

// commitNext commits the next entry on the leader, and gives it to the observers.
func (n *Node) commitNext() {
	d := n.disk
	e := d.log[d.committed]
	d.committed++
	for _, l := range n.leading.learners {
		if !l.follows && l.state >= syncing {
			n.send(l.id, Message{Kind: Inform, Conn: l.conn, Entry: e})
		}
	}
	n.apply(e)
	d.fold()
	if membersOf(e.Data) != nil {
		n.recount() // what follows the change needs the new voters alone
	}
}

// tellCommits tells the followers what was committed since the last time: one message for everything
// that one ack brought, but before any payload that must come after it. Learners that do not serve yet
// are told when they may serve.
func (n *Node) tellCommits() {
	zxid := n.disk.LastCommitted()
	if n.leading.told >= zxid {
		return
	}
	n.leading.told = zxid
	for _, l := range n.leading.learners {
		if l.follows && l.state == upToDate {
			n.send(l.id, Message{Kind: Commit, Conn: l.conn, Zxid: zxid})
		}
	}
}

// committed commits on a follower. Before it serves it only takes note.
func (n *Node) committed(zxid int64) {
	d := n.disk
	if zxid > d.LastZxid() || !n.serving {
		d.commit(zxid)
		return
	}
	for d.LastCommitted() < zxid {
		d.commit(d.log[d.committed].Zxid)
		n.apply(d.log[d.committed-1])
		d.fold()
	}
}

// informed appends and commits on an observer.
func (n *Node) informed(m Message) {
	n.disk.append(m.Entry)
	n.committed(m.Entry.Zxid)
}

// SendLeader sends a payload to the leader's Receive. If this server leads, its own Receive gets the
// payload, before the call returns or, if App makes the call from within a callback, soon after. If
// this server does not serve, SendLeader returns false and sends nothing.
func (n *Node) SendLeader(payload any) bool {
	switch {
	case !n.serving:
		return false
	case n.role == Leading:
		n.sendSelf(payload)
	default:
		n.send(n.leader, Message{Kind: Payload, Conn: n.learning.conn, Payload: payload})
	}
	return true
}

// SendLearner sends a payload from the leader to the Receive of a learner, or of the leader itself as
// SendLeader does. The learner gets it after everything committed before, and before everything
// committed later. It returns false and sends nothing if this server does not lead and serve, or the
// learner does not serve under it.
func (n *Node) SendLearner(id int, payload any) bool {
	if n.role != Leading || !n.serving {
		return false
	}
	if id == n.cfg.ID {
		n.sendSelf(payload)
		return true
	}
	l := n.learner(id)
	if l == nil || l.state < upToDate {
		return false
	}
	n.tellCommits()
	n.send(id, Message{Kind: Payload, Conn: l.conn, Payload: payload})
	return true
}

func (n *Node) sendSelf(payload any) {
	n.local = append(n.local, payload)
	n.settleOutside()
}
