package stats

import (
	"math"
	"time"

	"github.com/zklab/zklab/history"
)

// never is later than any time.
const never = time.Duration(math.MaxInt64)

// Span is a period of the run. Times count from the beginning of the run.
type Span struct {
	From  time.Duration
	Until time.Duration
}

// Length returns the length of the span.
func (s Span) Length() time.Duration { return s.Until - s.From }

// Contains reports whether t lies in the span, ends included.
func (s Span) Contains(t time.Duration) bool { return s.From <= t && t <= s.Until }

// End returns the time of the last event, or 0 for an empty history.
func End(h *history.History) time.Duration {
	if h.Len() == 0 {
		return 0
	}
	return h.At(h.Len() - 1).Time
}

// PhaseSpan is a phase of the run with its period.
type PhaseSpan struct {
	Span
	Name string
}

// Phases returns the phases of the run. The last one ends with the record.
func Phases(h *history.History) []PhaseSpan {
	var out []PhaseSpan
	for _, e := range h.Facts() {
		p, ok := decoded[history.Phase](e, history.FPhase)
		if !ok {
			continue
		}
		if n := len(out); n > 0 {
			out[n-1].Until = e.Time
		}
		out = append(out, PhaseSpan{Name: p.Name, Span: Span{From: e.Time, Until: End(h)}})
	}
	return out
}

// loadPhase returns the load phase or, in a history without phases, the time from the first
// invocation to the end.
func loadPhase(h *history.History) Span {
	phases := Phases(h)
	for _, p := range phases {
		if p.Name == history.PhaseLoad {
			return p.Span
		}
	}
	if len(phases) > 0 {
		return Span{}
	}
	for op := range h.EachOperation() {
		return Span{From: op.Began(), Until: End(h)}
	}
	return Span{}
}
