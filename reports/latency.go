package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/stats"
)

// mostPoints is the maximum number of points of each outcome in a panel.
const mostPoints = 4000

// mostPanels limits the height of a figure.
const mostPanels = 8

// latencyFigure shows how long each operation took, by outcome.
func latencyFigure(m *material) (*figure, string) {
	fs := m.operations()
	if len(fs) == 0 {
		return nil, "No operation went to the ensemble."
	}
	f := m.overTime()
	f.alt = "Scatter plot of the latency of each operation over the time of the run, one panel for each kind of operation."
	shown, total := 0, 0
	used := map[history.Type]bool{}
	for _, op := range fs {
		points := m.pointsOf(op)
		p, n := m.latencyPanel(f, points)
		f.panels = append(f.panels, panel{name: op, yLabel: "latency (log scale)", plot: p, height: panelHeight(len(fs))})
		shown, total = shown+n, total+len(points)
		for _, pt := range points {
			used[pt.Outcome] = true
		}
	}
	for _, o := range outcomes {
		if used[o.outcome] {
			f.legend = append(f.legend, legendEntry{name: o.name, colour: o.colour, mark: o.mark})
		}
	}
	f.note = "From the intended start of an operation to its end."
	if within := m.withinHarness(); len(within) > 0 {
		f.note += fmt.Sprintf(" What is answered within the harness (%s) is left out.", strings.Join(within, ", "))
	}
	if shown < total {
		f.note += fmt.Sprintf(" %s of %s points are drawn: the others lie under or next to them.", prose.Grouped(shown), prose.Grouped(total))
	}
	return f, ""
}

func (m *material) latencyPanel(f *figure, points []stats.Point) (p *plot.Plot, shown int) {
	p = newPanel()
	lo, hi := latencyRange(points)
	p.Y.Min, p.Y.Max = lo, hi
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, durationTicks{}
	f.add(p)
	u := unitFor(m.end)
	for _, o := range outcomes {
		var at plotter.XYs
		for _, pt := range points {
			if pt.Outcome == o.outcome {
				at = append(at, plotter.XY{X: u.of(pt.At), Y: logSeconds(pt.Latency)})
			}
		}
		// Those that went wrong are few and matter: they share no room with the others.
		at = thin(at, newGrid(0, f.xMax, 900, false), newGrid(lo, hi, 180, true), mostPoints)
		shown += len(at)
		if len(at) > 0 {
			p.Add(marks{at: at, shape: o.mark, radius: o.radius(), colour: o.colour})
		}
	}
	return p, shown
}

func latencyRange(points []stats.Point) (lo, hi float64) {
	lo, hi = math.Inf(1), least
	for _, p := range points {
		s := logSeconds(p.Latency)
		lo, hi = min(lo, s), max(hi, s)
	}
	return logRange(lo, hi)
}

// pointsOf returns the operations of one kind.
func (m *material) pointsOf(f string) []stats.Point {
	n := 0
	for i := range m.points {
		if m.points[i].F == f {
			n++
		}
	}
	out := make([]stats.Point, 0, n)
	for _, p := range m.points {
		if p.F == f {
			out = append(out, p)
		}
	}
	return out
}

// withinHarness returns the kinds of operations that never leave the harness.
func (m *material) withinHarness() []string {
	var fs []string
	for _, p := range m.points {
		if m.model().Operation(p.F).Local && !slices.Contains(fs, p.F) {
			fs = append(fs, p.F)
		}
	}
	slices.Sort(fs)
	return fs
}

// operations returns the kinds of operations that get a panel, in the order in which a client
// performs them. Confirms and writes to a guarded resource never leave the harness: their
// microseconds would only compress the scale of the others.
func (m *material) operations() []string {
	var fs []string
	for _, p := range m.points {
		if !m.model().Operation(p.F).Local && !slices.Contains(fs, p.F) {
			fs = append(fs, p.F)
		}
	}
	if len(fs) > mostPanels {
		fs = fs[:mostPanels]
	}
	return fs
}
