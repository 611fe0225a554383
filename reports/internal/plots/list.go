package plots

import (
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/material"
)

// Of returns all plots of a run, in the order of the page.
func Of(m *material.Run) []figure.Drawn {
	makers := []struct {
		file, title string
		make        func(*material.Run) (*figure.Figure, string)
	}{
		{"latency", "Latency of each operation", latencyFigure},
		{"quantiles", "Quantiles of the latency", quantilesFigure},
		{"latency-heatmap", "Heat map of the latency", heatmapFigure},
		{latencyTimes.file, latencyTimes.title, distributionOf(latencyTimes)},
		{"throughput", "Throughput", throughputFigure},
		{"failover", "Fail-over after each fault", FailoverFigure},
		{failoverTimes.file, failoverTimes.title, distributionOf(failoverTimes)},
		{affectedTimes.file, affectedTimes.title, distributionOf(affectedTimes)},
		{"phases", "Phases of the fail-over", func(m *material.Run) (*figure.Figure, string) { return Phases(m.Result.Stats.Samples) }},
		{"probes", "Service as probes saw it", probesFigure},
		{outageTimes.file, outageTimes.title, outagesFigure},
		{handOverTimes.file, handOverTimes.title, distributionOf(handOverTimes)},
		{"holders", "Holders", holdersFigure},
		{"leases", "Leases held", leasesFigure},
		{"depth", "Items in the queue", depthFigure},
		{"clients", "Waits and grants by client", clientsFigure},
		{beliefTimes.file, beliefTimes.title, beliefFigure},
		{"herd", "Cost of a release by contenders", HerdFigure},
	}
	var out []figure.Drawn
	for _, mk := range makers {
		d := figure.Drawn{File: mk.file, Title: mk.title}
		d.Figure, d.Absent = mk.make(m)
		if d.Figure == nil && d.Absent == "" {
			continue // of no interest to this model
		}
		if d.Figure != nil {
			d.Figure.File, d.Figure.Title = mk.file, mk.title
		}
		out = append(out, d)
	}
	return out
}
