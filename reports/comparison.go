package reports

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/stats"
)

// compareFigures draws the distributions of each metric, one panel for each of its parts.
func compareFigures(c *compare.Comparison) (figures []*figure) {
	var all stats.Samples
	for _, g := range c.Groups {
		all.Merge(&g.Samples)
	}
	for i := range stats.Metrics {
		m := &stats.Metrics[i]
		if !m.Timed() {
			continue
		}
		if f := comparedTimes(c, m, m.Parts(&all)); len(f.panels) > 0 {
			figures = append(figures, f)
		}
	}
	return figures
}

// mostCompared limits the panels of a figure.
const mostCompared = 12

// comparedTimes draws one metric of all groups: a panel for each part, a row for each group.
func comparedTimes(c *compare.Comparison, m *stats.Metric, parts []string) *figure {
	f := &figure{
		file: m.Name, title: capital(hyphenated(m.Name)) + " of each group", narrow: true,
		alt: "The times of the " + hyphenated(m.Name) + " as dots, one panel for each " + m.Split + ", one row for each group.",
	}
	var panels [][]dotRow
	for _, part := range parts {
		rows := groupRows(c, m, part)
		if !slices.ContainsFunc(rows, func(r dotRow) bool { return r.count() > 0 }) || len(f.panels) == mostCompared {
			continue
		}
		panels = append(panels, rows)
		f.panels = append(f.panels, dotsPanel(m.Title(part), "time", rows))
	}
	f.note = capital(m.About) + ". " + dotsNote("time", panels...)
	return f
}

// groupRows are the times of a part of a metric, with the median and the interval of the table.
func groupRows(c *compare.Comparison, m *stats.Metric, part string) (rows []dotRow) {
	for i, g := range c.Groups {
		times := m.Times(&g.Samples, part)
		if times == nil {
			times = &stats.Times{}
		}
		r := dotRow{sampled: sampled{compare.Letter(i) + "  " + g.Name, times}, median: times.Quantile(0.5)}
		for _, row := range c.Rows {
			if row.Name == m.Title(part)+stats.QuantileName(0.5) {
				r.median, r.interval = row.Cells[i].Value, row.Cells[i].Interval
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// hyphenated returns the name of a metric as a word: fail-over for failover.
func hyphenated(metric string) string { return strings.Replace(metric, "over", "-over", 1) }
