package server

import (
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/fourletter"
	"github.com/zklab/zklab/ensemble/embedded/internal/prep"
	"github.com/zklab/zklab/ensemble/embedded/internal/tree"
	"github.com/zklab/zklab/ensemble/embedded/internal/zab"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/wire"
)

// proposal is the data of an entry of the log: a transaction, and who waits for it.
type proposal struct {
	txn    *tree.Txn
	origin int
	id     uint64
}

// Txn returns the transaction of an entry of the log.
func Txn(e zab.Entry) *tree.Txn { return e.Data.(*proposal).txn }

// Members returns the servers after a transaction that was a reconfiguration, and nil after any other.
func (p *proposal) Members() *zab.Members {
	set, ok := p.txn.Body.(*tree.SetData)
	if p.txn.Op != wire.Reconfig || !ok {
		return nil
	}
	return membersIn(string(set.Data))
}

// State is the replicated state as zab keeps it.
type State struct{ *tree.Tree }

// NewState returns the state of an ensemble that was never started.
func NewState() State { return State{tree.New()} }

// Apply applies a committed entry.
func (s State) Apply(e zab.Entry) { s.Tree.Apply(Txn(e)) }

// Clone returns an independent copy.
func (s State) Clone() zab.State { return State{s.Tree.Clone()} }

// Members returns the servers after the reconfigurations that the state has seen, and nil if there was none.
func (s State) Members() *zab.Members { return membersIn(s.Tree.Membership()) }

// app is the server as its replication node sees it.
type app Server

func (a *app) server() *Server { return (*Server)(a) }

// Send implements zab.App.
func (a *app) Send(m zab.Message) {
	a.cfg.Send(m)
	a.sent |= 1 << m.To
}

// Install implements zab.App.
func (a *app) Install(state zab.State, _ int64) {
	s := a.server()
	s.endReadOnly()
	s.tree = state.(State).Tree
	s.introduce(s.tree)
}

// introduce sets the list of servers in a tree, unless a reconfiguration has set it.
func (s *Server) introduce(t *tree.Tree) {
	if !s.standalone() && t.Membership() == "" {
		t.SetMembership(s.cfg.Members.Text(s.cfg.version()), s.cfg.version(), s.wall().UnixMilli())
	}
}

// Serve implements zab.App. Under a new leader, all sessions get their full timeout again: what the
// leader before knew of them is lost.
func (a *app) Serve(role zab.Role, _ int, epoch int64) {
	s := a.server()
	s.endReadOnly()
	if s.serving = true; !await.Closed(s.ready) {
		close(s.ready)
	}
	s.counters.Count(fourletter.Elections)
	s.counters.Measured(fourletter.ElectionTime, s.node.Status().ElectionTime.Milliseconds())
	if s.cfg.FirstEpoch > 1 {
		// Clients of the ensemble before may have seen epochs of which no transaction is left; without
		// this, a follower would not know that they are over until the next transaction.
		s.tree.Lead(max(s.tree.Zxid(), s.cfg.FirstEpoch<<32))
	}
	if role == zab.Leading {
		s.tree.Lead(epoch << 32)
		s.prep = prep.New(s.tree)
		s.prep.NoTTL, s.prep.EnforceQuota = s.cfg.NoTTL, s.cfg.EnforceQuota
		if s.cfg.Reconfig {
			s.prep.Membership = s.reconfigured
		}
		s.sessions = newSessions(s.cfg.Zab.Tick)
		for id, timeout := range s.tree.Sessions() {
			s.sessions.add(id, timeout, s.expiryClock())
		}
		s.sweepAt = s.wall().Add(s.cfg.Sweep)
		s.proposals = fourletter.Sizes{}
	}
}

// Suspend implements zab.App. Clients have to find a server that serves; they get before
// what this one has for them, such as events of the last commits that it learnt of.
func (a *app) Suspend() {
	s := a.server()
	s.serving = false
	s.prep, s.sessions, s.syncs = nil, nil, nil
	clear(s.touched)
	clear(s.pending)
	s.giveUpOrders()
	clear(s.moves)
	for _, c := range s.inOrder() {
		s.finish(c)
	}
}

// touches are the sessions that a learner heard of since it last told, with their
// timeouts.
type touches map[int64]time.Duration

// Beat implements zab.App: it tells the leader which sessions this server has heard of.
func (a *app) Beat() any {
	if len(a.touched) == 0 {
		return nil
	}
	t := a.touched
	a.touched = make(touches, len(t))
	return t
}

// Receive implements zab.App. What learners send counts only while this server leads.
func (a *app) Receive(from int, payload any) {
	s := a.server()
	switch p := payload.(type) {
	case syncDone:
		s.synced(p.id)
	case moveDone:
		s.moved(p.id, p.ok)
	default:
		if s.sessions != nil {
			s.fromLearner(from, payload)
		}
	}
}

func (s *Server) fromLearner(from int, payload any) {
	switch p := payload.(type) {
	case *request:
		s.propose(p)
	case touches:
		for id, timeout := range p {
			s.sessions.touch(id, timeout, s.expiryClock())
		}
	case syncAsked:
		s.leadSync(syncWait{id: p.id, origin: from})
	case moveAsked:
		s.counters.Count(fourletter.Revalidations)
		s.node.SendLearner(from, moveDone{id: p.id, ok: s.sessions.move(p.session, p.timeout, from, s.expiryClock())})
	}
}

// Commit implements zab.App: it applies a transaction, tells the watchers, and then
// answers. "A client will see the watch event before it sees the new data"
// (Programmer's Guide, Watches).
func (a *app) Commit(e zab.Entry) {
	s := a.server()
	if s.stuck {
		return
	}
	s.endReadOnly()
	p := e.Data.(*proposal)
	result := s.tree.Apply(p.txn)
	for _, ev := range result.Events {
		s.fire(ev, p.txn.Zxid)
	}
	if s.prep != nil {
		s.prep.Applied(e.Zxid)
		s.counters.Count(fourletter.Commits)
	} else {
		s.counters.Count(fourletter.LearnedProposals)
		s.counters.Count(fourletter.LearnedCommits)
	}
	if p.origin == s.cfg.Zab.ID {
		s.answerWrite(p, result)
	}
	if p.txn.Op == wire.CloseSession {
		s.sessionClosed(p.txn.Session)
	}
	s.releaseSyncs(e.Zxid)
}

// Restored returns the entry of a transaction that was read from files. No client waits for it any
// more.
func Restored(x *tree.Txn) zab.Entry { return zab.Entry{Zxid: x.Zxid, Data: &proposal{txn: x}} }
