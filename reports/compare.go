package reports

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/stats"
)

// CompareSummary describes a comparison in text: warnings first, then the groups, the figures and the
// findings. page is the path of its page, or "" if there is none.
func CompareSummary(c *compare.Comparison, page string, screen Screen) string {
	t := &sheet{screen: screen}
	for _, w := range c.Warnings {
		for _, line := range wrap("warning: "+label(w, 2000), summaryWidth) {
			fmt.Fprintln(&t.b, line)
		}
	}
	if len(c.Warnings) > 0 {
		t.b.WriteByte('\n')
	}
	for i, g := range c.Groups {
		t.line(compare.Letter(i), label(g.Name, 200)+": "+groupWords(g))
	}
	t.b.WriteByte('\n')
	var rows strings.Builder
	table := tabwriter.NewWriter(&rows, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(compareHead(c), "\t"))
	for _, r := range c.Rows {
		fmt.Fprintln(table, strings.Join(compareCells(r), "\t"))
	}
	_ = table.Flush() // a builder does not fail
	for line := range strings.Lines(rows.String()) {
		fmt.Fprintln(&t.b, strings.TrimRight(line, " \n"))
	}
	fmt.Fprintf(&t.b, "\n%s\n", strings.Join(wrap(compareLegend(c), summaryWidth), "\n"))
	for _, f := range c.Findings {
		t.line(string(f.State), findingWords(c, f))
	}
	if len(c.Findings) > 0 {
		t.b.WriteByte('\n')
	}
	t.gates(c.Gates)
	if len(c.Gates) > 0 && page != "" {
		t.b.WriteByte('\n')
	}
	if page != "" {
		t.copied("page", page)
	}
	return t.b.String()
}

// groupWords says what the runs of a group came to.
func groupWords(g *compare.Group) string {
	text := fmt.Sprintf("%s: %s violated, %s undecided, %s valid", plural(g.Runs, "run"), prose.Grouped(g.Violation), prose.Grouped(g.Unknown), prose.Grouped(g.Valid))
	if g.Errors > 0 {
		text += fmt.Sprintf("; %s could not be run", prose.Grouped(g.Errors))
	}
	return text
}

// compareHead returns the names of the table's columns.
func compareHead(c *compare.Comparison) []string {
	head := []string{"", "BY"}
	for i := range c.Groups {
		head = append(head, compare.Letter(i))
		if i > 0 {
			head = append(head, "CHANGE", "P")
		}
	}
	return head
}

// compareCells returns a row of the table.
func compareCells(r compare.Row) []string {
	cells := []string{label(r.Name, 60), string(r.Unit)}
	for i, cell := range r.Cells {
		cells = append(cells, cellWords(cell))
		if i > 0 {
			change, p := changeWords(cell)
			cells = append(cells, change, p)
		}
	}
	return cells
}

// cellWords formats a figure with its interval and the number of measurements.
func cellWords(cell compare.Cell) string {
	switch r := cell.Ratio; {
	case cell.N == 0:
		return "–"
	case r != nil && r.Low != nil:
		return fmt.Sprintf("%.3g (%.3g to %.3g), n=%s", r.Value, *r.Low, *r.High, prose.Grouped(cell.N))
	case r != nil:
		return fmt.Sprintf("%.3g, n=%s", r.Value, prose.Grouped(cell.N))
	case cell.Interval == nil:
		return fmt.Sprintf("%s, n=%s", bound(cell.Value), prose.Grouped(cell.N))
	}
	return fmt.Sprintf("%s (%s to %s), n=%s", bound(cell.Value), bound(cell.Interval.Low), bound(cell.Interval.High), prose.Grouped(cell.N))
}

// changeWords formats a change, which is ~ without evidence, and its p-value.
func changeWords(cell compare.Cell) (change, p string) {
	c := cell.Change
	switch {
	case c == nil:
		return "", ""
	case !c.Found:
		change = "~"
	case c.By == nil:
		change = "censored"
	case *c.By < 0:
		change = "−" + stats.Percent(-*c.By)
	default:
		change = "+" + stats.Percent(*c.By)
	}
	if c.P < 0.001 {
		return change, "<0.001"
	}
	return change, fmt.Sprintf("%.3f", c.P)
}

// compareLegend explains the table.
func compareLegend(c *compare.Comparison) string {
	text := "Medians over runs of one figure of each run (BY run), or quantiles of all times, with intervals of 95 %. Changes are from A."
	if c.Tests > 0 {
		text += fmt.Sprintf(" P: Mann and Whitney, adjusted for %s (Holm); ~ means no evidence of a difference (P ≥ %v).", plural(c.Tests, "test"), compare.Alpha)
	}
	return text
}

// findingWords describes a finding, and in how many runs of each group it is.
func findingWords(c *compare.Comparison, f compare.Finding) string {
	var in []string
	for i, n := range f.Runs {
		in = append(in, fmt.Sprintf("%s of %s in %s", prose.Grouped(n), prose.Grouped(c.Groups[i].Runs), compare.Letter(i)))
	}
	return fmt.Sprintf("%s (%s): %s; %s", f.Property, strings.Join(in, ", "), label(f.Shape, 400), metWords(f.Cause))
}

// gates lists what gates came to.
func (s *sheet) gates(all []stats.GateResult) {
	for _, g := range all {
		s.line(string(g.Result), "gate "+g.Gate+": "+g.Text)
	}
}
