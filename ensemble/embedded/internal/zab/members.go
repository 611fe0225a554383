package zab

import "slices"

// Members change by entries of the log (ZooKeeper's dynamic reconfiguration). While such an entry is not
// committed, everything needs a majority of the voters before it and one of those after it: votes, promises,
// logs taken over, and entries. Once it is committed, the voters after it alone count. A majority that knows of
// the change and one that does not still have a server in common, because the entry itself is on the disks of a
// majority of either list. There must be one change at a time: the next is proposed when the one before is
// committed.
//
// A server that is no longer a member goes on to follow and to observe, as Apache ZooKeeper's does: it gets all
// entries, and what it acknowledges does not count. A leader that is no longer a member commits the entry that
// says so and nothing after it. It answers, and steps down at its next beat. A member whose part has changed joins
// its leader again.

// Servers that elect tell each other which members they know, so that one that was away while they changed learns
// whose votes count. That is for elections alone: a leader goes by its own log.

// Members are the servers that belong to an ensemble, by id.
type Members struct {
	Voters, Observers []int
	// Version is the zxid of the change that made them, 0 of those in [Config].
	Version int64
}

// Membered is the Data of an entry that changes the members, or a State that knows them. Members returns nil if
// that is not so: the members stay as they are, or are those of [Config].
type Membered interface{ Members() *Members }

func membersOf(v any) *Members {
	if m, ok := v.(Membered); ok {
		return m.Members()
	}
	return nil
}

func (m *Members) votes(id int) bool { return m != nil && slices.Contains(m.Voters, id) }

// change is an entry of the log that changes the members.
type change struct {
	zxid    int64
	members *Members
}

// note takes note of an entry that is now at the end of the log.
func (d *Disk) note(e Entry) {
	if m := membersOf(e.Data); m != nil {
		d.changes = append(d.changes, change{e.Zxid, m})
	}
}

// forget drops the changes behind the end of the log.
func (d *Disk) forget() {
	for n := len(d.changes); n > 0 && d.changes[n-1].zxid > d.LastZxid(); n-- {
		d.changes = d.changes[: n-1 : n-1]
	}
}

// settleFirst moves a change that the base now has from the log.
func (d *Disk) settleFirst() {
	if len(d.changes) > 0 && d.changes[0].zxid <= d.baseZxid {
		d.members, d.changes = d.changes[0].members, d.changes[1:]
	}
}

// reread finds the members of a base and a log that are new here.
func (d *Disk) reread() {
	d.members, d.changes = membersOf(d.base), nil
	for _, e := range d.log {
		d.note(e)
	}
}

// members returns the members, and those that the last entry of the log would make of them if it is a change
// that is not known to be committed. Otherwise next is nil.
func (n *Node) members() (now, next *Members) {
	if newer := n.election.newer; newer != nil && n.role == Looking {
		return newer, nil
	}
	return n.logged()
}

// logged is like members, and goes by the log alone.
func (n *Node) logged() (now, next *Members) {
	d := n.disk
	now = &n.configured
	if d.members != nil {
		now = d.members
	}
	if len(d.changes) == 0 {
		return now, nil
	}
	last := len(d.changes) - 1
	if d.changes[last].zxid <= d.LastCommitted() {
		return d.changes[last].members, nil
	}
	if last > 0 {
		now = d.changes[last-1].members
	}
	return now, d.changes[last].members
}

// hearOf takes note of members of which another server knows and this one does not, and votes again: whether this
// server may have changed.
func (n *Node) hearOf(m *Members) {
	n.unsettled = n.unsettled || m != nil
	if now, _ := n.members(); m == nil || m.Version <= now.Version {
		return
	}
	if n.disk.holds(m.Version) {
		n.disk.commit(m.Version) // only what is committed is told
	} else {
		n.election.newer = m
	}
	n.startRound(n.round+1, Vote{})
}

// knows reports whether there is a server with that id, member or not.
func (n *Node) knows(id int) bool {
	return slices.Contains(n.cfg.Voters, id) || slices.Contains(n.cfg.Observers, id)
}

// isVoter reports whether a server votes, or will once a change is committed.
func (n *Node) isVoter(id int) bool {
	now, next := n.members()
	return now.votes(id) || next.votes(id)
}

// voter reports whether this server votes.
func (n *Node) voter() bool { return n.isVoter(n.cfg.ID) }

// elects reports whether a server's votes are heard: those of voters, and of all once members have changed. Then
// this server may not have heard yet who votes.
func (n *Node) elects(id int) bool { return n.changed() || n.isVoter(id) }

// electors returns the servers that are sent votes.
func (n *Node) electors() []int {
	if n.changed() {
		return slices.Concat(n.cfg.Voters, n.cfg.Observers)
	}
	return n.cfg.Voters
}

// changed reports whether members have ever changed, or may have: then there may be voters of whom this server does
// not know yet.
func (n *Node) changed() bool {
	now, next := n.members()
	return now.Version != 0 || next != nil || n.unsettled
}

// voters returns all servers that vote.
func (n *Node) voters() []int {
	now, next := n.members()
	if next == nil {
		return now.Voters
	}
	all := slices.Clone(now.Voters)
	for _, id := range next.Voters {
		if !now.votes(id) {
			all = append(all, id)
		}
	}
	return all
}

// follows reports whether a server gets entries as they are proposed: voters, and those that are no longer
// members and were started as voters.
func (n *Node) follows(id int) bool {
	now, next := n.members()
	switch {
	case now.votes(id) || next.votes(id):
		return true
	case slices.Contains(now.Observers, id):
		return false
	}
	return slices.Contains(n.cfg.Voters, id)
}

// quorate reports whether those voters for which has is true are a quorum.
func (n *Node) quorate(has func(id int) bool) bool {
	now, next := n.members()
	return now.quorate(has) && (next == nil || next.quorate(has))
}

func (m *Members) quorate(has func(id int) bool) bool {
	count := 0
	for _, id := range m.Voters {
		if has(id) {
			count++
		}
	}
	return count > len(m.Voters)/2
}

// deposed reports whether this server leads although a committed change has removed it from the voters.
func (n *Node) deposed() bool { return n.role == Leading && n.serving && !n.voter() }

// misplaced reports whether this server follows and should observe, or the reverse.
func (n *Node) misplaced() bool {
	if len(n.disk.changes) == 0 && n.disk.members == nil || !n.learns() || !n.serving {
		return false
	}
	if _, next := n.members(); next != nil {
		return false
	}
	return n.follows(n.cfg.ID) != (n.role == Following)
}

// promote lets learners that a change makes voters have the entries that are not committed yet, and all that is
// proposed from now on: their acks are needed.
func (n *Node) promote() {
	for _, l := range n.leading.learners {
		if l.follows || l.state < syncing || !n.isVoter(l.id) {
			continue
		}
		l.follows = true
		for _, e := range n.disk.log[n.disk.committed:] {
			l.sent = e.Zxid
			n.send(l.id, Message{Kind: Propose, Conn: l.conn, Entry: e})
		}
	}
}
