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

// phasesOf divides the time from an effect of a fault to a success. Connections that were lost after the injection
// count as lost at the effect if that was later.
func phasesOf(all []connection, e effect, success time.Duration) samples.FailoverPhases {
	var lost, connected, paused time.Duration
	broken := false
	for _, c := range all {
		switch {
		case c.at < e.from || c.at > success:
		case c.lost && !broken:
			broken, lost = true, max(c.at, e.at)
		case !c.lost && broken:
			connected = max(c.at, e.at)
			paused += c.paused
		}
	}
	if !broken || connected == 0 {
		return samples.FailoverPhases{Noticed: success - e.at}
	}
	p := samples.FailoverPhases{Noticed: lost - e.at, Serving: success - connected}
	p.Paused = min(paused, connected-lost)
	p.Connecting = connected - lost - p.Paused
	return p
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
		since := f.Verified
		for _, e := range f.effects() {
			if e.at <= f.ElectedAt {
				since = e.at
			}
		}
		all.Elected = measured.TimesOf([]measured.Bound{{Time: f.ElectedAt - since}})
	}
	return all
}
