package reports

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/sweep"
)

// outcome is a part of a bar.
type outcome struct {
	name   string
	colour color.NRGBA
	n      int
}

// outcomeBar is a bar of runs, divided by what they came to.
type outcomeBar struct {
	name  string
	parts []outcome
}

// outcomesFigure shows what runs came to, a bar for each name, the first on top. It returns nil without
// bars.
func outcomesFigure(bars []outcomeBar, xLabel string) *figure {
	if len(bars) == 0 {
		return nil
	}
	f := &figure{narrow: true, xTicks: countTicks{most: 8}, xLabel: xLabel}
	p := newPanel()
	p.Y.Min, p.Y.Max = -0.6, float64(len(bars))-0.4
	seen := map[string]bool{}
	var ticks plot.ConstantTicks
	var texts []string
	f.add(p)
	for i, b := range bars {
		y := float64(len(bars) - 1 - i)
		ticks = append(ticks, plot.Tick{Value: y, Label: label(b.name, 28)})
		at := 0.0
		var said []string
		for _, part := range b.parts {
			if part.n == 0 {
				continue
			}
			addBar(p, y, at, at+float64(part.n), part.colour)
			at += float64(part.n)
			said = append(said, prose.Grouped(part.n)+" "+part.name)
			if !seen[part.name] {
				seen[part.name] = true
				f.legend = append(f.legend, legendEntry{name: part.name, colour: part.colour, shape: asPatch})
			}
		}
		f.xMax = max(f.xMax, at)
		texts = append(texts, label(b.name, 40)+": "+strings.Join(said, ", "))
	}
	if f.xMax == 0 {
		return nil
	}
	p.Y.Tick.Marker = ticks
	f.panels = []panel{{plot: p, height: vg.Length(30 + 22*len(bars))}}
	f.alt = "Bar chart. " + strings.Join(texts, "; ") + "."
	return f
}

// The most rows of a picture of a sweep.
const mostPictured = 16

// sweepOutcomes shows in how many runs of a sweep each property was kept.
func sweepOutcomes(s *sweep.Summary) *figure {
	bars := []outcomeBar{{"all runs", []outcome{
		{"violated", vermillion, s.Violation}, {"undecided", orange, s.Unknown}, {"valid", green, s.Valid}, {"could not be run", middleGrey, s.Errors},
	}}}
	for _, p := range s.Properties {
		if len(bars) > mostPictured {
			break
		}
		violated := outcome{"violated", vermillion, p.Violation}
		if p.Measured {
			violated.name, violated.colour = "happened (measured)", sky
		}
		bars = append(bars, outcomeBar{p.Name, []outcome{
			violated, {"undecided", orange, p.Unknown}, {"valid", green, p.Valid}, {"no evidence", pale, max(0, s.Decided()-p.Violation-p.Unknown-p.Valid)},
		}})
	}
	f := outcomesFigure(bars, "runs")
	if f != nil {
		f.file, f.title = "outcomes", "What the runs came to"
	}
	return f
}

// causesFigure shows in which share of the runs of a sweep each cause was found, with the interval of the
// share. It returns nil if nothing was found.
func causesFigure(s *sweep.Summary) *figure {
	found := s.Findings[:min(mostPictured, len(s.Findings))]
	if len(found) == 0 {
		return nil
	}
	f := &figure{narrow: true, xTicks: linearTicks{most: 8}, xLabel: "share of the runs (%)"}
	p := newPanel()
	p.Y.Min, p.Y.Max = -0.6, float64(len(found))-0.4
	f.add(p)
	var ticks plot.ConstantTicks
	var texts []string
	for i, c := range found {
		y := float64(len(found) - 1 - i)
		colour := vermillion
		if c.Measured {
			colour = sky
		}
		share := 100 * float64(c.Count) / float64(max(c.Of, 1))
		low, high := min(100*c.Low, share), max(100*c.High, share)
		f.xMax = max(f.xMax, high)
		ticks = append(ticks, plot.Tick{Value: y, Label: label(prose.Grouped(i+1)+". "+c.Property, 28)})
		p.Add(&plotter.Line{XYs: plotter.XYs{{X: low, Y: y}, {X: high, Y: y}}, LineStyle: draw.LineStyle{Color: colour, Width: vg.Points(1.4)}})
		p.Add(marks{at: plotter.XYs{{X: share, Y: y}}, shape: dot, radius: 3.5, colour: colour})
		texts = append(texts, label(c.Property, 40)+" "+findingRate(c))
	}
	f.xMax *= 1.05
	p.Y.Tick.Marker = ticks
	f.panels = []panel{{plot: p, height: vg.Length(30 + 22*len(found))}}
	f.note = "A dot is the share of the runs with a cause, and its line the interval of 95 %. The numbers are those of the causes above."
	if more := len(s.Findings) - len(found); more > 0 {
		f.note += " " + plural(more, "more cause") + " not shown."
	}
	f.alt = "How often each cause was found: " + strings.Join(texts, "; ") + "."
	f.file, f.title = "causes", "How often each cause was found"
	return f
}
