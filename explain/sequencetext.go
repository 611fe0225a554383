package explain

import (
	"cmp"
	"strings"

	"github.com/zklab/zklab/internal/base/paint"
)

// sequenceGlyphs are the characters of a diagram.
type sequenceGlyphs struct{ life, line, right, left, tail, back, cross, point, over string }

var (
	sequenceBoxes = sequenceGlyphs{"│", "─", "▶", "◀", "├", "┤", "┼", "●", "✗"}
	sequencePlain = sequenceGlyphs{"|", "-", ">", "<", "+", "+", "+", "o", "X"}
)

// Text draws the diagram for a terminal: a column for each lifeline, and beside them a description
// of each line. It is indented by four columns, and ends with a newline.
func (d *Sequence) Text(screen Screen) string {
	g := sequenceBoxes
	if screen.ASCII {
		g = sequencePlain
	}
	t := &sequenceText{Sequence: d, glyphs: g, paint: paint.Painter(screen.Colour)}
	t.layOut(screen)
	var b strings.Builder
	for _, line := range t.lines() {
		b.WriteString(strings.TrimRight(indentation+line, " ") + "\n")
	}
	text := b.String()
	if screen.ASCII {
		return ASCII(text)
	}
	return text
}

type sequenceText struct {
	*Sequence
	glyphs      sequenceGlyphs
	paint       paint.Painter
	first, each int // the column of the first lifeline, and the width of one
	text, room  int // the column of the text beside them, and its width
}

// Lifelines are at least narrowLife columns apart. They are closer than usual only to leave wideText
// columns for the text beside them.
const (
	narrowLife = 7
	wideText   = 42
)

func (t *sequenceText) layOut(screen Screen) {
	width := cmp.Or(screen.Width, usual)
	width = max(narrowest, min(width, widest)) - len(indentation)
	t.first = columns("seconds") + 2
	for _, w := range t.rows {
		t.first = max(t.first, columns(t.time(w))+2)
	}
	t.each = 10
	for t.each > narrowLife && width-t.first-len(t.lifelines)*t.each < wideText {
		t.each--
	}
	t.text = t.first + len(t.lifelines)*t.each
	t.room = max(width-t.text, 16)
}

// at returns the column of a lifeline.
func (t *sequenceText) at(name string) int {
	for i, l := range t.lifelines {
		if l == name {
			return t.first + i*t.each
		}
	}
	return -1
}

func (t *sequenceText) lines() []string {
	out := t.heads()
	for i, w := range t.rows {
		if t.left > 0 && i == mostRows/2 {
			out = append(out, strings.Repeat(" ", t.first)+"…")
		}
		out = append(out, t.row(w)...)
	}
	if note := t.note(); note != "" {
		out = append(out, strings.Repeat(" ", t.first)+note)
	}
	return out
}

// heads names the lifelines, in two lines if the names are longer than a column.
func (t *sequenceText) heads() []string {
	top, below := newCanvas(t.text), newCanvas(t.text)
	below.write(0, "seconds", call)
	for _, l := range t.lifelines {
		name, number, _ := strings.Cut(l, " ")
		if t.each >= 10 {
			below.write(t.at(l), fit(l, t.each-1), call)
			continue
		}
		top.write(t.at(l), fit(name, t.each-1), call)
		below.write(t.at(l), number, call)
	}
	if t.each >= 10 {
		return []string{below.String(false)}
	}
	return []string{top.String(false), below.String(false)}
}

// row draws a row, with its text beside it, in more lines if it is long.
func (t *sequenceText) row(w row) []string {
	c := newCanvas(t.text + t.room)
	c.write(t.first-2-columns(t.time(w)), t.time(w), call)
	t.life(c)
	switch from, to := t.at(w.from), t.at(w.to); w.kind {
	case moment:
		c.set(from, t.glyphs.point, call)
	case over:
		c.set(from, t.glyphs.over, death)
	case request:
		t.arrow(c, from, to)
	case reply:
		t.arrow(c, from, to)
	case lost, unsent:
		t.arrow(c, from, to)
		c.set((from+to)/2, t.glyphs.over, death)
	}
	var out []string
	for i, part := range broken(w.text, t.room) {
		if i > 0 {
			c = newCanvas(t.text + t.room)
			t.life(c)
		}
		c.write(t.text, fit(part, t.room), call)
		out = append(out, c.String(bool(t.paint)))
	}
	return out
}

func (t *sequenceText) life(c *canvas) {
	for _, l := range t.lifelines {
		c.set(t.at(l), t.glyphs.life, call)
	}
}

// arrow draws a message from one column to another.
func (t *sequenceText) arrow(c *canvas, from, to int) {
	for i := min(from, to) + 1; i < max(from, to); i++ {
		glyph := t.glyphs.line
		if c.taken[i] {
			glyph = t.glyphs.cross
		}
		c.set(i, glyph, call)
	}
	tail, tip := t.glyphs.tail, t.glyphs.right
	if to < from {
		tail, tip = t.glyphs.back, t.glyphs.left
	}
	c.set(from, tail, call)
	c.set(to, tip, call)
}

// broken breaks a text between words.
func broken(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && columns(line)+1+columns(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
