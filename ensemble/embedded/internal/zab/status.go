package zab

import "time"

// Role returns the role of this server while it serves, otherwise Looking.
func (n *Node) Role() Role {
	if !n.serving {
		return Looking
	}
	return n.role
}

// Leader returns the id of the leader under which this server serves, which may be its own; 0 if it
// does not serve.
func (n *Node) Leader() int {
	if !n.serving {
		return 0
	}
	return n.leader
}

// Epoch returns the epoch under which this server serves; 0 if it does not. The zxids of a leader start
// after epoch << 32, and Apache ZooKeeper's leader shows that as its zxid until the first entry of the
// epoch.
func (n *Node) Epoch() int64 {
	if !n.serving {
		return 0
	}
	return n.epoch
}

// Synced returns the ids of the servers that have everything that this leader has: itself, and the
// learners that have taken over its log. It returns none if this server does not lead.
func (n *Node) Synced() []int {
	if n.role != Leading || !n.serving {
		return nil
	}
	ids := []int{n.cfg.ID}
	for _, l := range n.leading.learners {
		if l.state >= synced {
			ids = append(ids, l.id)
		}
	}
	return ids
}

// Voters returns how many servers vote.
func (n *Node) Voters() int {
	now, _ := n.members()
	return len(now.Voters)
}

// LastProposed returns the zxid of the last entry proposed; on a server that does
// not lead, of the last in its log.
func (n *Node) LastProposed() int64 {
	if n.role == Leading && n.serving {
		return n.leading.lastProposed
	}
	return n.disk.LastZxid()
}

// LastCommitted returns the zxid of the last entry given to App's Commit or held in
// its state.
func (n *Node) LastCommitted() int64 { return n.applied }

// Status holds a node's state for monitoring.
type Status struct {
	Role   Role // what it is or tries to become, even before it serves
	Phase  Phase
	Leader int // whom it follows or tries to follow
	Epoch  int64
	Round  int64 // of elections
	// ElectionTime is how long the latest election took, without the phases after it.
	ElectionTime time.Duration
	// Reason says why the latest election began.
	Reason string

	// Of a leader only.
	Learners        int // connected
	SyncedFollowers int
	SyncedNonVoting int // of the followers: those that are no longer members
	SyncedObservers int
	Outstanding     int       // entries proposed and not committed
	Since           time.Time // when it began to serve
}

// Status returns the present state.
func (n *Node) Status() Status {
	s := Status{
		Role: n.role, Phase: n.phase, Leader: n.leader, Epoch: n.epoch, Round: n.round,
		ElectionTime: n.took, Reason: n.reason,
	}
	if n.role != Leading {
		return s
	}
	s.Learners, s.Since = len(n.leading.learners), n.leading.since
	for _, l := range n.leading.learners {
		switch {
		case l.state < synced:
		case l.follows:
			s.SyncedFollowers++
			if !n.isVoter(l.id) {
				s.SyncedNonVoting++
			}
		default:
			s.SyncedObservers++
		}
	}
	if n.serving {
		s.Outstanding = len(n.disk.log) - n.disk.committed
	}
	return s
}
