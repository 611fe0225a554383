package reports

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/zklab/zklab/stats"
)

// probesFigure shows the writes of each probe, one panel for each. It returns no figure and no
// reason for a run without probes.
func probesFigure(m *material) (*figure, string) {
	probes := stats.Probes(m.h)
	if len(probes) == 0 {
		return nil, ""
	}
	f := m.overTime()
	f.alt = "Scatter plot of the latency of each write of each probe over the time of the run."
	lo, hi := math.Inf(1), least
	for _, w := range probes {
		for _, p := range w.Points {
			lo, hi = min(lo, logSeconds(p.Latency)), max(hi, logSeconds(p.Latency))
		}
	}
	lo, hi = logRange(lo, hi)
	any := map[bool]bool{}
	for _, w := range probes[:min(len(probes), mostPanels)] {
		p := newPanel()
		p.Y.Min, p.Y.Max = lo, hi
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, durationTicks{}
		f.add(p)
		for _, k := range writeKinds {
			at := m.writes(w, k.ok)
			at = thin(at, newGrid(0, f.xMax, 900, false), newGrid(lo, hi, 180, true), mostPoints)
			if len(at) > 0 {
				p.Add(marks{at: at, shape: k.shape, radius: 1.6, colour: k.colour})
				any[k.ok] = true
			}
		}
		f.panels = append(f.panels, panel{name: probeName(w.Server), yLabel: "latency (log scale)", plot: p, height: panelHeight(len(probes))})
	}
	for _, k := range writeKinds {
		if any[k.ok] {
			f.legend = append(f.legend, legendEntry{name: k.name, colour: k.colour, mark: k.shape})
		}
	}
	f.note = fmt.Sprintf("Each probe began a write every %s, whether or not earlier ones had ended. From when a write was due to its end: "+
		"writes that waited for the same moment form a line that falls to it.", length(probes[0].Every))
	return f, ""
}

// outagesFigure draws the times without service. There were no probes before results had times.
func outagesFigure(m *material) (*figure, string) {
	if m.r.Stats.Samples == nil {
		return nil, ""
	}
	return distributionOf(outageTimes)(m)
}

// probeName says which servers a probe uses.
func probeName(server int) string {
	if server == 0 {
		return "all servers"
	}
	return fmt.Sprintf("server %d alone", server)
}

// writeKinds are how writes of probes are drawn.
var writeKinds = []struct {
	ok     bool
	name   string
	colour color.NRGBA
	shape  mark
}{{true, "ok", blue, dot}, {false, "failed", vermillion, cross}}

// writes returns the writes of a probe that succeeded, or those that failed.
func (m *material) writes(w stats.Writes, ok bool) (at plotter.XYs) {
	u := unitFor(m.end)
	for _, p := range w.Points {
		if p.OK == ok {
			at = append(at, plotter.XY{X: u.of(p.At), Y: logSeconds(p.Latency)})
		}
	}
	return at
}
