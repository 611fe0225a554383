package evidence

import (
	"slices"
	"time"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
)

// This file is about how old the state may be that servers show ("Programmer's Guide,
// Consistency Guarantees, Timeliness").

// Age returns the bound on the age of the state that servers show; 0 if the servers'
// limits are unknown.
func (a *Record) Age() time.Duration { return a.Params.Age() }

// Halted returns the times in which faults stopped the server at an address, or delayed everything that
// it received. For an address that is not a server's, it returns the times of all servers.
func (a *Record) Halted(address string) (all []Span) {
	server := slices.Index(a.Params.Addresses, address) + 1
	for _, f := range a.Faults.All {
		halts := kinds.Named(f.Kind).Down || f.Kind == kinds.SlowNetwork.Name
		if halts && (server == 0 || slices.Contains(f.Servers, server)) {
			all = append(all, Span{From: f.From, To: f.Over})
		}
	}
	return all
}

// Ages reports whether a connection was used for so long that what it showed could be older than
// the bound: from when it began, or the load did, and with some time for writes to be acknowledged.
func (a *Record) Ages() bool {
	const margin = 2 * time.Second
	age, load := a.Age(), a.Phase(history.PhaseLoad)
	if age == 0 || load == Never {
		return false
	}
	began := map[history.ID]time.Duration{}
	for _, e := range a.History.Facts() {
		switch {
		case e.Process != history.SessionProcess:
		case e.F == history.FConnected:
			began[e.Session] = e.Time
		case e.F == history.FReply && e.Time > max(load, began[e.Session])+age+margin:
			return true
		}
	}
	return false
}
