package plots

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
)

// boundsStyle is the line of what bounds an estimate.
var boundsStyle = draw.LineStyle{Color: looks.MiddleGrey, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}}

// Behaviours shows how many behaviours the runs of a sweep met as their number grew, and how many twice
// as many runs would meet. The figure is nil if fewer than two runs recorded their behaviours.
func Behaviours(s *sweep.Summary) figure.Drawn {
	d := figure.Drawn{File: "behaviours", Title: "Behaviours by number of runs"}
	if len(s.Curve) == 0 {
		d.Absent = "Fewer than two runs tell what they met."
		return d
	}
	var met, more, low, high plotter.XYs
	for _, c := range s.Curve {
		x := float64(c.Runs)
		if c.Runs <= s.Behaviours.Runs {
			met = append(met, plotter.XY{X: x, Y: c.Met})
		}
		if c.Runs >= s.Behaviours.Runs {
			more, low, high = append(more, plotter.XY{X: x, Y: c.Met}), append(low, plotter.XY{X: x, Y: c.Low}), append(high, plotter.XY{X: x, Y: c.High})
		}
	}
	f := &figure.Figure{
		File: d.File, Title: d.Title, Narrow: true, XLabel: "runs", XMax: more[len(more)-1].X, XTicks: figure.CountTicks{Most: 8},
		Rules: []figure.Rule{{At: float64(s.Behaviours.Runs), Name: "runs of this sweep"}},
		Note:  "Left of the dashed line: the average over all ways to choose so many of the runs. Right of it: how many more runs would meet, an estimate with 95 % bounds. Where the curve still rises, more seeds show more.",
		Alt: fmt.Sprintf("Line plot of the behaviours met by the number of runs: %s in %s runs; in %s about %.0f are expected.",
			prose.Grouped(s.Behaviours.Met), prose.Grouped(s.Behaviours.Runs), prose.Grouped(s.Curve[len(s.Curve)-1].Runs), more[len(more)-1].Y),
	}
	p := figure.NewPanel()
	p.Y.Min, p.Y.Max = 0, 1.05*high[len(high)-1].Y
	p.Y.Tick.Marker = figure.CountTicks{Most: 6}
	f.Add(p)
	for _, l := range []struct {
		at   plotter.XYs
		name string // "" if the legend has it
		draw.LineStyle
	}{
		{low, "", boundsStyle},
		{high, "bounds, 95 %", boundsStyle},
		{more, "expected", draw.LineStyle{Color: looks.Orange, Width: vg.Points(1.6)}},
		{met, "met", draw.LineStyle{Color: looks.Blue, Width: vg.Points(1.6)}},
	} {
		p.Add(&plotter.Line{XYs: l.at, LineStyle: l.LineStyle})
		if l.name != "" {
			f.Legend = append(f.Legend, figure.LegendEntry{Name: l.name, Colour: l.Color.(color.NRGBA), Shape: figure.AsLine, Dashes: l.Dashes})
		}
	}
	f.Panels = []figure.Panel{{YLabel: "behaviours", Plot: p, Height: 220}}
	d.Figure = f
	return d
}
