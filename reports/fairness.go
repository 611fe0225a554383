package reports

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/stats"
)

// clientsFigure shows how often each client was granted the object, and how long it waited.
func clientsFigure(m *material) (*figure, string) {
	fair := m.r.Stats.Fairness
	switch {
	case !m.model().Held():
		return nil, ""
	case fair == nil:
		return nil, "No acquire was granted."
	}
	last := fair.Clients[len(fair.Clients)-1].Client
	f := &figure{xLabel: "client", xMin: -0.5, xMax: float64(last) + 0.5, xTicks: linearTicks{most: min(20, last+1)}}
	size := vg.Points(max(1.2, 3.5-0.02*float64(last)))
	f.panels = []panel{
		{name: "grants", yLabel: "grants", plot: f.grantsPanel(fair, size), height: 130},
		{name: "waits", yLabel: "wait (log scale)", plot: f.waitsPanel(fair, size), height: 200},
	}
	f.note = "Of acquires under load, from the invocation to the grant. An arrow is a time that was longer: the acquire was given up or failed after it."
	f.alt = "Plot of the number of grants of each client, and of its median and longest wait."
	return f, ""
}

func (f *figure) grantsPanel(fair *stats.Fairness, size vg.Length) *plot.Plot {
	p := newPanel()
	var grants plotter.XYs
	most := 1
	for _, c := range fair.Clients {
		most = max(most, c.Grants)
		grants = append(grants, plotter.XY{X: float64(c.Client), Y: float64(c.Grants)})
	}
	p.Y.Min, p.Y.Max = 0, 1.1*float64(most)
	p.Y.Tick.Marker = linearTicks{most: 4}
	f.add(p)
	f.addSeries(p, series{at: grants}, "grants", green, square, size)
	return p
}

func (f *figure) waitsPanel(fair *stats.Fairness, size vg.Length) *plot.Plot {
	p := newPanel()
	var medians, longest series
	lo, hi := logSeconds(fair.Clients[0].Median.Time), least
	for _, c := range fair.Clients {
		medians.add(float64(c.Client), c.Median)
		longest.add(float64(c.Client), c.Longest)
		lo, hi = min(lo, logSeconds(c.Median.Time)), max(hi, logSeconds(c.Longest.Time))
	}
	p.Y.Min, p.Y.Max = logRange(lo, hi)
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, durationTicks{}
	f.add(p)
	f.addSeries(p, longest, "longest wait", vermillion, triangle, size)
	f.addSeries(p, medians, "median wait", blue, dot, size)
	return p
}

// beliefFigure draws how long two clients believed that they held one key.
func beliefFigure(m *material) (*figure, string) {
	switch b := m.r.Stats.Belief; {
	case b == nil || m.r.Stats.Samples == nil:
		return nil, ""
	case b.Windows == 0:
		return nil, fmt.Sprintf("At no time did two clients believe that they held one key. The plot needs %s.", plural(stats.TimesNeeded(median.q), "such window"))
	}
	return distributionOf(beliefTimes)(m)
}
