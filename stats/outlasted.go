package stats

import (
	"cmp"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// outlast adds the outlasted sessions to each fault that can outlast sessions.
func outlast(faults []Fault, h *history.History) {
	may := func(f Fault) bool {
		return f.Traits.Sessions == history.EndIfOutlasted && f.Outcome == history.StepVerified && len(f.Sessions) == len(f.Clients)
	}
	if !slices.ContainsFunc(faults, may) {
		return
	}
	told := toldOf(h)
	forced := endedByForce(faults)
	for i := range faults {
		f := &faults[i]
		if !may(*f) {
			continue
		}
		lasted := cmp.Or(f.HealBegan, f.Healed, End(h)) - f.Injected
		for n, session := range f.Sessions {
			s := told[session]
			o := Outlasted{Client: f.Clients[n], Session: session, Timeout: s.granted(f.Injected)}
			o.Timeout = cmp.Or(o.Timeout, h.Header.Params.SessionTimeout)
			if o.Timeout > 0 && lasted > o.Timeout {
				o.Ended = s.expired >= f.Injected && s.expired > 0 && !forced[session]
				f.Outlasted = append(f.Outlasted, o)
			}
		}
	}
}

// told holds what a client was told about a session.
type told struct {
	grants  []grant       // in order
	expired time.Duration // 0: never
	alive   time.Duration // when it was last known to live
}

// grant is the timeout that a server granted when the session connected.
type grant struct{ at, timeout time.Duration }

// toldOf returns what clients were told about each session.
func toldOf(h *history.History) map[history.ID]told {
	all := map[history.ID]told{}
	for _, e := range h.Facts() {
		if e.Process != history.SessionProcess {
			continue
		}
		s := all[e.Session]
		s.alive = max(s.alive, e.Alive)
		switch e.F {
		case history.FConnected:
			var c history.Connected
			if e.Decode(&c) == nil {
				s.grants = append(s.grants, grant{e.Time, c.Timeout})
			}
		case history.FExpired:
			s.expired = e.Time
		}
		all[e.Session] = s
	}
	return all
}

// granted returns the timeout granted by some time, or 0 if it is unknown.
func (s told) granted(by time.Duration) (timeout time.Duration) {
	for _, g := range s.grants {
		if g.at <= by {
			timeout = g.timeout
		}
	}
	return timeout
}

// endedByForce returns the sessions that faults ended, however long the faults lasted.
func endedByForce(faults []Fault) map[history.ID]bool {
	ended := map[history.ID]bool{}
	for i := range faults {
		if f := &faults[i]; f.endsSessions() && f.Outcome == history.StepVerified {
			for _, session := range f.Sessions {
				ended[session] = true
			}
		}
	}
	return ended
}
