package stats

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// Window is the time in which a fault lasted, for the shading of plots.
type Window struct {
	Span
	Fault    int
	Kind     string
	Spec     string
	Verified bool // it was seen to take effect
}

// Windows are the fault windows of a history, from its faults' events alone:
// from injection to heal. An expiry, which nothing heals, lasts until the last
// of the affected clients has a new session. A fault that is not known to have
// ended lasts to the end of the record; skipped ones have no window.
func Windows(h *history.History) []Window {
	var out []Window
	for _, f := range Faults(h) {
		if f.Outcome != history.StepSkipped {
			out = append(out, Window{
				Span:  Span{From: f.Injected, Until: lasted(&f, h)},
				Fault: f.Number, Kind: f.Kind, Spec: f.Spec, Verified: f.Outcome == history.StepVerified,
			})
		}
	}
	return out
}

// endsSessions says that the fault's sessions do not come back, however long it
// lasted. Others name the sessions of connections that they touch.
func (f *Fault) endsSessions() bool {
	return f.Traits.Sessions == history.EndAtOnce || f.Traits.Sessions == history.EndByTimeout
}

func lasted(f *Fault, h *history.History) time.Duration {
	switch {
	case len(f.Sessions) > 0 && f.endsSessions():
		return max(f.Injected, f.Verified, f.Healed, reconnected(f, h))
	case f.Healed > 0:
		return f.Healed
	case f.Outcome == history.StepFailed:
		return f.Injected
	}
	return End(h)
}

// reconnected is when the last of the fault's clients got a session that the
// fault had not hit, 0 if none did.
func reconnected(f *Fault, h *history.History) time.Duration {
	var last time.Duration
	waiting := map[int]bool{}
	for _, c := range f.Clients {
		waiting[c] = true
	}
	for i := firstAt(h, f.Injected); i < len(h.Events) && len(waiting) > 0; i++ {
		e := &h.Events[i]
		if e.Process == history.SessionProcess && e.F == history.FConnected &&
			waiting[e.Client] && !slices.Contains(f.Sessions, e.Session) {
			delete(waiting, e.Client)
			last = e.Time
		}
	}
	return last
}
