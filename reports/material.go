package reports

import (
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/store"
)

// material is the data of a report, each piece computed once.
type material struct {
	dir      string
	h        *history.History
	r        *store.Result
	end      time.Duration
	points   []stats.Point
	windows  []stats.Window
	phases   []stats.PhaseSpan
	record   *holds.Record
	holds    []*holds.Hold
	overlaps []holds.Overlap
}

func newMaterial(dir string, h *history.History, r *store.Result) *material {
	m := &material{
		dir: dir, h: h, r: r,
		end:     stats.End(h),
		points:  stats.Points(h),
		windows: stats.Windows(h),
		phases:  stats.Phases(h),
		record:  holds.Of(h),
	}
	m.holds = m.record.All()
	if m.model().State != models.Shared { // there it is as it should be
		m.overlaps = holds.Overlaps(m.holds)
	}
	return m
}

// drawn is a plot, or the reason why there is none.
type drawn struct {
	file   string
	title  string
	figure *figure
	absent string
}

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

// model returns the workload that wrote the history. Histories of other tools may not say.
func (m *material) model() *models.Model { return models.Of(m.h) }

// overTime returns an empty figure over the time of the run.
func (m *material) overTime() *figure {
	u := unitFor(m.end)
	f := &figure{
		xLabel: "time since the run began (" + u.name + ")",
		xTicks: linearTicks{most: 12},
		xMax:   u.of(m.end),
	}
	if f.xMax <= 0 {
		f.xMax = 1
	}
	kinds := make([]string, 0, len(m.windows))
	for _, w := range m.windows {
		kinds = append(kinds, w.Kind)
	}
	colours := tints(kinds)
	for _, w := range m.windows {
		f.bands = append(f.bands, m.band(w, u, colours))
	}
	f.bars = tooMany(f.bands, len(colours))
	for _, p := range m.phases {
		if p.Name != history.PhaseSetup {
			f.rules = append(f.rules, rule{at: u.of(p.From), name: phaseTold(p.Name)})
		}
	}
	return f
}

// phaseTold is the name of a phase with what happens in it.
func phaseTold(name string) string {
	switch name {
	case history.PhaseHeal:
		return name + ": faults undone"
	case history.PhaseQuiesce:
		return name + ": final reads"
	}
	return label(name, 20)
}
