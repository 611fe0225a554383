package plots

import (
	"maps"
	"slices"
	"time"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
)

// depthColumns is the maximum number of steps in a line.
const depthColumns = 1000

// depthFigure shows how many items each queue held.
func depthFigure(m *material.Run) (*figure.Figure, string) {
	if m.Model().State != models.Filled {
		return nil, ""
	}
	items := material.QueuedItems(m.History)
	if len(items) == 0 {
		return nil, "No item was put into a queue."
	}
	byKey := map[string][]stats.Span{}
	for _, q := range items {
		byKey[q.Key] = append(byKey[q.Key], q.Span)
	}
	f := counts(m, byKey, "items in the queue", 0)
	f.Note = "Acknowledged items that no client had taken yet: each step of the line is the most at any time in it. An item whose outcome is unknown counts until the end of the record." + f.Note
	f.Alt = "Line plot of the number of items in each queue over the time of the run."
	return f, ""
}

// counts shows how many of some spans each moment lies in, with a line for each key, and, if bound
// is not 0, a line at the bound above them. The note of the figure names the keys that are not
// shown.
func counts(m *material.Run, byKey map[string][]stats.Span, what string, bound int) *figure.Figure {
	f := overTime(m)
	p := figure.NewPanel()
	p.Y.Tick.Marker = figure.LinearTicks{Most: 7}
	f.Add(p)
	keys := slices.Sorted(maps.Keys(byKey))
	highest := float64(bound)
	if bound > 0 {
		p.Add(&plotter.Line{XYs: plotter.XYs{{X: 0, Y: highest}, {X: f.XMax, Y: highest}}, LineStyle: draw.LineStyle{
			Color: looks.MiddleGrey, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(4), vg.Points(3)},
		}})
	}
	for i, k := range keys[:min(len(keys), len(looks.ClientColours))] {
		at := depth(byKey[k], m.End)
		for j := range at {
			highest = max(highest, at[j].Y)
			at[j].X = figure.UnitFor(m.End).Of(time.Duration(at[j].X))
		}
		p.Add(&plotter.Line{XYs: at, LineStyle: draw.LineStyle{Color: looks.ClientColours[i], Width: vg.Points(1.3)}})
		f.Legend = append(f.Legend, figure.LegendEntry{Name: words.Label(k, 24), Colour: looks.ClientColours[i], Shape: figure.AsLine})
	}
	p.Y.Min, p.Y.Max = 0, highest+1
	f.Panels = []figure.Panel{{YLabel: what, Plot: p, Height: 220}}
	if left := len(keys) - len(looks.ClientColours); left > 0 {
		f.Note = " " + words.Plural(left, "more key") + " not shown."
	}
	return f
}

// depth returns the number of spans over time. x is in nanoseconds.
func depth(spans []stats.Span, end time.Duration) plotter.XYs {
	type change struct {
		at time.Duration
		by int
	}
	var changes []change
	for _, s := range spans {
		changes = append(changes, change{s.From, 1}, change{s.Until, -1})
	}
	slices.SortStableFunc(changes, func(a, b change) int { return int(min(1, max(-1, a.at-b.at))) })
	width := end/depthColumns + 1
	var at plotter.XYs
	n, i := 0, 0
	for from := time.Duration(0); from <= end; from += width {
		most := n
		for ; i < len(changes) && changes[i].at < from+width; i++ {
			n += changes[i].by
			most = max(most, n)
		}
		if k := len(at); k > 0 && at[k-1].Y == float64(most) {
			at[k-1].X = float64(min(from+width, end))
			continue
		}
		at = append(at, plotter.XY{X: float64(from), Y: float64(most)}, plotter.XY{X: float64(min(from+width, end)), Y: float64(most)})
	}
	return at
}
