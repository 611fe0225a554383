package plots

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/measured"
)

// clientsFigure shows how often each client was granted the object, and how long it waited.
func clientsFigure(m *material.Run) (*figure.Figure, string) {
	fair := m.Result.Stats.Fairness
	switch {
	case !m.Model().Held():
		return nil, ""
	case fair == nil:
		return nil, "No acquire was granted."
	}
	last := fair.Clients[len(fair.Clients)-1].Client
	f := &figure.Figure{XLabel: "client", XMin: -0.5, XMax: float64(last) + 0.5, XTicks: figure.LinearTicks{Most: min(20, last+1)}}
	size := vg.Points(max(1.2, 3.5-0.02*float64(last)))
	f.Panels = []figure.Panel{
		{Name: "grants", YLabel: "grants", Plot: grantsPanel(f, fair, size), Height: 130},
		{Name: "waits", YLabel: "wait (log scale)", Plot: waitsPanel(f, fair, size), Height: 200},
	}
	f.Note = "Waits of acquires under load, from the invocation to the grant. An arrow is a lower bound: the acquire was given up, or failed, after this time."
	f.Alt = "Plot of the number of grants of each client, and of its median and longest wait."
	return f, ""
}

func grantsPanel(f *figure.Figure, fair *stats.Fairness, size vg.Length) *plot.Plot {
	p := figure.NewPanel()
	var grants plotter.XYs
	most := 1
	for _, c := range fair.Clients {
		most = max(most, c.Grants)
		grants = append(grants, plotter.XY{X: float64(c.Client), Y: float64(c.Grants)})
	}
	p.Y.Min, p.Y.Max = 0, 1.1*float64(most)
	p.Y.Tick.Marker = figure.LinearTicks{Most: 4}
	f.Add(p)
	f.AddSeries(p, figure.Series{At: grants}, "grants", looks.Green, figure.Square, size)
	return p
}

func waitsPanel(f *figure.Figure, fair *stats.Fairness, size vg.Length) *plot.Plot {
	p := figure.NewPanel()
	var medians, longest figure.Series
	lo, hi := figure.LogSeconds(fair.Clients[0].Median.Time), figure.Least
	for _, c := range fair.Clients {
		medians.Add(float64(c.Client), c.Median)
		longest.Add(float64(c.Client), c.Longest)
		lo, hi = min(lo, figure.LogSeconds(c.Median.Time)), max(hi, figure.LogSeconds(c.Longest.Time))
	}
	p.Y.Min, p.Y.Max = figure.LogRange(lo, hi)
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, figure.DurationTicks{}
	f.Add(p)
	f.AddSeries(p, longest, "longest wait", looks.Vermillion, figure.Triangle, size)
	f.AddSeries(p, medians, "median wait", looks.Blue, figure.Dot, size)
	return p
}

// beliefFigure draws how long two clients believed that they held one key.
func beliefFigure(m *material.Run) (*figure.Figure, string) {
	switch b := m.Result.Stats.Belief; {
	case b == nil || m.Result.Stats.Samples == nil:
		return nil, ""
	case b.Windows == 0:
		return nil, fmt.Sprintf("At no time did two clients believe that they held one key. The plot needs %s.", words.Plural(measured.Needed(median.Q), "such window"))
	}
	return distributionOf(beliefTimes)(m)
}
