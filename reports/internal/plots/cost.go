package plots

import (
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/samples"
)

// HerdFigure shows how many watch events a release caused.
func HerdFigure(m *material.Run) (*figure.Figure, string) {
	switch c := m.Result.Stats.Cost; {
	case !m.Model().Held():
		return nil, ""
	case c == nil:
		return nil, "What passed between clients and servers is unknown."
	default:
		return herdOf(c)
	}
}

// HerdOfSweep draws all runs of a sweep; the figure is nil if there is nothing to draw.
func HerdOfSweep(s *sweep.Summary) figure.Drawn {
	d := figure.Drawn{File: "herd", Title: "Cost of a release by contenders"}
	c := s.Samples.Cost
	if c == nil || !models.Named(s.Description.Setting("recipe")).Held() {
		return d
	}
	if d.Figure, d.Absent = herdOf(c); d.Figure != nil {
		d.Figure.File, d.Figure.Title = d.File, d.Title
	}
	return d
}

// herdOf returns the figure of a run or of several.
func herdOf(c *samples.Cost) (*figure.Figure, string) {
	if c.Herd == nil || len(c.Herd.ByContenders) == 0 {
		return nil, "No release succeeded."
	}
	var measured plotter.XYs
	most, highest := 2, 2.0
	for _, p := range c.Herd.ByContenders {
		y := words.Mean(p.Events, p.OK)
		most, highest = max(most, p.Contenders), max(highest, y)
		measured = append(measured, plotter.XY{X: float64(p.Contenders), Y: y})
	}
	all := float64(most - 1)
	f := &figure.Figure{XLabel: "clients that held the key or waited for it when it was released", XMin: 0.5, XMax: float64(most) + 0.5, XTicks: figure.LinearTicks{Most: min(12, most)}}
	p := figure.NewPanel()
	p.Y.Min, p.Y.Max = 0, 1.05*max(highest, all)
	p.Y.Tick.Marker = figure.LinearTicks{Most: 5}
	f.Add(p)
	p.Add(figure.BrokenLine{At: plotter.XYs{{X: 1, Y: 0}, {X: float64(most), Y: all}}, Gap: all + 1, Colour: looks.Orange})
	p.Add(figure.Marks{At: measured, Shape: figure.Dot, Radius: vg.Points(3), Colour: looks.Blue})
	f.Panels = []figure.Panel{{YLabel: "watch events per release", Plot: p, Height: 200}}
	f.Legend = []figure.LegendEntry{
		{Name: "measured, on average", Colour: looks.Blue, Mark: figure.Dot},
		{Name: "every waiter is woken", Colour: looks.Orange, Shape: figure.AsLine},
	}
	f.Note = "Watch events that other clients of the key got, from the beginning of a release to the beginning of the next one. If they rise with the number of clients, that is the herd effect."
	f.Alt = "Plot of the watch events per release by the number of clients that held the key or waited for it."
	return f, ""
}
