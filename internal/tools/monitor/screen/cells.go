package screen

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/internal/base/printable"
)

// This file measures text in cells, the places of a terminal. A character takes one or two.

// clean makes text of a znode safe for a terminal, and cuts it to a few characters more than most.
// It escapes what package printable escapes. It also escapes characters whose width differs between
// terminals (joined ones, such as flags and emoji with a skin colour), and characters that would
// move into the cell before them, so that columns stay aligned.
func clean(s string, most int) string {
	s = printable.Text(s, max(most, 1)+1)
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	known := make(map[string]bool) // a text has few different characters
	for len(s) > 0 {
		if s[0] < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf) { // ASCII characters do not join
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		cluster, _ := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		fine, ok := known[cluster]
		if !ok {
			fine = agreed(cluster)
			known[cluster] = fine
		}
		if fine {
			b.WriteString(cluster)
		} else {
			for _, r := range cluster {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		}
		s = s[len(cluster):]
	}
	return b.String()
}

// mostMarks is the largest number of characters in one cell: many accents would reach into the lines
// above.
const mostMarks = 4

// agreed reports whether all terminals show a character alike: it is as wide on those that join its code points
// as on those that add up the code points' widths, it does not join with its neighbours, and it has at most
// mostMarks code points.
func agreed(cluster string) bool {
	w := ansi.GraphemeWidth.StringWidth(cluster)
	between := " " + cluster + " "
	first, _ := ansi.FirstGraphemeCluster(between, ansi.GraphemeWidth)
	return w > 0 && first == " " && w+2 == ansi.GraphemeWidth.StringWidth(between) && w+2 == ansi.WcWidth.StringWidth(between) &&
		utf8.RuneCountInString(cluster) <= mostMarks
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// cells returns the width of clean text.
func cells(s string) int {
	if isASCII(s) {
		return len(s)
	}
	return ansi.StringWidth(s)
}

// cut cuts clean text to at most width cells, and replaces the rest by "…".
func cut(s string, width int) string {
	switch {
	case width <= 0:
		return ""
	case cells(s) <= width:
		return s
	}
	return ansi.Truncate(s, width, "…")
}

// cutLeft is like cut, for text whose end matters most, such as a path.
func cutLeft(s string, width int) string {
	n := cells(s)
	switch {
	case width <= 0:
		return ""
	case n <= width:
		return s
	}
	return ansi.TruncateLeft(s, n-width+1, "…")
}

// pad adds spaces after text up to a width, or before it if the width is negative.
func pad(s string, width int) string {
	if gap := max(width, -width) - cells(s); gap > 0 {
		if width < 0 {
			return strings.Repeat(" ", gap) + s
		}
		return s + strings.Repeat(" ", gap)
	}
	return s
}

// wrap breaks clean text of one line into pieces of at most width cells.
func wrap(s string, width int) (pieces []string) {
	width = max(width, 2) // the widest character
	if isASCII(s) {
		for len(s) > width {
			pieces, s = append(pieces, s[:width]), s[width:]
		}
		return append(pieces, s)
	}
	from, used := 0, 0
	for at := 0; at < len(s); { // in one pass: a value can be one line of a megabyte
		cluster, w := ansi.FirstGraphemeCluster(s[at:], ansi.GraphemeWidth)
		if used+w > width {
			pieces, from, used = append(pieces, s[from:at]), at, 0
		}
		at, used = at+len(cluster), used+w
	}
	return append(pieces, s[from:])
}

// line is a line that is being drawn: parts of text with styles, up to a width.
type line struct {
	b     strings.Builder
	width int
	used  int
	under ansi.Style // a style under all parts: a background
}

func newLine(width int) *line { return &line{width: max(width, 0)} }

// left returns the number of free cells.
func (l *line) left() int { return l.width - l.used }

// add appends clean text, cut to the free cells.
func (l *line) add(s ansi.Style, text string) *line {
	text = cut(text, l.left())
	if text == "" {
		return l
	}
	l.used += cells(text)
	if full := append(s[:len(s):len(s)], l.under...); len(full) > 0 {
		text = full.Styled(text)
	}
	l.b.WriteString(text)
	return l
}

// to adds spaces up to a column.
func (l *line) to(column int) *line {
	return l.add(nil, strings.Repeat(" ", max(min(column, l.width)-l.used, 0)))
}

// String returns the line, filled up to its width.
func (l *line) String() string {
	l.to(l.width)
	return l.b.String()
}
