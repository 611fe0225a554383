package reports

// plots returns all plots of a run, in the order of the page.
func (m *material) plots() []drawn {
	makers := []struct {
		file, title string
		make        func(*material) (*figure, string)
	}{
		{"latency", "Latency of each operation", latencyFigure},
		{"quantiles", "Quantiles of the latency", quantilesFigure},
		{"latency-heatmap", "Heat map of the latency", heatmapFigure},
		{latencyTimes.file, latencyTimes.title, distributionOf(latencyTimes)},
		{"throughput", "Throughput", throughputFigure},
		{"failover", "Fail-over after each fault", failoverFigure},
		{failoverTimes.file, failoverTimes.title, distributionOf(failoverTimes)},
		{affectedTimes.file, affectedTimes.title, distributionOf(affectedTimes)},
		{"phases", "Phases of the fail-over", func(m *material) (*figure, string) { return phasesFigure(m.r.Stats.Samples) }},
		{"probes", "Service as probes saw it", probesFigure},
		{outageTimes.file, outageTimes.title, outagesFigure},
		{handOverTimes.file, handOverTimes.title, distributionOf(handOverTimes)},
		{"holders", "Holders", holdersFigure},
		{"leases", "Leases held", leasesFigure},
		{"depth", "Items in the queue", depthFigure},
		{"clients", "Waits and grants by client", clientsFigure},
		{beliefTimes.file, beliefTimes.title, beliefFigure},
		{"herd", "Cost of a release by contenders", herdFigure},
	}
	var out []drawn
	for _, mk := range makers {
		d := drawn{file: mk.file, title: mk.title}
		d.figure, d.absent = mk.make(m)
		if d.figure == nil && d.absent == "" {
			continue // of no interest to this model
		}
		if d.figure != nil {
			d.figure.file, d.figure.title = mk.file, mk.title
		}
		out = append(out, d)
	}
	return out
}
