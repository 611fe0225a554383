package stats

import (
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats/measured"
)

// FailoverPhases divides the fail-over of one affected client, whose sum they are. Each is 0 if it does not
// apply.
type FailoverPhases struct {
	// Noticed is the time from the verified effect of the fault to the loss of the connection; for a
	// client that kept its connection, to the success.
	Noticed time.Duration `json:"noticed"`
	// Paused is the time in which the client had no connection and did not try to make one, as its
	// library pauses before it connects again.
	Paused time.Duration `json:"paused"`
	// Connecting is the time in which it tried servers, or waited for one to serve it.
	Connecting time.Duration `json:"connecting"`
	// Serving is the time from the last new connection to the success.
	Serving time.Duration `json:"serving"`
}

// connection is an event of a client's connections.
type connection struct {
	at     time.Duration
	lost   bool
	paused time.Duration
}

// connectionsOf returns the events of the connections of each client, in order.
func connectionsOf(h *history.History) map[int][]connection {
	all := map[int][]connection{}
	for _, e := range h.Facts() {
		if e.Process != history.SessionProcess {
			continue
		}
		switch e.F {
		case history.FDisconnected:
			all[e.Client] = append(all[e.Client], connection{at: e.Time, lost: true})
		case history.FConnected:
			var v history.Connected
			_ = e.Decode(&v) // without a value there is no pause
			all[e.Client] = append(all[e.Client], connection{at: e.Time, paused: v.Paused})
		}
	}
	return all
}

// phasesOf divides the time from the injection and the verified effect of a fault to a success.
// Connections that were lost after the injection count as lost at the effect if that was later.
func phasesOf(all []connection, injected, verified, success time.Duration) FailoverPhases {
	var lost, connected, paused time.Duration
	broken := false
	for _, c := range all {
		switch {
		case c.at < injected || c.at > success:
		case c.lost && !broken:
			broken, lost = true, max(c.at, verified)
		case !c.lost && broken:
			connected = max(c.at, verified)
			paused += c.paused
		}
	}
	if !broken || connected == 0 {
		return FailoverPhases{Noticed: success - verified}
	}
	p := FailoverPhases{Noticed: lost - verified, Serving: success - connected}
	p.Paused = min(paused, connected-lost)
	p.Connecting = connected - lost - p.Paused
	return p
}

// measurePhases adds to each fault the phases of its affected clients that had a success.
func measurePhases(faults []Fault, h *history.History) {
	if len(faults) == 0 {
		return
	}
	connections := connectionsOf(h)
	for i := range faults {
		f := &faults[i]
		for j := range f.Affected {
			if c := &f.Affected[j]; !c.AtLeast {
				p := phasesOf(connections[c.Client], f.Injected, f.Verified, f.Verified+c.Time)
				c.Phases = &p
			}
		}
	}
}

// PhaseSamples are the phases of affected clients, each phase of all clients together, and how
// long after the verified effect each election ended.
type PhaseSamples struct {
	Clients    int             `json:"clients"`
	Noticed    time.Duration   `json:"noticed"` // sums over all clients
	Paused     time.Duration   `json:"paused"`
	Connecting time.Duration   `json:"connecting"`
	Serving    time.Duration   `json:"serving"`
	Elected    *measured.Times `json:"elected,omitempty"`
}

// addFault adds the phases of the affected clients of a fault.
func (s *PhaseSamples) addFault(f *Fault) {
	for _, c := range f.Affected {
		if p := c.Phases; p != nil {
			s.Merge(&PhaseSamples{Clients: 1, Noticed: p.Noticed, Paused: p.Paused, Connecting: p.Connecting, Serving: p.Serving})
		}
	}
	if f.ElectedAt > 0 {
		merge(&s.Elected, measured.TimesOf([]measured.Bound{{Time: f.ElectedAt - f.Verified}}))
	}
}

// Merge adds the phases of other clients.
func (s *PhaseSamples) Merge(others *PhaseSamples) {
	s.Clients += others.Clients
	s.Noticed += others.Noticed
	s.Paused += others.Paused
	s.Connecting += others.Connecting
	s.Serving += others.Serving
	merge(&s.Elected, others.Elected)
}

// Mean returns the mean of each phase. Means add up to the mean fail-over of the clients; medians
// would not. s must have a client.
func (s *PhaseSamples) Mean() FailoverPhases {
	n := time.Duration(s.Clients)
	return FailoverPhases{Noticed: s.Noticed / n, Paused: s.Paused / n, Connecting: s.Connecting / n, Serving: s.Serving / n}
}
