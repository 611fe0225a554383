package plots

import (
	"image/color"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/samples"
)

// phaseColours are those of [words.FailoverPhases].
var phaseColours = []color.NRGBA{looks.Blue, looks.Orange, looks.Sky, looks.Purple}

// Phases shows where the time of fail-overs goes, one bar for each kind and target of faults.
func Phases(s *samples.Samples) (*figure.Figure, string) {
	names := words.WithPhases(s)
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
	for n, phase := range words.FailoverPhases {
		for i, name := range names {
			from := sums[i]
			sums[i] += phase.Of(s.Faults[name].Phases.Mean())
			figure.AddBar(p, float64(i), u.Of(from), u.Of(sums[i]), phaseColours[n])
		}
		f.Legend = append(f.Legend, figure.LegendEntry{Name: phase.Name, Colour: phaseColours[n], Shape: figure.AsPatch})
	}
	for i, name := range names {
		if e := s.Faults[name].Phases.Elected; e != nil {
			at := e.Quantile(0.5).Time
			longest = max(longest, at)
			elected = append(elected, plotter.XY{X: u.Of(at), Y: float64(i)})
		}
	}
	if len(elected) > 0 {
		p.Add(figure.Marks{At: elected, Shape: figure.Diamond, Radius: 4, Colour: looks.Black})
		f.Legend = append(f.Legend, figure.LegendEntry{Name: "new leader seen (median)", Colour: looks.Black, Mark: figure.Diamond})
	}
	f.XLabel, f.XMax = "mean time since the fault took effect ("+u.Name+")", 1.02*u.Of(longest)
	f.Panels = []figure.Panel{{Plot: p, Height: vg.Length(30 + 26*len(names))}}
	f.Note = "Means, which add up, over the affected clients that succeeded again; their number stands beside the name of the fault. " +
		"All of the time of a client that kept its connection counts as old connection."
	f.Alt = "Bar chart of the mean phases of fail-overs by kind of fault: " + strings.Join(words.Phases(s), "; ") + "."
	return f, ""
}

// phaseUnit keeps the numbers of the axis short.
func phaseUnit(longest time.Duration) figure.TimeUnit {
	if longest < 2*time.Second {
		return figure.TimeUnit{Name: "ms", Unit: time.Millisecond}
	}
	return figure.TimeUnit{Name: "s", Unit: time.Second}
}
