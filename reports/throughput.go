package reports

import (
	"time"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats"
)

// throughputFigure shows completions a second, by outcome.
func throughputFigure(m *material) (*figure, string) {
	counts := completions(m.model(), m.points, m.windowWidth())
	if len(counts) == 0 {
		return nil, "No operation was completed."
	}
	f := m.overTime()
	m.throughputPanel(f, counts, 220)
	f.note = "By the time of completion, counted in windows of " + length(m.windowWidth()) + "."
	if len(m.withinHarness()) > 0 {
		f.note += " Confirms and writes, which stay within the harness, are left out."
	}
	f.alt = "Line plot of completed operations per second over the time of the run, by outcome."
	return f, ""
}

// throughputPanel adds a panel with the lines, and its legend.
func (m *material) throughputPanel(f *figure, counts map[history.Type]map[int]int, height vg.Length) {
	p := newPanel()
	p.Y.Min, p.Y.Max = 0, highest(counts, m.windowWidth())
	p.Y.Tick.Marker = linearTicks{most: 7}
	f.add(p)
	for _, o := range outcomes {
		if at := m.steps(counts[o.outcome], f.xMax); at != nil {
			p.Add(&plotter.Line{XYs: at, LineStyle: draw.LineStyle{Color: o.colour, Width: vg.Points(1.4)}})
			f.legend = append(f.legend, legendEntry{name: o.name, colour: o.colour, shape: asLine})
		}
	}
	f.panels = append(f.panels, panel{yLabel: "operations per second", plot: p, height: height})
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
	step := niceStep(top / 6)
	return step * float64(int(top/step)+1)
}

// steps are the corners of the line: windows without any are at zero.
func (m *material) steps(counts map[int]int, xMax float64) plotter.XYs {
	if len(counts) == 0 {
		return nil
	}
	width, u := m.windowWidth(), unitFor(m.end)
	var at plotter.XYs
	for i := 0; u.of(time.Duration(i)*width) < xMax; i++ {
		from := time.Duration(i) * width
		// The last window is cut off by the end of the run: the rate is that of its part.
		part := min(width, max(m.end-from, time.Millisecond))
		rate := float64(counts[i]) / part.Seconds()
		if part < width/4 {
			rate = float64(counts[i]) / width.Seconds()
		}
		at = append(at, plotter.XY{X: u.of(from), Y: rate}, plotter.XY{X: min(xMax, u.of(from+width)), Y: rate})
	}
	return at
}
