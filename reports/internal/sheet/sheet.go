package sheet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/gates"
)

// Width is the widest line of a summary, in columns.
const Width = UsualWidth

// Sheet builds text for a terminal: names in a first column, text beside them. A text that begins with a verdict is made
// of parts, of which a screen shows those that fit; see [Sheet.Part].
type Sheet struct {
	Screen Screen
	Rest   string // where the parts are that a screen does not show

	parts []*part
	rows  int // the most rows of the text, or 0 if it does not begin with a verdict
}

// Line writes a name in the first column and text in the second, wrapped to the width.
func (s *Sheet) Line(name, text string) {
	const first = 13
	for i, part := range Wrap(words.Label(text, 2000), Width-first-2) {
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(s, "  %-*s%s\n", first, name, part)
	}
}

// List writes texts under one name, but no more than most of them; where says where the others are.
func (s *Sheet) List(name string, texts []string, most int, where string) {
	for i, text := range texts {
		if i == most {
			s.Line(name, "and "+prose.Grouped(len(texts)-i)+" more, "+where)
			return
		}
		s.Line(name, text)
		name = ""
	}
}

// Wrap breaks text between words, but not between a number and its unit. A word that is too long
// stays whole.
func Wrap(text string, width int) []string {
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

// Head writes the verdict, in its colour, and what it is about.
func (s *Sheet) Head(r checker.Result, text string) {
	s.rows = RowsFor(r)
	head := fmt.Sprintf("%s %s", verdicts.Mark(r), strings.ToUpper(verdicts.Word(r)))
	lines := Wrap(head+": "+words.Label(text, 400), Width)
	fmt.Fprintf(s, "\n%s%s\n", s.Screen.Paint(r, head), strings.TrimPrefix(lines[0], head))
	for _, more := range lines[1:] {
		fmt.Fprintln(s, more)
	}
}

// Copied writes a line without breaks, so that it can be copied: a path or a command.
func (s *Sheet) Copied(name, text string) { fmt.Fprintf(s, "  %-13s%s\n", name, text) }

// Gates lists the results of gates.
func (s *Sheet) Gates(all []gates.Result) {
	for _, g := range all {
		s.Line(string(g.Result), "gate "+g.Gate+": "+g.Text)
	}
}

// Columns returns a function that writes a row of a table. The first column gets the room that the
// others leave; tails means that the ends of long names tell more than their beginnings.
func (s *Sheet) Columns(head []string, table [][]string, tails bool) (row func(cells []string)) {
	const indent, gap, leastName = 2, 2, 12
	widths := make([]int, len(head))
	for _, cells := range append(table, head) {
		for i, cell := range cells {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	rest := cmp.Or(s.Screen.Width, UsualWidth) - indent
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
		fmt.Fprintln(s, strings.TrimRight(line, " "))
	}
}

// Makers writes the settings, each on a line of its own.
func (s *Sheet) Makers(all []material.Setting) {
	for _, m := range all {
		s.Line(m.Name, m.Value)
	}
}

// Story returns the sentences, each after a dash.
func Story(sentences []string) string {
	var b strings.Builder
	if len(sentences) > 0 {
		b.WriteByte('\n')
	}
	for _, sentence := range sentences {
		for i, part := range Wrap(sentence, Width-6) {
			b.WriteString(map[bool]string{true: "    - ", false: "      "}[i == 0] + part + "\n")
		}
	}
	return b.String()
}

// anomalies returns a line for each kind of anomaly: how many there are, and the first of them.
func anomalies(v checker.Verdict) string {
	var b strings.Builder
	for _, a := range v.Anomalies {
		fmt.Fprintf(&b, "    %s %d: %s\n", a.Kind, a.Count, printable.Text(prose.Some(a.Count, len(a.First), func(i int) string { return a.First[i] }), 1000))
	}
	return b.String()
}
