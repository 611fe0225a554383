package reports

import (
	"image/color"
	"math"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/stats"
)

// quantileStyles are the quantiles in one plot, and how each is drawn.
var quantileStyles = []struct {
	name   string
	colour color.NRGBA
	mark   mark
	of     func(stats.Quantiles) time.Duration
}{
	{"p99", vermillion, triangle, func(q stats.Quantiles) time.Duration { return q.P99 }},
	{"p95", orange, square, func(q stats.Quantiles) time.Duration { return q.P95 }},
	{"p50 (median)", blue, dot, func(q stats.Quantiles) time.Duration { return q.P50 }},
}

// quantilesFigure shows p50, p95 and p99 of what succeeded, window by window.
func quantilesFigure(m *material) (*figure, string) {
	width := m.windowWidth()
	f := m.overTime()
	type row struct {
		op string
		q  []stats.Quantiles
	}
	var rows []row
	for _, op := range m.operations() {
		if q := stats.QuantilesOverTime(m.points, op, width); len(q) > 0 {
			rows = append(rows, row{op, q})
		}
	}
	if len(rows) == 0 {
		return nil, "No operation on the ensemble succeeded."
	}
	for _, r := range rows {
		f.panels = append(f.panels, panel{name: r.op, yLabel: "latency (log scale)", plot: m.quantilesPanel(f, r.q, width), height: panelHeight(len(rows))})
	}
	for _, s := range quantileStyles {
		f.legend = append(f.legend, legendEntry{name: s.name, colour: s.colour, mark: s.mark})
	}
	f.note = "Of operations that succeeded, by intended start, in windows of " + length(width) + ". A gap is a window in which none began that succeeded."
	f.alt = "Line plot of the median, 95th and 99th percentile of the latency over the time of the run, one panel for each kind of operation."
	return f, ""
}

func (m *material) quantilesPanel(f *figure, q []stats.Quantiles, width time.Duration) *plot.Plot {
	p := newPanel()
	lo, hi := math.Inf(1), least
	for _, w := range q {
		lo, hi = min(lo, logSeconds(w.P50)), max(hi, logSeconds(w.P99))
	}
	p.Y.Min, p.Y.Max = logRange(lo, hi)
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, durationTicks{}
	f.add(p)
	u := unitFor(m.end)
	for _, s := range quantileStyles {
		var at plotter.XYs
		for _, w := range q {
			at = append(at, plotter.XY{X: u.of(min(w.From+width/2, m.end)), Y: logSeconds(s.of(w))})
		}
		p.Add(brokenLine{at: at, gap: u.of(width) * 1.5, colour: s.colour})
		p.Add(marks{at: at, shape: s.mark, radius: vg.Points(1.8), colour: s.colour})
	}
	return p
}

// windowWidth is the width of the windows over time: about a hundred a run, of
// a length that is easy to name.
func (m *material) windowWidth() time.Duration {
	return niceDuration(m.end / 100)
}

func niceDuration(least time.Duration) time.Duration {
	for _, d := range []time.Duration{
		100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	} {
		if d >= least {
			return d
		}
	}
	return least.Round(time.Hour) + time.Hour
}
