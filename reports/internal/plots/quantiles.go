package plots

import (
	"image/color"
	"math"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/stats"
)

// quantileStyles are the quantiles in one plot, and how each is drawn.
var quantileStyles = []struct {
	name   string
	colour color.NRGBA
	mark   figure.Mark
	of     func(stats.Quantiles) time.Duration
}{
	{"p99", looks.Vermillion, figure.Triangle, func(q stats.Quantiles) time.Duration { return q.P99 }},
	{"p95", looks.Orange, figure.Square, func(q stats.Quantiles) time.Duration { return q.P95 }},
	{"p50 (median)", looks.Blue, figure.Dot, func(q stats.Quantiles) time.Duration { return q.P50 }},
}

// quantilesFigure shows p50, p95 and p99 of what succeeded, window by window.
func quantilesFigure(m *material.Run) (*figure.Figure, string) {
	width := windowWidth(m)
	f := overTime(m)
	type row struct {
		op string
		q  []stats.Quantiles
	}
	var rows []row
	for _, op := range operations(m) {
		if q := stats.QuantilesOverTime(m.Points, op, width); len(q) > 0 {
			rows = append(rows, row{op, q})
		}
	}
	if len(rows) == 0 {
		return nil, "No operation on the ensemble succeeded."
	}
	for _, r := range rows {
		f.Panels = append(f.Panels, figure.Panel{Name: r.op, YLabel: "latency (log scale)", Plot: quantilesPanel(m, f, r.q, width), Height: figure.PanelHeight(len(rows))})
	}
	for _, s := range quantileStyles {
		f.Legend = append(f.Legend, figure.LegendEntry{Name: s.name, Colour: s.colour, Mark: s.mark})
	}
	f.Note = "Of operations that succeeded, by their intended start, in windows of " + prose.Length(width) + ". A gap is a window in which no such operation began."
	f.Alt = "Line plot of the median, 95th and 99th percentile of the latency over the time of the run, one panel for each kind of operation."
	return f, ""
}

func quantilesPanel(m *material.Run, f *figure.Figure, q []stats.Quantiles, width time.Duration) *plot.Plot {
	p := figure.NewPanel()
	lo, hi := math.Inf(1), figure.Least
	for _, w := range q {
		lo, hi = min(lo, figure.LogSeconds(w.P50)), max(hi, figure.LogSeconds(w.P99))
	}
	p.Y.Min, p.Y.Max = figure.LogRange(lo, hi)
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, figure.DurationTicks{}
	f.Add(p)
	u := figure.UnitFor(m.End)
	for _, s := range quantileStyles {
		var at plotter.XYs
		for _, w := range q {
			at = append(at, plotter.XY{X: u.Of(min(w.From+width/2, m.End)), Y: figure.LogSeconds(s.of(w))})
		}
		p.Add(figure.BrokenLine{At: at, Gap: u.Of(width) * 1.5, Colour: s.colour})
		p.Add(figure.Marks{At: at, Shape: s.mark, Radius: vg.Points(1.8), Colour: s.colour})
	}
	return p
}

// windowWidth returns the width of the windows over time: about a hundred a run, of a length that is
// easy to name.
func windowWidth(m *material.Run) time.Duration {
	return niceDuration(m.End / 100)
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
