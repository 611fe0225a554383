package stats

import (
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

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
func phasesOf(all []connection, injected, verified, success time.Duration) samples.FailoverPhases {
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
		return samples.FailoverPhases{Noticed: success - verified}
	}
	p := samples.FailoverPhases{Noticed: lost - verified, Serving: success - connected}
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

// phases returns the phases of the affected clients of the fault.
func (f *Fault) phases() *samples.Phases {
	all := &samples.Phases{}
	for _, c := range f.Affected {
		if p := c.Phases; p != nil {
			all.Merge(&samples.Phases{Clients: 1, Noticed: p.Noticed, Paused: p.Paused, Connecting: p.Connecting, Serving: p.Serving})
		}
	}
	if f.ElectedAt > 0 {
		all.Elected = measured.TimesOf([]measured.Bound{{Time: f.ElectedAt - f.Verified}})
	}
	return all
}
