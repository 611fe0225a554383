package zab

// Discovery: the epoch is agreed.
//
// Each learner connects and tells the latest epoch that it has accepted. When
// a quorum has (the leader being one), the leader takes the next higher epoch and
// asks for promises: not to follow the leader of an earlier one any more. Whoever
// has accepted that very epoch before, perhaps from a rival, cannot promise it
// again, and so no epoch has two leaders with a quorum of promises.
//
// With the promise comes how recent the learner's log is. A leader that has a
// quorum of promises, none from a voter with a more recent log, has all that was
// ever committed: one of that quorum was in the quorum that committed it.

// noPromise stands for the current epoch in an AckEpoch of a learner that has
// promised that epoch before.
const noPromise = -1

// called handles the epoch that a learner has accepted.
func (n *Node) called(l *learner, accepted int64) {
	ld := &n.leading
	ld.offered = max(ld.offered, accepted)
	if n.epoch == 0 {
		ld.callers[l.id] = true
		n.agreeEpoch()
		return
	}
	if accepted > n.epoch {
		// It can never follow in this epoch. A later one lets it.
		n.look("a learner has accepted a later epoch")
		return
	}
	n.offerEpoch(l)
}

// agreeEpoch sets the epoch once a quorum is there.
func (n *Node) agreeEpoch() {
	ld := &n.leading
	if !n.enough(ld.callers) {
		return
	}
	if !n.disk.accept(ld.offered + 1) {
		return
	}
	n.epoch = n.disk.accepted
	ld.promises[n.cfg.ID] = true
	ld.deadline = n.now.Add(n.ticks(n.cfg.InitLimit))
	for _, l := range ld.learners {
		n.offerEpoch(l)
	}
	n.beginSync()
}

func (n *Node) offerEpoch(l *learner) {
	n.send(l.id, Message{Kind: NewEpoch, Conn: l.conn, Epoch: n.epoch})
}

// promise answers the leader's epoch.
func (n *Node) promise(m Message) {
	d := n.disk
	if m.Epoch < d.accepted {
		n.look("the leader's epoch is over")
		return
	}
	current := d.current
	if m.Epoch == d.accepted {
		current = noPromise
	}
	if !d.accept(m.Epoch) {
		return
	}
	n.epoch = m.Epoch
	n.learning.state = waiting
	n.send(n.leader, Message{
		Kind: AckEpoch, Conn: n.learning.conn,
		Epoch: current, Zxid: d.LastZxid(), Commit: d.LastCommitted(),
	})
}

// promised handles a learner's promise.
func (n *Node) promised(l *learner, m Message) {
	l.state, l.last, l.committed = waiting, m.Zxid, m.Commit
	if n.phase == Discovery && n.isVoter(l.id) && m.Epoch != noPromise {
		theirs := Vote{Epoch: m.Epoch, Zxid: m.Zxid}
		if theirs.better(Vote{Epoch: n.disk.current, Zxid: n.disk.LastZxid()}) {
			n.look("a follower's log is more recent")
			return
		}
		n.leading.promises[l.id] = true
		n.beginSync()
		return
	}
	if n.phase > Discovery {
		n.synchronise(l)
	}
}
