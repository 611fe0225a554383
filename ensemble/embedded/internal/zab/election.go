package zab

import "time"

// Elections: fast leader election.
//
// A server that looks for a leader sends its vote to all voters, at first for itself. A server that
// hears of a better vote adopts it and sends it on, until a quorum agrees. Votes count only within a
// round: its number shows which votes belong to the same election, and a server that is behind skips to
// the later round. Servers that have decided tell a server that looks whom they follow, and so it joins
// them.
//
// Elections need not be safe, only likely to choose a leader that can complete the next two phases:
// those ensure that no epoch has two leaders.

// election is the state of a server that looks.
type election struct {
	vote     Vote
	votes    map[int]Vote         // latest vote of other voters in this round
	words    map[int]Notification // from servers that have decided
	newer    *Members             // of which others know; nil: this server knows the latest
	decideAt time.Time            // end of the wait for better votes; zero when there is no quorum
	resendAt time.Time
	resend   time.Duration
	callers  []Message // Connects that came before this server knew that it leads
}

// look leaves the quorum that this server belonged to, if any, and begins an election.
func (n *Node) look(reason string) {
	n.reason = reason
	switch n.role {
	case Leading:
		for _, l := range n.leading.learners {
			n.send(l.id, Message{Kind: Close, Conn: l.conn})
		}
	case Following, Observing:
		n.send(n.leader, Message{Kind: Close, Conn: n.learning.conn})
	}
	served := n.serving
	n.role, n.phase, n.leader, n.serving = Looking, Election, 0, false
	n.epoch = 0
	n.learning, n.leading, n.local = learning{}, leading{}, nil
	if served {
		n.app.Suspend()
	}
	n.startElection()
}

func (n *Node) startElection() {
	n.began = n.now
	n.startRound(n.round+1, Vote{})
}

// startRound votes for this server itself or, if that is better, for the candidate of another server's
// vote.
func (n *Node) startRound(round int64, other Vote) {
	n.refuseCallers()
	n.round = round
	n.election = election{
		vote:   n.ownVote(),
		votes:  make(map[int]Vote),
		words:  n.election.words,
		newer:  n.election.newer,
		resend: n.cfg.Tick / 5,
	}
	if n.election.words == nil {
		n.election.words = make(map[int]Notification)
	}
	if n.elects(n.cfg.ID) && other.better(n.election.vote) {
		n.election.vote = other
	}
	n.notifyAll()
	n.count()
}

// ownVote returns a vote for this server, or none for an observer.
func (n *Node) ownVote() Vote {
	if !n.voter() {
		return Vote{}
	}
	return Vote{Leader: n.cfg.ID, Epoch: n.disk.current, Zxid: n.disk.LastZxid()}
}

func (n *Node) notification() *Notification {
	note := &Notification{Role: n.role, Round: n.round, Vote: Vote{Leader: n.leader}}
	if n.role == Looking {
		note.Vote = n.election.vote
	}
	if now, _ := n.members(); n.changed() {
		note.Members = now
	}
	return note
}

func (n *Node) notifyAll() {
	note := n.notification()
	for _, id := range n.electors() {
		if id != n.cfg.ID {
			n.send(id, Message{Kind: Notify, Vote: note})
		}
	}
	n.election.resendAt = n.now.Add(n.election.resend)
	n.election.resend = min(2*n.election.resend, 2*n.cfg.Tick)
}

// announce sends the decision to all servers: observers learn it only in this way, and voters that are
// late need not ask.
func (n *Node) announce() {
	note := n.notification()
	for _, ids := range [...][]int{n.cfg.Voters, n.cfg.Observers} {
		for _, id := range ids {
			if id != n.cfg.ID {
				n.send(id, Message{Kind: Notify, Vote: note})
			}
		}
	}
}

func (n *Node) tell(id int) { n.send(id, Message{Kind: Notify, Vote: n.notification()}) }

// notified hears what another server has to say about who should lead or does.
func (n *Node) notified(m Message) {
	note := *m.Vote
	if n.role == Looking {
		n.hear(m.From, note)
		return
	}
	if n.outdated(m.From, note) {
		n.look("others look for a leader")
		n.hear(m.From, note)
		return
	}
	if note.Role != Looking {
		return
	}
	if l := n.learner(m.From); l != nil {
		n.drop(l)
	}
	n.tell(m.From)
}

// outdated reports whether a word shows that what this server decided will come
// to nothing.
func (n *Node) outdated(from int, note Notification) bool {
	switch n.role {
	case Leading:
		// Those who elected this server changed their minds, or have elected another.
		changed := note.Role == Looking && note.Round > n.round ||
			note.Role == Leading && note.Round >= n.round
		return n.phase < Broadcast && changed && n.isVoter(from) && !n.backedByQuorum()
	default:
		if from != n.leader {
			return false
		}
		if n.phase == Discovery && n.epoch == 0 { // not yet heard: the word may be old
			return note.Role == Looking && note.Round > n.round ||
				note.Role == Following && note.Round >= n.round
		}
		return note.Role != Leading
	}
}

// hear handles a notification while looking.
func (n *Node) hear(from int, note Notification) {
	n.hearOf(note.Members)
	if n.role != Looking {
		return // that decided the election
	}
	e := &n.election
	if note.Role != Looking {
		e.words[from] = note
		if v, ok := e.votes[from]; ok && v.Leader != note.Vote.Leader {
			delete(e.votes, from) // it has decided for another one since it voted
		}
		if note.Round == n.round && note.Vote.Leader == n.cfg.ID && n.isVoter(from) {
			e.votes[from] = n.ownVote()
		}
		n.count()
		return
	}
	delete(e.words, from)
	if !n.elects(from) {
		return
	}
	switch {
	case note.Round > n.round:
		n.startRound(note.Round, note.Vote)
	case note.Round < n.round:
		n.tell(from)
		return
	case note.Vote.better(e.vote):
		e.vote = note.Vote
		n.notifyAll()
	}
	n.election.votes[from] = note.Vote
	n.count()
}

// forgetVoter takes back the votes of and for a server that is gone.
func (n *Node) forgetVoter(id int) {
	e := &n.election
	delete(e.votes, id)
	delete(e.words, id)
	if e.vote.Leader == id {
		n.startRound(n.round+1, Vote{})
		return
	}
	n.count()
}

// count looks whether the election is over.
func (n *Node) count() {
	if n.role != Looking {
		return
	}
	if id := n.established(); id != 0 {
		n.round = n.election.words[id].Round
		n.decide(id)
		return
	}
	if !n.voter() {
		return
	}
	e := &n.election
	agree := func(id int) bool {
		v, ok := e.votes[id]
		return id == n.cfg.ID || ok && v.Leader == e.vote.Leader
	}
	switch {
	case !n.quorate(agree):
		e.decideAt = time.Time{}
	case len(e.votes)+1 == len(n.voters()) && !n.changed():
		n.decide(e.vote.Leader) // no server is left that could have a better vote
	case e.decideAt.IsZero():
		e.decideAt = n.now.Add(n.cfg.Tick / 5)
	case !n.now.Before(e.decideAt):
		n.decide(e.vote.Leader)
	}
}

// established returns the server that itself claims to lead, and that has a quorum of voters who follow
// it, vote for it, or are this server. Without its own claim, a leader that has just died would be
// elected again and again.
func (n *Node) established() int {
	e := &n.election
	for _, id := range n.electors() {
		if word, ok := e.words[id]; !ok || word.Role != Leading {
			continue
		}
		supports := func(v int) bool {
			word, decided := e.words[v]
			vote, votes := e.votes[v]
			return v == n.cfg.ID || decided && word.Vote.Leader == id || votes && vote.Leader == id
		}
		if n.quorate(supports) {
			return id
		}
	}
	return 0
}

// decide ends the election.
func (n *Node) decide(leader int) {
	callers := n.election.callers
	n.election = election{}
	n.took = n.now.Sub(n.began)
	n.leader, n.phase, n.epoch = leader, Discovery, 0
	switch {
	case leader == n.cfg.ID:
		n.role = Leading
	case n.follows(n.cfg.ID):
		n.role = Following
	default:
		n.role = Observing
	}
	n.announce()
	if n.role == Leading {
		n.lead()
	} else {
		n.follow()
	}
	for _, m := range callers {
		n.connected(m)
	}
}

func (n *Node) tickElection() {
	e := &n.election
	if !e.decideAt.IsZero() && !n.now.Before(e.decideAt) {
		n.count()
	}
	if n.role == Looking && !n.now.Before(e.resendAt) {
		n.refuseCallers()
		n.notifyAll()
	}
}

func (n *Node) nextElection() time.Time {
	e := &n.election
	if !e.decideAt.IsZero() && e.decideAt.Before(e.resendAt) {
		return e.decideAt
	}
	return e.resendAt
}

// refuseCallers turns away who wants to be led by this server: it does not come to it.
func (n *Node) refuseCallers() {
	for _, m := range n.election.callers {
		n.refuse(m)
	}
	n.election.callers = nil
}

// forgetCaller drops a Connect that was taken back.
func (e *election) forgetCaller(m Message) {
	for i, c := range e.callers {
		if c.Conn == m.Conn {
			e.callers = append(e.callers[:i], e.callers[i+1:]...)
			return
		}
	}
}
