package reports

import (
	"image/color"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats"
)

// failoverPhases are the phases of a fail-over in their order.
var failoverPhases = []struct {
	name   string
	colour color.NRGBA
	of     func(stats.FailoverPhases) time.Duration
}{
	{"old connection", blue, func(p stats.FailoverPhases) time.Duration { return p.Noticed }},
	{"client library pauses", orange, func(p stats.FailoverPhases) time.Duration { return p.Paused }},
	{"connecting", sky, func(p stats.FailoverPhases) time.Duration { return p.Connecting }},
	{"until the first success", purple, func(p stats.FailoverPhases) time.Duration { return p.Serving }},
}

// phasesFigure shows where the time of fail-overs goes, one bar for each kind and target of faults.
func phasesFigure(s *stats.Samples) (*figure, string) {
	names := withPhases(s)
	if len(names) == 0 {
		return nil, ""
	}
	f := &figure{narrow: true, xTicks: linearTicks{most: 8}}
	p := newPanel()
	p.Y.Min, p.Y.Max = -0.6, float64(len(names))-0.4
	var ticks plot.ConstantTicks
	var longest time.Duration
	sums := make([]time.Duration, len(names))
	var elected plotter.XYs
	for i, name := range names {
		phases := s.Faults[name].Phases
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: label(name, 20) + ", " + prose.Grouped(phases.Clients)})
		mean := phases.Mean()
		longest = max(longest, mean.Noticed+mean.Paused+mean.Connecting+mean.Serving)
	}
	p.Y.Tick.Marker = ticks
	f.add(p)
	u := phaseUnit(longest)
	for _, phase := range failoverPhases {
		for i, name := range names {
			from := sums[i]
			sums[i] += phase.of(s.Faults[name].Phases.Mean())
			addBar(p, float64(i), u.of(from), u.of(sums[i]), phase.colour)
		}
		f.legend = append(f.legend, legendEntry{name: phase.name, colour: phase.colour, shape: asPatch})
	}
	for i, name := range names {
		if e := s.Faults[name].Phases.Elected; e != nil {
			at := e.Quantile(0.5).Time
			longest = max(longest, at)
			elected = append(elected, plotter.XY{X: u.of(at), Y: float64(i)})
		}
	}
	if len(elected) > 0 {
		p.Add(marks{at: elected, shape: diamond, radius: 4, colour: black})
		f.legend = append(f.legend, legendEntry{name: "new leader seen (median)", colour: black, mark: diamond})
	}
	f.xLabel, f.xMax = "mean time since the fault took effect ("+u.name+")", 1.02*u.of(longest)
	f.panels = []panel{{plot: p, height: vg.Length(30 + 26*len(names))}}
	f.note = "Of affected clients that had a success; their number is beside the name of the fault. Means are shown since they add up. " +
		"A client that kept its connection was on the old connection until its success."
	f.alt = "Bar chart of the mean phases of fail-overs by kind of fault: " + strings.Join(phaseWords(s, names), "; ") + "."
	return f, ""
}

// phaseUnit keeps the numbers of the axis short.
func phaseUnit(longest time.Duration) timeUnit {
	if longest < 2*time.Second {
		return timeUnit{"ms", time.Millisecond}
	}
	return timeUnit{"s", time.Second}
}

// mostPhaseBars limits the height of the figure.
const mostPhaseBars = 12

// withPhases returns the faults that have phases, those with the most clients last, which is on top.
func withPhases(s *stats.Samples) (names []string) {
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
	return names[max(0, len(names)-mostPhaseBars):]
}

// phaseWords describes the phases of some faults, one text for each.
func phaseWords(s *stats.Samples, names []string) (texts []string) {
	for _, name := range slices.Backward(names) {
		mean := s.Faults[name].Phases.Mean()
		var parts []string
		for _, phase := range failoverPhases {
			if d := phase.of(mean); d > 0 {
				parts = append(parts, phase.name+" "+length(d))
			}
		}
		texts = append(texts, label(name, 40)+": "+strings.Join(parts, ", "))
	}
	return texts
}
