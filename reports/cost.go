package reports

import (
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/stats"
)

// herdFigure shows how many watch events a release caused.
func herdFigure(m *material) (*figure, string) {
	switch c := m.r.Stats.Cost; {
	case !m.model().Held():
		return nil, ""
	case c == nil:
		return nil, "What passed between clients and servers is unknown."
	default:
		return herdOf(c)
	}
}

// herdOfSweep draws all runs of a sweep; the figure is nil if there is nothing to draw.
func herdOfSweep(s *sweep.Summary) drawn {
	d := drawn{file: "herd", title: "Cost of a release by contenders"}
	c := s.Samples.Cost
	if c == nil || !models.Named(s.Description.Setting("recipe")).Held() {
		return d
	}
	if d.figure, d.absent = herdOf(c); d.figure != nil {
		d.figure.file, d.figure.title = d.file, d.title
	}
	return d
}

// herdOf returns the figure of a run or of several.
func herdOf(c *stats.Cost) (*figure, string) {
	if c.Herd == nil || len(c.Herd.ByContenders) == 0 {
		return nil, "No release succeeded."
	}
	var measured plotter.XYs
	most, highest := 2, 2.0
	for _, p := range c.Herd.ByContenders {
		y := mean(p.Events, p.OK)
		most, highest = max(most, p.Contenders), max(highest, y)
		measured = append(measured, plotter.XY{X: float64(p.Contenders), Y: y})
	}
	all := float64(most - 1)
	f := &figure{xLabel: "clients that held the key or waited for it when it was released", xMin: 0.5, xMax: float64(most) + 0.5, xTicks: linearTicks{most: min(12, most)}}
	p := newPanel()
	p.Y.Min, p.Y.Max = 0, 1.05*max(highest, all)
	p.Y.Tick.Marker = linearTicks{most: 5}
	f.add(p)
	p.Add(brokenLine{at: plotter.XYs{{X: 1, Y: 0}, {X: float64(most), Y: all}}, gap: all + 1, colour: orange})
	p.Add(marks{at: measured, shape: dot, radius: vg.Points(3), colour: blue})
	f.panels = []panel{{yLabel: "watch events per release", plot: p, height: 200}}
	f.legend = []legendEntry{
		{name: "measured, on average", colour: blue, mark: dot},
		{name: "every waiter is woken", colour: orange, shape: asLine},
	}
	f.note = "Watch events delivered to other clients of the key, from the beginning of a release to that of the next one. The herd effect is a rise with the number of clients."
	f.alt = "Plot of the watch events per release by the number of clients that held the key or waited for it."
	return f, ""
}
