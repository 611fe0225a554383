package stats

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// Window is the period of a fault, for the shading of plots.
type Window struct {
	Span
	Fault    int
	Kind     string
	Spec     string
	Verified bool // the fault took effect
}

// Windows returns the periods of the faults in a history: from injection to heal. An expiry, which
// has no heal, lasts until the last affected client has a new session. A fault without a known end
// lasts to the end of the record. Skipped faults have no window.
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

// reconnected returns when the last of the fault's clients got a session that the fault had not
// hit, or 0 if none did.
func reconnected(f *Fault, h *history.History) time.Duration {
	var last time.Duration
	waiting := map[int]bool{}
	for _, c := range f.Clients {
		waiting[c] = true
	}
	from := firstAt(h, f.Injected)
	for _, e := range h.Facts() {
		if len(waiting) == 0 {
			break
		}
		if e.Index >= from && e.Process == history.SessionProcess && e.F == history.FConnected &&
			waiting[e.Client] && !slices.Contains(f.Sessions, e.Session) {
			delete(waiting, e.Client)
			last = e.Time
		}
	}
	return last
}
