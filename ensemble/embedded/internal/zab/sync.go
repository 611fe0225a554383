package zab

// Synchronisation: a quorum takes over the leader's log.
//
// The leader chooses for each learner what it lacks (Disk.choose) and sends it as one message, so that
// a learner is never caught between its old log and the leader's. The learner answers when all of it is
// on disk, and only then is the epoch its current one: the current epoch shows whose log it has. When a
// quorum has answered, all of the leader's log is committed, whichever leader proposed it, and the
// leader and the learners that answered serve.
//
// A learner that comes later gets the log as it is then. What is proposed from that moment on follows
// on the same connection, so nothing is lost or doubled between the two.

// beginSync continues after discovery when a quorum has promised. The leader's own log must be on disk,
// too, before it counts as the log of the new epoch: if part of it were lost in a crash, the epoch
// would make the rest look more recent than the logs of servers that still have that part.
func (n *Node) beginSync() {
	if n.phase != Discovery || n.epoch == 0 || !n.enough(n.leading.promises) || !n.disk.synced() {
		return
	}
	if !n.disk.enter(n.epoch) {
		return
	}
	n.phase = Synchronization
	n.leading.deadline = n.now.Add(n.ticks(n.cfg.InitLimit))
	for _, l := range n.leading.learners {
		if l.state == waiting {
			n.synchronise(l)
		}
	}
	n.establish()
}

// synchronise sends a learner what it lacks. Observers get what is committed, and
// so wait until it is clear what that is.
func (n *Node) synchronise(l *learner) {
	d := n.disk
	end := len(d.log)
	if !l.follows {
		if n.phase < Broadcast {
			return
		}
		end = d.committed
	}
	if l.last > d.LastCommitted() { // an observer that was a follower has more
		l.follows, end = true, len(d.log)
	}
	l.state, l.sent = syncing, d.zxidBefore(end)
	n.send(l.id, Message{
		Kind: NewLeader, Conn: l.conn,
		Sync: d.choose(l.last, l.committed, end), Commit: d.LastCommitted(),
	})
}

// takeOver puts the learner's log in line with the leader's.
func (n *Node) takeOver(m Message) {
	n.disk.adopt(m.Sync)
	n.disk.commit(m.Commit)
	n.phase = Synchronization
	n.learning.state, n.learning.syncEnd = syncing, n.disk.LastZxid()
}

// confirmSync makes the epoch the current one and tells the leader that its log is on disk here.
func (n *Node) confirmSync() {
	ln := &n.learning
	if !n.disk.enter(n.epoch) {
		return
	}
	ln.state, ln.acked = synced, ln.syncEnd
	n.send(n.leader, Message{Kind: AckLeader, Conn: ln.conn, Zxid: ln.syncEnd})
}

// tookOver takes note that a learner has the leader's log.
func (n *Node) tookOver(l *learner, m Message) {
	l.state, l.acked = synced, m.Zxid
	if n.phase < Broadcast {
		n.establish()
		return
	}
	n.release(l)
	n.recount()
}

// establish begins to serve when a quorum has the leader's log.
func (n *Node) establish() {
	ld := &n.leading
	if !n.backedIn(synced) {
		return
	}
	n.phase = Broadcast
	n.disk.commit(n.disk.LastZxid())
	n.catchUp()
	ld.lastProposed, ld.backed, ld.told = first(n.epoch), n.disk.LastCommitted(), n.disk.LastCommitted()
	ld.since, ld.beatAt = n.now, n.now.Add(n.cfg.Tick/2)
	for _, l := range ld.learners {
		switch l.state {
		case synced:
			n.release(l)
		case waiting:
			n.synchronise(l)
		}
	}
	n.serving = true
	n.app.Serve(Leading, n.cfg.ID, n.epoch)
}

// release lets a learner serve.
func (n *Node) release(l *learner) {
	l.state = upToDate
	n.send(l.id, Message{Kind: UpToDate, Conn: l.conn, Commit: n.disk.LastCommitted()})
}

// startServing begins to serve as a learner.
func (n *Node) startServing(m Message) {
	n.disk.commit(m.Commit)
	n.catchUp()
	n.phase, n.learning.state, n.serving = Broadcast, upToDate, true
	n.app.Serve(n.role, n.leader, n.epoch)
}
