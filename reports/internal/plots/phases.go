package plots

import (
	"image/color"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/samples"
)

// failoverPhases are the phases of a fail-over in their order.
var failoverPhases = []struct {
	name   string
	colour color.NRGBA
	of     func(samples.FailoverPhases) time.Duration
}{
	{"old connection", figure.Blue, func(p samples.FailoverPhases) time.Duration { return p.Noticed }},
	{"client library pauses", figure.Orange, func(p samples.FailoverPhases) time.Duration { return p.Paused }},
	{"connecting", figure.Sky, func(p samples.FailoverPhases) time.Duration { return p.Connecting }},
	{"until the first success", figure.Purple, func(p samples.FailoverPhases) time.Duration { return p.Serving }},
}

// Phases shows where the time of fail-overs goes, one bar for each kind and target of faults.
func Phases(s *samples.Samples) (*figure.Figure, string) {
	names := WithPhases(s)
	if len(names) == 0 {
		return nil, ""
	}
	f := &figure.Figure{Narrow: true, XTicks: figure.LinearTicks{Most: 8}}
	p := figure.NewPanel()
	p.Y.Min, p.Y.Max = -0.6, float64(len(names))-0.4
	var ticks plot.ConstantTicks
	var longest time.Duration
	sums := make([]time.Duration, len(names))
	var elected plotter.XYs
	for i, name := range names {
		phases := s.Faults[name].Phases
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: words.Label(name, 20) + ", " + prose.Grouped(phases.Clients)})
		mean := phases.Mean()
		longest = max(longest, mean.Noticed+mean.Paused+mean.Connecting+mean.Serving)
	}
	p.Y.Tick.Marker = ticks
	f.Add(p)
	u := phaseUnit(longest)
	for _, phase := range failoverPhases {
		for i, name := range names {
			from := sums[i]
			sums[i] += phase.of(s.Faults[name].Phases.Mean())
			figure.AddBar(p, float64(i), u.Of(from), u.Of(sums[i]), phase.colour)
		}
		f.Legend = append(f.Legend, figure.LegendEntry{Name: phase.name, Colour: phase.colour, Shape: figure.AsPatch})
	}
	for i, name := range names {
		if e := s.Faults[name].Phases.Elected; e != nil {
			at := e.Quantile(0.5).Time
			longest = max(longest, at)
			elected = append(elected, plotter.XY{X: u.Of(at), Y: float64(i)})
		}
	}
	if len(elected) > 0 {
		p.Add(figure.Marks{At: elected, Shape: figure.Diamond, Radius: 4, Colour: figure.Black})
		f.Legend = append(f.Legend, figure.LegendEntry{Name: "new leader seen (median)", Colour: figure.Black, Mark: figure.Diamond})
	}
	f.XLabel, f.XMax = "mean time since the fault took effect ("+u.Name+")", 1.02*u.Of(longest)
	f.Panels = []figure.Panel{{Plot: p, Height: vg.Length(30 + 26*len(names))}}
	f.Note = "Means, which add up, over the affected clients that succeeded again; their number stands beside the name of the fault. " +
		"All of the time of a client that kept its connection counts as old connection."
	f.Alt = "Bar chart of the mean phases of fail-overs by kind of fault: " + strings.Join(PhaseWords(s, names), "; ") + "."
	return f, ""
}

// phaseUnit keeps the numbers of the axis short.
func phaseUnit(longest time.Duration) figure.TimeUnit {
	if longest < 2*time.Second {
		return figure.TimeUnit{Name: "ms", Unit: time.Millisecond}
	}
	return figure.TimeUnit{Name: "s", Unit: time.Second}
}

// mostPhaseBars limits the height of the figure.
const mostPhaseBars = 12

// WithPhases returns the faults that have phases, those with the most clients last, which is on top.
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
	return names[max(0, len(names)-mostPhaseBars):]
}

// PhaseWords describes the phases of some faults, one text for each.
func PhaseWords(s *samples.Samples, names []string) (texts []string) {
	for _, name := range slices.Backward(names) {
		mean := s.Faults[name].Phases.Mean()
		var parts []string
		for _, phase := range failoverPhases {
			if d := phase.of(mean); d > 0 {
				parts = append(parts, phase.name+" "+prose.Length(d))
			}
		}
		texts = append(texts, words.Label(name, 40)+": "+strings.Join(parts, ", "))
	}
	return texts
}
