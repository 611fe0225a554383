package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/advice"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/internal/lab/matrix"
	"github.com/zklab/zklab/reports/internal/sheet"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/stats/gates"
)

// MatrixSummary describes a matrix in text: a table with a row for each cell, in what the columns differ, and what is
// missing. page is the path of its page, or "" if there is none.
func MatrixSummary(m *matrix.Matrix, page string, screen onerun.Screen) string {
	t := &sheet.Sheet{Screen: screen, Rest: sheet.RestOn("the page", page != "")}
	t.Head(m.Verdict, matrixSentence(m))
	t.Gap()
	t.Part(sheet.Rests, 0)
	cells(t, m)
	t.Gap()
	t.Part(sheet.Figures, 0)
	for _, x := range m.Experiments {
		name, differ := x.Name, differenceTexts(m, x)
		if t.List(name, differ, differencesInSummary, "on the page"); len(differ) > 0 {
			name = ""
		}
		for _, c := range x.Cells {
			for _, text := range openTexts(c) {
				t.Line(name, c.On+": "+text)
				name = ""
			}
			t.Gates(namedGates(m, x, c))
		}
	}
	t.Gap()
	t.Part(sheet.Always, 0)
	if incomplete(m) {
		t.Copied("to go on", m.Command)
	}
	if page != "" {
		t.Copied("page", page)
	}
	return t.String()
}

// differencesInSummary bounds what a screenful tells of an experiment.
const differencesInSummary = 6

// matrixSentence returns the verdict of a matrix as a sentence.
func matrixSentence(m *matrix.Matrix) string {
	var broken, open []string
	cells := 0
	for _, x := range m.Experiments {
		for _, c := range x.Cells {
			cells++
			switch c.Verdict {
			case checker.Violation:
				broken = append(broken, x.Name+" on "+c.On)
			case checker.Unknown:
				open = append(open, x.Name+" on "+c.On)
			}
		}
	}
	switch {
	case len(broken) > 0:
		return fmt.Sprintf("a promise is broken in %d of %s: %s", len(broken), prose.Count(cells, "cell"), prose.List(broken, "and"))
	case len(open) > 0:
		return fmt.Sprintf("%d of %s not decided: %s", len(open), prose.Count(cells, "cell"), prose.List(open, "and"))
	case cells == 1:
		return "the cell is valid"
	}
	return fmt.Sprintf("all %d cells are valid", cells)
}

// cells writes the table: under the name of each experiment a row for each column of the matrix.
func cells(s *sheet.Sheet, m *matrix.Matrix) {
	head := []string{"", "runs", "median", "p99", "NO SERVICE", "worst", "n"}
	var table [][]string
	for _, x := range m.Experiments {
		for _, c := range x.Cells {
			table = append(table, slices.Concat([]string{serversWords(c), cellVerdict(c)}, latencyWords(c), outageWords(c)))
		}
	}
	row := s.Columns(head, table, true)
	row(head)
	for i, x := range m.Experiments {
		fmt.Fprintln(s, words.Label(x.Name, 60))
		for _, cells := range table[i*len(m.Servers) : (i+1)*len(m.Servers)] {
			row(cells)
		}
	}
}

// serversWords names the servers of a cell, with their version unless the name ends with it. Of several addresses it
// has the first.
func serversWords(c *matrix.Cell) string {
	first, others, _ := strings.Cut(c.On, ",")
	text := words.Label(first, 60)
	if others != "" {
		text += fmt.Sprintf(" and %d more", 1+strings.Count(others, ","))
	}
	if versions := strings.Join(c.ZooKeeper, " or "); versions != "" && !strings.HasSuffix(c.On, ":"+versions) {
		text += " (" + words.Label(versions, 20) + ")"
	}
	return text
}

// cellVerdict returns in how many runs a cell came to its verdict. It calls no cell valid that lacks
// runs.
func cellVerdict(c *matrix.Cell) string {
	mark := verdicts.Mark(c.Verdict) + " "
	switch {
	case c.Verdict == checker.Violation:
		mark += fmt.Sprintf("%d of %d violated", c.Violation, c.Of)
		if c.Runs < c.Of {
			mark += fmt.Sprintf(", %d ran", c.Runs)
		}
	case c.Runs < c.Of:
		mark += fmt.Sprintf("%d of %d ran", c.Runs, c.Of)
	case c.Verdict == checker.Valid:
		mark += fmt.Sprintf("%d of %d valid", c.Valid, c.Of)
	case c.Unknown > 0:
		mark += fmt.Sprintf("%d undecided", c.Unknown)
	default:
		mark += "undecided"
	}
	return mark
}

// latencyWords returns the median and the p99 of a cell's latencies.
func latencyWords(c *matrix.Cell) []string {
	if c.Latency.N == 0 {
		return []string{"–", "–"}
	}
	return []string{words.Bound(c.Latency.Median), words.Bound(c.Latency.P99)}
}

// outageWords describes a cell's outages: their median length, the longest, and how many there were.
func outageWords(c *matrix.Cell) []string {
	if c.Outage.N == 0 {
		return []string{"–", "–", "0"}
	}
	return []string{words.Bound(c.Outage.Median), words.Bound(c.Outage.Worst), prose.Grouped(c.Outage.N)}
}

// openTexts explains what is missing for a verdict of a cell, and why its servers could not be used.
func openTexts(c *matrix.Cell) (texts []string) {
	if c.Error != "" {
		texts = append(texts, words.Label(c.Error, 1000))
	}
	if c.Verdict == checker.Unknown && c.Why != "" {
		texts = append(texts, words.Label(c.Why, 1000))
	}
	return texts
}

// namedGates returns the gates of a cell. If there are several cells, the text of each gate names the
// cell.
func namedGates(m *matrix.Matrix, x *matrix.Experiment, c *matrix.Cell) (named []gates.Result) {
	for _, g := range c.Gates {
		if len(m.Experiments)*len(m.Servers) > 1 {
			g.Text = x.Name + " on " + c.On + ": " + g.Text
		}
		named = append(named, g)
	}
	return named
}

// differenceTexts describes how the columns of an experiment differ, as far as the runs show it.
func differenceTexts(m *matrix.Matrix, x *matrix.Experiment) (texts []string) {
	for _, d := range x.Differences {
		texts = append(texts, differenceText(m, d))
	}
	return append(texts, changeTexts(x)...)
}

// differenceText describes on which servers a property was violated, and which columns differ by that.
func differenceText(m *matrix.Matrix, d matrix.Difference) string {
	var on, off, not []string
	for i, s := range d.Shares {
		share := fmt.Sprintf("%s (%d of %d: %s to %s)", m.Servers[i], s.Violated, s.Decided, percent(s.Low), percent(s.High))
		switch {
		case s.Decided == 0:
			not = append(not, m.Servers[i])
		case s.Violated > 0:
			on = append(on, share)
		default:
			off = append(off, share)
		}
	}
	text := fmt.Sprintf("%s was violated on %s", d.Property, prose.List(on, "and"))
	if len(off) > 0 {
		text += ", and in no run on " + prose.List(off, "and")
	}
	if len(not) > 0 {
		text += "; it was decided in no run on " + prose.List(not, "and")
	}
	return text + ". " + apartText(m, d)
}

// apartText names the pairs of columns that differ: those whose intervals do not overlap.
func apartText(m *matrix.Matrix, d matrix.Difference) string {
	if len(d.Shares) < 2 {
		return "There is no other column to compare with"
	}
	var pairs []string
	for _, p := range d.Apart {
		pairs = append(pairs, m.Servers[p[0]]+" and "+m.Servers[p[1]])
	}
	if len(pairs) == 0 {
		return "The intervals of 95 % overlap: so few runs do not show that the columns differ"
	}
	return fmt.Sprintf("The intervals of 95 %% do not overlap for %s: there the columns differ", strings.Join(pairs, "; "))
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", math.Round(100*share)) }

// changeTexts lists the quantities in which columns differ from the first one, by the tests of the comparison.
func changeTexts(x *matrix.Experiment) (texts []string) {
	if x.Compared == nil {
		return nil
	}
	first := x.Compared.Groups[0].Name
	for _, r := range x.Compared.Rows {
		text := fmt.Sprintf("%s differs from that on %s, %s", r.Name, first, valueWords(r.Cells[0]))
		n := len(text)
		for i, cell := range r.Cells {
			if cell.Change != nil && cell.Change.Found {
				change, _ := changeWords(cell)
				text += fmt.Sprintf("; on %s %s, %s", x.Compared.Groups[i].Name, valueWords(cell), change)
			}
		}
		if len(text) > n {
			texts = append(texts, text)
		}
	}
	switch {
	case len(texts) > 0:
		return texts
	case !x.Compared.Powerful():
		return []string{"times: so few runs show no difference, however large; " + advice.RunsCell.Text(words.Plural(x.Compared.Enough(), "run"))}
	}
	return []string{fmt.Sprintf("times: %s found no evidence of a difference from %s", words.Plural(x.Compared.Tests, "test"), first)}
}

// incomplete reports whether runs are missing.
func incomplete(m *matrix.Matrix) bool {
	return slices.ContainsFunc(m.Experiments, func(x *matrix.Experiment) bool {
		return slices.ContainsFunc(x.Cells, func(c *matrix.Cell) bool { return c.Runs < c.Of })
	})
}

// MatrixAnnotations returns what went wrong in a matrix, cell by cell.
func MatrixAnnotations(m *matrix.Matrix) (all []verdicts.Annotation) {
	for _, x := range m.Experiments {
		for _, c := range x.Cells {
			if c.Summary == nil {
				continue
			}
			for _, a := range SweepAnnotations(c.Summary) {
				a.Title += ", on " + c.On
				all = append(all, a)
			}
		}
	}
	return all
}
