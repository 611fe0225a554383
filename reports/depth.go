package reports

import (
	"maps"
	"slices"
	"time"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats"
)

// depthColumns is the maximum number of steps in a line.
const depthColumns = 1000

// depthFigure shows how many items each queue held.
func depthFigure(m *material) (*figure, string) {
	if m.model().State != models.Filled {
		return nil, ""
	}
	items := queuedItems(m.h)
	if len(items) == 0 {
		return nil, "No item was put into a queue."
	}
	byKey := map[string][]stats.Span{}
	for _, q := range items {
		byKey[q.key] = append(byKey[q.key], q.Span)
	}
	f := m.counts(byKey, "items in the queue", 0)
	f.note = "Acknowledged items not yet taken, the most in each step of the line. An item whose outcome is unknown counts until the end of the record." + f.note
	f.alt = "Line plot of the number of items in each queue over the time of the run."
	return f, ""
}

// counts shows how many of some spans each moment lies in, a line for each key, and above
// a line at the bound, if that is not 0. Its note tells of keys that are not shown.
func (m *material) counts(byKey map[string][]stats.Span, what string, bound int) *figure {
	f := m.overTime()
	p := newPanel()
	p.Y.Tick.Marker = linearTicks{most: 7}
	f.add(p)
	keys := slices.Sorted(maps.Keys(byKey))
	highest := float64(bound)
	if bound > 0 {
		p.Add(&plotter.Line{XYs: plotter.XYs{{X: 0, Y: highest}, {X: f.xMax, Y: highest}}, LineStyle: draw.LineStyle{
			Color: middleGrey, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(4), vg.Points(3)},
		}})
	}
	for i, k := range keys[:min(len(keys), len(clientColours))] {
		at := depth(byKey[k], m.end)
		for j := range at {
			highest = max(highest, at[j].Y)
			at[j].X = unitFor(m.end).of(time.Duration(at[j].X))
		}
		p.Add(&plotter.Line{XYs: at, LineStyle: draw.LineStyle{Color: clientColours[i], Width: vg.Points(1.3)}})
		f.legend = append(f.legend, legendEntry{name: label(k, 24), colour: clientColours[i], shape: asLine})
	}
	p.Y.Min, p.Y.Max = 0, highest+1
	f.panels = []panel{{yLabel: what, plot: p, height: 220}}
	if left := len(keys) - len(clientColours); left > 0 {
		f.note = " " + plural(left, "more key") + " not shown."
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
