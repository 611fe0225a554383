package plots

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/stats"
)

// mostPoints is the maximum number of points of each outcome in a panel.
const mostPoints = 4000

// mostPanels limits the height of a figure.
const mostPanels = 8

// latencyFigure shows how long each operation took, by outcome.
func latencyFigure(m *material.Run) (*figure.Figure, string) {
	fs := operations(m)
	if len(fs) == 0 {
		return nil, "No operation went to the ensemble."
	}
	f := overTime(m)
	f.Alt = "Scatter plot of the latency of each operation over the time of the run, one panel for each kind of operation."
	shown, total := 0, 0
	used := map[history.Type]bool{}
	for _, op := range fs {
		points := pointsOf(m, op)
		p, n := latencyPanel(m, f, points)
		f.Panels = append(f.Panels, figure.Panel{Name: op, YLabel: "latency (log scale)", Plot: p, Height: figure.PanelHeight(len(fs))})
		shown, total = shown+n, total+len(points)
		for _, pt := range points {
			used[pt.Outcome] = true
		}
	}
	for _, o := range looks.Outcomes {
		if used[o.Outcome] {
			f.Legend = append(f.Legend, figure.LegendEntry{Name: o.Name, Colour: o.Colour, Mark: marks[o.Outcome].shape})
		}
	}
	f.Note = "From the intended start of an operation to its end."
	if within := withinHarness(m); len(within) > 0 {
		f.Note += fmt.Sprintf(" Operations that the harness itself answers (%s) are left out.", strings.Join(within, ", "))
	}
	if shown < total {
		f.Note += fmt.Sprintf(" %s of %s points are drawn: the others lie under or next to them.", prose.Grouped(shown), prose.Grouped(total))
	}
	return f, ""
}

// marks are the dots of outcomes, smaller for the common one.
var marks = map[history.Type]struct {
	shape  figure.Mark
	radius vg.Length
}{
	history.OK: {figure.Diamond, vg.Points(1.5)}, history.Fail: {figure.Cross, vg.Points(2.6)}, history.Info: {figure.Triangle, vg.Points(2.6)},
}

func latencyPanel(m *material.Run, f *figure.Figure, points []stats.Point) (p *plot.Plot, shown int) {
	p = figure.NewPanel()
	lo, hi := latencyRange(points)
	p.Y.Min, p.Y.Max = lo, hi
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, figure.DurationTicks{}
	f.Add(p)
	u := figure.UnitFor(m.End)
	for _, o := range looks.Outcomes {
		var at plotter.XYs
		for _, pt := range points {
			if pt.Outcome == o.Outcome {
				at = append(at, plotter.XY{X: u.Of(pt.At), Y: figure.LogSeconds(pt.Latency)})
			}
		}
		// Operations that went wrong are few and matter, so each outcome is thinned by
		// itself.
		at = figure.Thin(at, figure.NewGrid(0, f.XMax, 900, false), figure.NewGrid(lo, hi, 180, true), mostPoints)
		shown += len(at)
		if len(at) > 0 {
			p.Add(figure.Marks{At: at, Shape: marks[o.Outcome].shape, Radius: marks[o.Outcome].radius, Colour: o.Colour})
		}
	}
	return p, shown
}

func latencyRange(points []stats.Point) (lo, hi float64) {
	lo, hi = math.Inf(1), figure.Least
	for _, p := range points {
		s := figure.LogSeconds(p.Latency)
		lo, hi = min(lo, s), max(hi, s)
	}
	return figure.LogRange(lo, hi)
}

// pointsOf returns the operations of one kind.
func pointsOf(m *material.Run, f string) []stats.Point {
	n := 0
	for i := range m.Points {
		if m.Points[i].F == f {
			n++
		}
	}
	out := make([]stats.Point, 0, n)
	for _, p := range m.Points {
		if p.F == f {
			out = append(out, p)
		}
	}
	return out
}

// withinHarness returns the kinds of operations that never leave the harness.
func withinHarness(m *material.Run) []string {
	var fs []string
	for _, p := range m.Points {
		if m.Model().Operation(p.F).Local && !slices.Contains(fs, p.F) {
			fs = append(fs, p.F)
		}
	}
	slices.Sort(fs)
	return fs
}

// operations returns the kinds of operations that get a panel, in the order in which a client
// performs them. Confirms and writes to a guarded resource never leave the harness: their
// microseconds would only compress the scale of the others.
func operations(m *material.Run) []string {
	var fs []string
	for _, p := range m.Points {
		if !m.Model().Operation(p.F).Local && !slices.Contains(fs, p.F) {
			fs = append(fs, p.F)
		}
	}
	if len(fs) > mostPanels {
		fs = fs[:mostPanels]
	}
	return fs
}
