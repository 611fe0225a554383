package plots

import (
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/material"
)

// list has all plots of runs, in the order of the page.
var list = []struct {
	file, title string // file has no extension
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

// Names returns the names of all plots of runs, without the extensions of their files, in the order of the page.
func Names() []string {
	names := []string{OverviewFile}
	for _, p := range list {
		names = append(names, p.file)
	}
	return names
}

// Of returns the plots of a run, in the order of the page. Plots of no interest to its model are left out.
func Of(m *material.Run) []figure.Drawn {
	var out []figure.Drawn
	for _, p := range list {
		d := figure.Drawn{File: p.file, Title: p.title}
		d.Figure, d.Absent = p.make(m)
		if d.Figure == nil && d.Absent == "" {
			continue // of no interest to this model
		}
		if d.Figure != nil {
			d.Figure.File, d.Figure.Title = p.file, p.title
		}
		out = append(out, d)
	}
	return out
}
