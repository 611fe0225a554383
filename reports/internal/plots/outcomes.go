package plots

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/words"
)

// Outcome is a part of a bar.
type Outcome struct {
	Name   string
	Colour color.NRGBA
	N      int // runs
}

// OutcomeBar is a bar of runs, divided by their outcomes.
type OutcomeBar struct {
	Name  string
	Parts []Outcome // from the left
}

// OutcomesFigure shows the outcomes of runs, a bar for each name, the first on top. It returns nil without
// bars.
func OutcomesFigure(bars []OutcomeBar, xLabel string) *figure.Figure {
	if len(bars) == 0 {
		return nil
	}
	f := &figure.Figure{Narrow: true, XTicks: figure.CountTicks{Most: 8}, XLabel: xLabel}
	p := figure.NewPanel()
	p.Y.Min, p.Y.Max = -0.6, float64(len(bars))-0.4
	seen := map[string]bool{}
	var ticks plot.ConstantTicks
	var texts []string
	f.Add(p)
	for i, b := range bars {
		y := float64(len(bars) - 1 - i)
		ticks = append(ticks, plot.Tick{Value: y, Label: words.Label(b.Name, 28)})
		at := 0.0
		var said []string
		for _, part := range b.Parts {
			if part.N == 0 {
				continue
			}
			figure.AddBar(p, y, at, at+float64(part.N), part.Colour)
			at += float64(part.N)
			said = append(said, prose.Grouped(part.N)+" "+part.Name)
			if !seen[part.Name] {
				seen[part.Name] = true
				f.Legend = append(f.Legend, figure.LegendEntry{Name: part.Name, Colour: part.Colour, Shape: figure.AsPatch})
			}
		}
		f.XMax = max(f.XMax, at)
		texts = append(texts, words.Label(b.Name, 40)+": "+strings.Join(said, ", "))
	}
	if f.XMax == 0 {
		return nil
	}
	p.Y.Tick.Marker = ticks
	f.Panels = []figure.Panel{{Plot: p, Height: vg.Length(30 + 22*len(bars))}}
	f.Alt = "Bar chart. " + strings.Join(texts, "; ") + "."
	return f
}

// The maximum number of rows in a picture of a sweep.
const mostPictured = 16

// SweepOutcomes shows in how many runs of a sweep each property was kept.
func SweepOutcomes(s *sweep.Summary) *figure.Figure {
	bars := []OutcomeBar{{"all runs", []Outcome{
		{"violated", looks.Vermillion, s.Violation}, {"undecided", looks.Orange, s.Unknown}, {"valid", looks.Green, s.Valid}, {"could not be run", looks.MiddleGrey, s.Errors},
	}}}
	for _, p := range s.Properties {
		if len(bars) > mostPictured {
			break
		}
		violated := Outcome{"violated", looks.Vermillion, p.Violation}
		if p.Measured {
			violated.Name, violated.Colour = "happened (measured)", looks.Sky
		}
		bars = append(bars, OutcomeBar{p.Name, []Outcome{
			violated, {"undecided", looks.Orange, p.Unknown}, {"valid", looks.Green, p.Valid}, {"no evidence", looks.Pale, max(0, s.Decided()-p.Violation-p.Unknown-p.Valid)},
		}})
	}
	f := OutcomesFigure(bars, "runs")
	if f != nil {
		f.File, f.Title = "outcomes", "What the runs came to"
	}
	return f
}

// Causes shows in which share of the runs of a sweep each cause was found, with the interval of the
// share. It returns nil if nothing was found.
func Causes(s *sweep.Summary) *figure.Figure {
	found := s.Findings[:min(mostPictured, len(s.Findings))]
	if len(found) == 0 {
		return nil
	}
	f := &figure.Figure{Narrow: true, XTicks: figure.LinearTicks{Most: 8}, XLabel: "share of the runs (%)"}
	p := figure.NewPanel()
	p.Y.Min, p.Y.Max = -0.6, float64(len(found))-0.4
	f.Add(p)
	var ticks plot.ConstantTicks
	var texts []string
	for i, c := range found {
		y := float64(len(found) - 1 - i)
		colour := looks.Vermillion
		if c.Measured {
			colour = looks.Sky
		}
		share := 100 * float64(c.Count) / float64(max(c.Of, 1))
		low, high := min(100*c.Low, share), max(100*c.High, share)
		f.XMax = max(f.XMax, high)
		ticks = append(ticks, plot.Tick{Value: y, Label: words.Label(prose.Grouped(i+1)+". "+c.Property, 28)})
		p.Add(&plotter.Line{XYs: plotter.XYs{{X: low, Y: y}, {X: high, Y: y}}, LineStyle: draw.LineStyle{Color: colour, Width: vg.Points(1.4)}})
		p.Add(figure.Marks{At: plotter.XYs{{X: share, Y: y}}, Shape: figure.Dot, Radius: 3.5, Colour: colour})
		texts = append(texts, words.Label(c.Property, 40)+" "+words.FindingRate(c))
	}
	f.XMax *= 1.05
	p.Y.Tick.Marker = ticks
	f.Panels = []figure.Panel{{Plot: p, Height: vg.Length(30 + 22*len(found))}}
	f.Note = "A dot is the share of the runs in which a cause was found, the line its confidence interval (95 %). The causes have the numbers of the list above."
	if more := len(s.Findings) - len(found); more > 0 {
		f.Note += " " + words.Plural(more, "more cause") + " not shown."
	}
	f.Alt = "How often each cause was found: " + strings.Join(texts, "; ") + "."
	f.File, f.Title = "causes", "How often each cause was found"
	return f
}
