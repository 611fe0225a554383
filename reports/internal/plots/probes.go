package plots

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/stats"
)

// probesFigure shows the writes of each probe, one panel for each. It returns no figure and no
// reason for a run without probes.
func probesFigure(m *material.Run) (*figure.Figure, string) {
	probes := stats.Probes(m.History)
	if len(probes) == 0 {
		return nil, ""
	}
	f := overTime(m)
	f.Alt = "Scatter plot of the latency of each write of each probe over the time of the run."
	lo, hi := math.Inf(1), figure.Least
	for _, w := range probes {
		for _, p := range w.Points {
			lo, hi = min(lo, figure.LogSeconds(p.Latency)), max(hi, figure.LogSeconds(p.Latency))
		}
	}
	lo, hi = figure.LogRange(lo, hi)
	any := map[bool]bool{}
	for _, w := range probes[:min(len(probes), mostPanels)] {
		p := figure.NewPanel()
		p.Y.Min, p.Y.Max = lo, hi
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, figure.DurationTicks{}
		f.Add(p)
		for _, k := range writeKinds {
			at := writes(m, w, k.ok)
			at = figure.Thin(at, figure.NewGrid(0, f.XMax, 900, false), figure.NewGrid(lo, hi, 180, true), mostPoints)
			if len(at) > 0 {
				p.Add(figure.Marks{At: at, Shape: k.shape, Radius: 1.6, Colour: k.colour})
				any[k.ok] = true
			}
		}
		f.Panels = append(f.Panels, figure.Panel{Name: probeName(w.Server), YLabel: "latency (log scale)", Plot: p, Height: figure.PanelHeight(len(probes))})
	}
	for _, k := range writeKinds {
		if any[k.ok] {
			f.Legend = append(f.Legend, figure.LegendEntry{Name: k.name, Colour: k.colour, Mark: k.shape})
		}
	}
	f.Note = fmt.Sprintf("Each probe began a write every %s, whether or not earlier ones had ended. A dot shows how long a write took, from when it was due: "+
		"writes that waited for the same moment form a line that falls to that moment.", prose.Length(probes[0].Every))
	return f, ""
}

// outagesFigure draws the times without service. There were no probes before results had times.
func outagesFigure(m *material.Run) (*figure.Figure, string) {
	if m.Result.Stats.Samples == nil {
		return nil, ""
	}
	return distributionOf(outageTimes)(m)
}

// probeName names the servers that a probe uses.
func probeName(server int) string {
	if server == 0 {
		return "all servers"
	}
	return fmt.Sprintf("server %d alone", server)
}

// writeKinds says how the writes of probes are drawn.
var writeKinds = []struct {
	ok     bool
	name   string
	colour color.NRGBA
	shape  figure.Mark
}{{true, "ok", looks.Blue, figure.Dot}, {false, "failed", looks.Vermillion, figure.Cross}}

// writes returns the writes of a probe that succeeded, or those that failed.
func writes(m *material.Run, w stats.Writes, ok bool) (at plotter.XYs) {
	u := figure.UnitFor(m.End)
	for _, p := range w.Points {
		if p.OK == ok {
			at = append(at, plotter.XY{X: u.Of(p.At), Y: figure.LogSeconds(p.Latency)})
		}
	}
	return at
}
