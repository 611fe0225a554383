package plots

import (
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// Compared draws the distributions of each metric, one panel for each of its parts.
func Compared(c *compare.Comparison) (figures []*figure.Figure) {
	var all samples.Samples
	for _, g := range c.Groups {
		all.Merge(&g.Samples)
	}
	for i := range samples.Metrics {
		m := &samples.Metrics[i]
		if !m.Timed() {
			continue
		}
		if f := comparedTimes(c, m, m.Parts(&all)); len(f.Panels) > 0 {
			figures = append(figures, f)
		}
	}
	return figures
}

// mostCompared limits the panels of a figure.
const mostCompared = 12

// comparedTimes draws one metric of all groups: a panel for each part, a row for each group.
func comparedTimes(c *compare.Comparison, m *samples.Metric, parts []string) *figure.Figure {
	f := &figure.Figure{
		File: m.Name, Title: words.Capital(hyphenated(m.Name)) + " of each group", Narrow: true,
		Alt: "The times of the " + hyphenated(m.Name) + " as dots, one panel for each " + m.Split + ", one row for each group.",
	}
	var panels [][]figure.DotRow
	for _, part := range parts {
		rows := groupRows(c, m, part)
		if !slices.ContainsFunc(rows, func(r figure.DotRow) bool { return r.Count() > 0 }) || len(f.Panels) == mostCompared {
			continue
		}
		panels = append(panels, rows)
		f.Panels = append(f.Panels, figure.DotsPanel(m.Title(part), "time", rows))
	}
	f.Note = words.Capital(m.About) + ". " + figure.DotsNote("time", panels...)
	return f
}

// groupRows returns, for each group, the times of a part of a metric, with the median and the interval
// of the table.
func groupRows(c *compare.Comparison, m *samples.Metric, part string) (rows []figure.DotRow) {
	for i, g := range c.Groups {
		times := m.Times(&g.Samples, part)
		if times == nil {
			times = &measured.Times{}
		}
		r := figure.DotRow{Sampled: figure.Sampled{Name: compare.Letter(i) + "  " + g.Name, Times: times}, Median: times.Quantile(0.5)}
		for _, row := range c.Rows {
			if row.Name == m.Title(part)+gates.QuantileName(0.5) {
				r.Median, r.Interval = row.Cells[i].Value, row.Cells[i].Interval
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// hyphenated returns the name of a metric as a word: fail-over for failover.
func hyphenated(metric string) string { return strings.Replace(metric, "over", "-over", 1) }
