package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/gates"
)

// sheet builds text for a terminal: names in a first column, text beside them.
type sheet struct {
	screen Screen
	b      strings.Builder
}

// line writes a name in the first column and text in the second, wrapped to the width.
func (s *sheet) line(name, text string) {
	const first = 13
	for i, part := range wrap(words.Label(text, 2000), summaryWidth-first-2) {
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(&s.b, "  %-*s%s\n", first, name, part)
	}
}

// list writes texts under one name, but no more than most of them; where says where the others are.
func (s *sheet) list(name string, texts []string, most int, where string) {
	for i, text := range texts {
		if i == most {
			s.line(name, "and "+prose.Grouped(len(texts)-i)+" more, "+where)
			return
		}
		s.line(name, text)
		name = ""
	}
}

// wrap breaks text between words, but not between a number and its unit. A word that is too long
// stays whole.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range unbroken(text) {
		if line != "" && ansi.StringWidth(line)+1+ansi.StringWidth(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// unbroken splits text into parts that must stay on one line.
func unbroken(text string) []string {
	var out []string
	for word := range strings.FieldsSeq(text) {
		unit := strings.TrimRight(word, ",;.)")
		if n := len(out); n > 0 && slices.Contains([]string{"s", "ms", "µs", "ns", "min", "h", "%"}, unit) {
			out[n-1] += " " + word
			continue
		}
		out = append(out, word)
	}
	return out
}

// head writes the verdict, in its colour, and what it is about.
func (s *sheet) head(r checker.Result, text string) {
	head := fmt.Sprintf("%s %s", verdicts.Mark(r), strings.ToUpper(verdicts.Word(r)))
	lines := wrap(head+": "+words.Label(text, 400), summaryWidth)
	fmt.Fprintf(&s.b, "\n%s%s\n", s.screen.paint(r, head), strings.TrimPrefix(lines[0], head))
	for _, more := range lines[1:] {
		fmt.Fprintln(&s.b, more)
	}
}

// copied writes a line without breaks, so that it can be copied: a path or a command.
func (s *sheet) copied(name, text string) { fmt.Fprintf(&s.b, "  %-13s%s\n", name, text) }

// gates lists the results of gates.
func (s *sheet) gates(all []gates.Result) {
	for _, g := range all {
		s.line(string(g.Result), "gate "+g.Gate+": "+g.Text)
	}
}

// columns returns a function that writes a row of a table. The first column gets the room that the
// others leave; tails means that the ends of long names tell more than their beginnings.
func (s *sheet) columns(head []string, table [][]string, tails bool) (row func(cells []string)) {
	const indent, gap, leastName = 2, 2, 12
	widths := make([]int, len(head))
	for _, cells := range append(table, head) {
		for i, cell := range cells {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	rest := cmp.Or(s.screen.Width, usualWidth) - indent
	for _, w := range widths[1:] {
		rest -= w + gap
	}
	widths[0] = min(widths[0], max(rest, leastName))
	return func(cells []string) {
		line := strings.Repeat(" ", indent)
		for i, cell := range cells {
			if over := ansi.StringWidth(cell) - widths[i]; tails && over > 0 {
				cell = ansi.TruncateLeft(cell, over+1, "…")
			}
			cell = ansi.Truncate(cell, widths[i], "…")
			line += cell + strings.Repeat(" ", widths[i]-ansi.StringWidth(cell)+gap)
		}
		fmt.Fprintln(&s.b, strings.TrimRight(line, " "))
	}
}

// makers writes the settings, each on a line of its own.
func (s *sheet) makers(all []material.Setting) {
	for _, m := range all {
		s.line(m.Name, m.Value)
	}
}
