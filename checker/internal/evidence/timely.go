package evidence

import (
	"slices"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
)

// This file is about how old the state may be that servers show ("Programmer's Guide,
// Consistency Guarantees, Timeliness").

// Age is the bound on that; 0: the servers' limits are not known.
//
// A leader drops a learner that takes more than syncLimit ticks to acknowledge a proposal, so
// that a commit is no longer on its way than that (LearnerHandler.SyncLimitCheck). A learner gives
// up a leader of which it hears nothing for syncLimit ticks, and a leader steps down when no
// majority answers for as long; both look at whole ticks. A server that stands still meanwhile
// notices nothing, but its client does, within a session time-out. A second is for everything
// else.
func (a *Record) Age() time.Duration {
	p := a.Params
	if p.SyncLimit == 0 || p.Tick == 0 || p.SessionTimeout == 0 {
		return 0
	}
	return time.Duration(2*p.SyncLimit+2)*p.Tick + p.SessionTimeout + time.Second
}

// Halted are the times in which faults let a server do nothing, or delayed everything that it
// heard, by the address that clients know it by; of an address that is nobody's, those of all servers.
func (a *Record) Halted(address string) (all []Span) {
	server := slices.Index(a.Params.Addresses, address) + 1
	for _, f := range a.Faults.All {
		halts := kinds.Named(f.Kind).Down || f.Kind == kinds.SlowNetwork.Name
		if halts && (server == 0 || slices.Contains(f.Servers, server)) {
			all = append(all, Span{f.From, f.Over})
		}
	}
	return all
}

// Ages says that a connection was used for so long that what it showed could be older than the
// bound: from when it began, or the load did, and with some time for writes to be acknowledged.
func (a *Record) Ages() bool {
	const margin = 2 * time.Second
	age, load := a.Age(), a.Phase(history.PhaseLoad)
	if age == 0 || load == Never {
		return false
	}
	began := map[history.ID]time.Duration{}
	for i := range a.History.Events {
		switch e := &a.History.Events[i]; {
		case e.Process != history.SessionProcess:
		case e.F == history.FConnected:
			began[e.Session] = e.Time
		case e.F == history.FReply && e.Time > max(load, began[e.Session])+age+margin:
			return true
		}
	}
	return false
}
