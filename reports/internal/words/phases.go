package words

import (
	"slices"
	"strings"
	"time"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats/samples"
)

// FailoverPhases are the phases of a fail-over in their order.
var FailoverPhases = []struct {
	Name string
	Of   func(samples.FailoverPhases) time.Duration
}{
	{"old connection", func(p samples.FailoverPhases) time.Duration { return p.Noticed }},
	{"client library pauses", func(p samples.FailoverPhases) time.Duration { return p.Paused }},
	{"connecting", func(p samples.FailoverPhases) time.Duration { return p.Connecting }},
	{"until the first success", func(p samples.FailoverPhases) time.Duration { return p.Serving }},
}

// mostWithPhases limits the faults, so that a figure has room for them.
const mostWithPhases = 12

// WithPhases returns the faults that have phases, those with the most clients last.
func WithPhases(s *samples.Samples) (names []string) {
	if s == nil {
		return nil
	}
	for name, f := range s.Faults {
		if f.Phases != nil && f.Phases.Clients > 0 {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := s.Faults[a].Phases.Clients - s.Faults[b].Phases.Clients; d != 0 {
			return d
		}
		return strings.Compare(b, a)
	})
	return names[max(0, len(names)-mostWithPhases):]
}

// Phases describes the phases of the faults that have some, one text for each, those with the most clients first.
func Phases(s *samples.Samples) (texts []string) {
	for _, name := range slices.Backward(WithPhases(s)) {
		mean := s.Faults[name].Phases.Mean()
		var parts []string
		for _, phase := range FailoverPhases {
			if d := phase.Of(mean); d > 0 {
				parts = append(parts, phase.Name+" "+prose.Length(d))
			}
		}
		texts = append(texts, Label(name, 40)+": "+strings.Join(parts, ", "))
	}
	return texts
}
