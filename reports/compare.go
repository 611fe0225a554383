package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/reports/internal/sheet"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/stats/gates"
)

// CompareSummary describes a comparison in text: warnings first, then the groups, the figures and the
// findings. page is the path of its page, or "" if there is none.
func CompareSummary(c *compare.Comparison, page string, screen onerun.Screen) string {
	t := &sheet.Sheet{Screen: screen}
	for _, w := range c.Warnings {
		for _, line := range sheet.Wrap("warning: "+words.Label(w, 2000), sheet.Width) {
			fmt.Fprintln(t, line)
		}
	}
	if len(c.Warnings) > 0 {
		t.Gap()
	}
	for i, g := range c.Groups {
		t.Line(compare.Letter(i), words.Label(g.Name, 200)+": "+groupWords(g))
	}
	t.Gap()
	compareRows(t, c)
	fmt.Fprintf(t, "\n%s\n", strings.Join(sheet.Wrap(compareLegend(c), sheet.Width), "\n"))
	for _, f := range c.Findings {
		t.Line(string(f.State), findingWords(c, f))
	}
	if len(c.Findings) > 0 {
		t.Gap()
	}
	t.Gates(c.Gates)
	if len(c.Gates) > 0 && page != "" {
		t.Gap()
	}
	if page != "" {
		t.Copied("page", page)
	}
	return t.String()
}

// groupWords counts the runs of a group by their verdicts, in words.
func groupWords(g *compare.Group) string {
	text := fmt.Sprintf("%s: %s violated, %s undecided, %s valid", words.Plural(g.Runs, "run"), prose.Grouped(g.Violation), prose.Grouped(g.Unknown), prose.Grouped(g.Valid))
	if g.Errors > 0 {
		text += fmt.Sprintf("; %s could not be run", prose.Grouped(g.Errors))
	}
	return text + onerun.Unchecked(g.Unchecked, g.Runs)
}

// namedGroup returns the letter and the name of a group.
func namedGroup(c *compare.Comparison, i int) string {
	return compare.Letter(i) + "  " + words.Label(c.Groups[i].Name, 60)
}

// compareRows writes the table: under the name of each quantity a row for each group, so that the table is no
// wider than the screen, however many groups there are. Names of groups get the room that figures leave.
func compareRows(s *sheet.Sheet, c *compare.Comparison) {
	head := []string{"", "median or quantile", "n", "CHANGE", "P"}
	var table [][]string
	for _, r := range c.Rows {
		for i, cell := range r.Cells {
			change, p := changeWords(cell)
			table = append(table, []string{namedGroup(c, i), valueWords(cell), prose.Grouped(cell.N), change, p})
		}
	}
	row := s.Columns(head, table, false)
	row(head)
	for i, r := range c.Rows {
		fmt.Fprintf(s, "%s, by %s\n", words.Label(r.Name, 60), r.Unit)
		for _, cells := range table[i*len(c.Groups) : (i+1)*len(c.Groups)] {
			row(cells)
		}
	}
}

// cellWords formats a figure with its interval and the number of measurements.
func cellWords(cell compare.Cell) string {
	if cell.N == 0 {
		return "–"
	}
	return valueWords(cell) + ", n=" + prose.Grouped(cell.N)
}

// valueWords formats a figure with its interval.
func valueWords(cell compare.Cell) string {
	switch r := cell.Ratio; {
	case cell.N == 0:
		return "–"
	case r != nil && r.Low != nil:
		return fmt.Sprintf("%.3g (%.3g to %.3g)", r.Value, *r.Low, *r.High)
	case r != nil:
		return fmt.Sprintf("%.3g", r.Value)
	case cell.Interval == nil:
		return words.Bound(cell.Value)
	}
	return fmt.Sprintf("%s (%s to %s)", words.Bound(cell.Value), words.Bound(cell.Interval.Low), words.Bound(cell.Interval.High))
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
		change = "−" + gates.Percent(-*c.By)
	default:
		change = "+" + gates.Percent(*c.By)
	}
	if c.P < 0.001 {
		return change, "<0.001"
	}
	return change, fmt.Sprintf("%.3f", c.P)
}

// compareLegend explains the table.
func compareLegend(c *compare.Comparison) string {
	text := "By run: the median of the runs' own figures. By fault or time: the quantile of all times. Intervals are those of 95 %, changes those from A."
	if c.Tests > 0 {
		test := "Mann and Whitney"
		if slices.ContainsFunc(c.Rows, func(r compare.Row) bool { return r.Unit == compare.BySeed }) {
			text += " By seed: as by run, and the change is that between runs of one seed."
			test += ", by seed the sign test"
		}
		text += fmt.Sprintf(" P: %s, adjusted for %s (Holm); ~ means no evidence of a difference (P ≥ %v).", test, words.Plural(c.Tests, "test"), compare.Alpha)
	}
	return text
}

// findingWords describes a finding, and in how many runs of each group it is.
func findingWords(c *compare.Comparison, f compare.Finding) string {
	var in []string
	for i, n := range f.Runs {
		in = append(in, fmt.Sprintf("%s of %s", prose.Grouped(n), prose.Grouped(c.Groups[i].Runs)))
	}
	return fmt.Sprintf("%s (%s): %s; %s", f.Property, compare.InGroups(in), words.Label(f.Shape, 400), words.Met(f.Cause))
}
