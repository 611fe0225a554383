package plots

import (
	"time"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/stats"
)

// throughputFigure shows completions a second, by outcome.
func throughputFigure(m *material.Run) (*figure.Figure, string) {
	counts := completions(m.Model(), m.Points, windowWidth(m))
	if len(counts) == 0 {
		return nil, "No operation was completed."
	}
	f := overTime(m)
	throughputPanel(m, f, counts, 220)
	f.Note = "By the time of completion, counted in windows of " + prose.Length(windowWidth(m)) + "."
	if len(withinHarness(m)) > 0 {
		f.Note += " Confirms and writes, which the harness itself answers, are left out."
	}
	f.Alt = "Line plot of completed operations per second over the time of the run, by outcome."
	return f, ""
}

// throughputPanel adds a panel with the lines, and its legend.
func throughputPanel(m *material.Run, f *figure.Figure, counts map[history.Type]map[int]int, height vg.Length) {
	p := figure.NewPanel()
	p.Y.Min, p.Y.Max = 0, highest(counts, windowWidth(m))
	p.Y.Tick.Marker = figure.LinearTicks{Most: 7}
	f.Add(p)
	for _, o := range looks.Outcomes {
		if at := steps(m, counts[o.Outcome], f.XMax); at != nil {
			p.Add(&plotter.Line{XYs: at, LineStyle: draw.LineStyle{Color: o.Colour, Width: vg.Points(1.4)}})
			f.Legend = append(f.Legend, figure.LegendEntry{Name: o.Name, Colour: o.Colour, Shape: figure.AsLine})
		}
	}
	f.Panels = append(f.Panels, figure.Panel{YLabel: "operations per second", Plot: p, Height: height})
}

// completions counts by outcome and window, as the rate in the statistics
// does. Operations that never returned were not completed.
func completions(model *models.Model, points []stats.Point, width time.Duration) map[history.Type]map[int]int {
	out := map[history.Type]map[int]int{}
	for _, p := range points {
		if p.Open || model.Operation(p.F).Local {
			continue
		}
		if out[p.Outcome] == nil {
			out[p.Outcome] = map[int]int{}
		}
		out[p.Outcome][int((p.At+p.Latency)/width)]++
	}
	return out
}

func highest(counts map[history.Type]map[int]int, width time.Duration) float64 {
	most := 0
	for _, c := range counts {
		for _, n := range c {
			most = max(most, n)
		}
	}
	top := float64(most) / width.Seconds()
	step := figure.NiceStep(top / 6)
	return step * float64(int(top/step)+1)
}

// steps returns the corners of the line. Windows without operations are at zero.
func steps(m *material.Run, counts map[int]int, xMax float64) plotter.XYs {
	if len(counts) == 0 {
		return nil
	}
	width, u := windowWidth(m), figure.UnitFor(m.End)
	var at plotter.XYs
	for i := 0; u.Of(time.Duration(i)*width) < xMax; i++ {
		from := time.Duration(i) * width
		// The last window is cut off by the end of the run: its rate counts for its part.
		part := min(width, max(m.End-from, time.Millisecond))
		rate := float64(counts[i]) / part.Seconds()
		if part < width/4 {
			rate = float64(counts[i]) / width.Seconds()
		}
		at = append(at, plotter.XY{X: u.Of(from), Y: rate}, plotter.XY{X: min(xMax, u.Of(from+width)), Y: rate})
	}
	return at
}
