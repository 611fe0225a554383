package explain

import (
	"cmp"
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/paint"
)

// Screen describes where a timeline is drawn. The zero value is a monochrome screen of 80 columns
// with box characters.
type Screen struct {
	Width  int // in columns; limited to 60 to 120; 0 means 80
	Colour bool
	ASCII  bool
}

// The columns that are used.
const (
	narrowest    = 60
	widest       = 120
	usual        = 80
	indentation  = "    "
	mostNameWide = 16
)

// glyphs are the characters of a picture.
type glyphs struct {
	begin, end, line, instant string // of a call
	failed, unknown, open     string
	hold, atLeast             string
	death, alive, mark        string
	fault, cutLeft, both      string
	axis, tick                string
}

var (
	boxes = glyphs{"├", "┤", "─", "│", "╳", "?", "▶", "━", "»", "✗", "•", "◆", "░", "◀", "█", "─", "┬"}
	plain = glyphs{"[", "]", "-", "|", "x", "?", ">", "=", "~", "X", "o", "+", ":", "<", "#", "-", "+"}
)

// styles are the styles of the kinds of bars.
var styles = map[kind]ansi.Style{
	stay:  ansi.Style{}.ForegroundColor(ansi.Cyan),
	death: ansi.Style{}.ForegroundColor(ansi.Red),
	both:  ansi.Style{}.ForegroundColor(ansi.Red),
	fault: ansi.Style{}.ForegroundColor(ansi.Yellow),
}

// cell is one column of a line. A wide character takes two cells, the second of which is empty.
type cell struct {
	text  string
	kind  kind
	glyph bool // drawn, not written
}

// canvas is one line of the picture.
type canvas struct {
	cells []cell
	taken []bool
}

func newCanvas(width int) *canvas {
	c := &canvas{cells: make([]cell, width), taken: make([]bool, width)}
	for i := range c.cells {
		c.cells[i] = cell{text: " "}
	}
	return c
}

func (c *canvas) set(at int, text string, k kind) {
	if 0 <= at && at < len(c.cells) {
		c.cells[at], c.taken[at] = cell{text: text, kind: k}, true
	}
}

// draw puts a glyph at a column.
func (c *canvas) draw(at int, glyph string, k kind) {
	if c.set(at, glyph, k); 0 <= at && at < len(c.cells) {
		c.cells[at].glyph = true
	}
}

// write puts text at a column. The text must fit.
func (c *canvas) write(at int, text string, k kind) {
	for len(text) > 0 {
		cluster, w := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
		text = text[len(cluster):]
		if w == 0 {
			if at > 0 && at <= len(c.cells) {
				c.cells[at-1].text += cluster
			}
			continue
		}
		c.set(at, cluster, k)
		for i := 1; i < w; i++ {
			c.set(at+i, "", k)
		}
		at += w
	}
}

// free reports whether n columns are free.
func (c *canvas) free(at, n int) bool {
	for i := at; i < at+n; i++ {
		if i < 0 || i >= len(c.cells) || c.taken[i] {
			return false
		}
	}
	return true
}

// String returns the line, with or without colours.
func (c *canvas) String(colour bool) string {
	cells := c.cells
	for len(cells) > 0 && cells[len(cells)-1].text == " " {
		cells = cells[:len(cells)-1]
	}
	var b, run strings.Builder // run has all cells of one kind, and the space after them
	var of kind
	flush := func() {
		b.WriteString(paint.Painter(colour).Paint(styles[of], run.String()))
		run.Reset()
	}
	for _, cell := range cells {
		if cell.kind != of && cell.text != " " {
			flush()
			of = cell.kind
		}
		run.WriteString(cell.text)
	}
	flush()
	return b.String()
}

// Text draws the scene in at most 15 indented lines. It returns "" if there is nothing to draw.
func (s *Scene) Text(screen Screen) string {
	if len(s.Steps) == 0 {
		return ""
	}
	screen.Width = cmp.Or(screen.Width, usual)
	screen.Width = min(max(screen.Width, narrowest), widest)
	p := s.picture()
	d := drawing{picture: p, screen: screen, g: boxes, used: map[string]bool{}}
	if screen.ASCII {
		d.g = plain
		d.inASCII()
	}
	for _, l := range p.lanes {
		d.names = max(d.names, columns(fit(l.name, mostNameWide)))
	}
	d.names = max(d.names, len("seconds"))
	d.width = screen.Width - len(indentation) - d.names - 1
	d.scale = p.scale(float64(d.width-1), 1, 9)
	return d.text()
}

// drawing is a picture while it is drawn as text.
type drawing struct {
	picture
	screen Screen
	g      glyphs
	scale  scale
	names  int // columns for the names of lanes
	width  int // and for the rest
	used   map[string]bool
}

// inASCII turns the names into ASCII, before each gets its place.
func (d *drawing) inASCII() {
	for i := range d.lanes {
		l := &d.lanes[i]
		l.name = ASCII(l.name)
		for _, bars := range [][]bar{l.bars, l.marks} {
			for k := range bars {
				bars[k].name = ASCII(bars[k].name)
			}
		}
	}
}

func (d *drawing) text() string {
	var lines []string
	for _, l := range d.lanes {
		lines = append(lines, d.lane(l))
	}
	lines = append(lines, d.axis()...)
	if text := d.legend(); text != "" {
		lines = append(lines, text)
	}
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimRight(indentation+l, " ") + "\n")
	}
	if d.screen.ASCII { // names are in ASCII already, except for the mark of a cut
		return strings.ReplaceAll(b.String(), "…", "~")
	}
	return b.String()
}

func (d *drawing) named(name, line string) string {
	name = fit(name, mostNameWide)
	return name + strings.Repeat(" ", d.names-columns(name)+1) + line
}

func (d *drawing) column(at float64) int { return min(int(math.Round(at)), d.width-1) }

// lane draws stays first, then the operations that begin and end them, then marks.
func (d *drawing) lane(l lane) string {
	c := newCanvas(d.width)
	var marked []int
	for _, b := range l.marks {
		marked = append(marked, d.column(d.scale.at(b.from)))
	}
	for _, b := range l.bars {
		if b.kind != call && b.kind != mark {
			d.long(c, b, marked)
		}
	}
	for _, b := range l.bars {
		if b.kind == call || b.kind == mark {
			d.call(c, b)
		}
	}
	for _, b := range l.marks {
		g := d.g.death
		if b.kind == alive {
			g = d.g.alive
		}
		c.draw(d.column(d.scale.at(b.from)), g, b.kind)
	}
	for _, b := range l.bars {
		d.beside(c, b)
	}
	for _, cell := range c.cells {
		if cell.glyph {
			d.used[cell.text] = true
		}
	}
	return d.named(l.name, c.String(d.screen.Colour))
}

// long draws a filled bar, and writes the bar's name into the widest part without marks.
func (d *drawing) long(c *canvas, b bar, marked []int) {
	fill := map[kind]string{stay: d.g.hold, fault: d.g.fault, both: d.g.both}[b.kind]
	from, to := d.column(d.scale.at(b.from)), d.column(d.scale.at(b.to))
	for i := from; i <= to; i++ {
		c.draw(i, fill, b.kind)
	}
	if d.scale.before(b.from) {
		c.draw(from, d.g.cutLeft, b.kind)
	}
	switch {
	case b.to != Never && b.to > d.last(), b.kind == fault && b.to == Never:
		c.write(to, d.g.open, b.kind) // the bar goes on, unlike one whose end is not known
	case b.to == Never:
		c.draw(to, d.g.open, b.kind)
	case b.atLeast:
		c.draw(to, d.g.atLeast, b.kind)
	}
	from, to = widestBetween(from, to, marked)
	d.inside(c, from, to, b)
}

// inside writes a bar's name into it, if there is room.
func (d *drawing) inside(c *canvas, from, to int, b bar) {
	room := to - from - 3
	name := b.name
	if room < columns(name) && room >= 8 && b.kind != both {
		name = fit(name, room)
	}
	if n := columns(name); room >= n && n > 0 {
		text := " " + name + " "
		if b.kind == call {
			text = name
		}
		c.write(from+1+(to-from-1-columns(text))/2, text, b.kind)
	}
}

func (d *drawing) call(c *canvas, b bar) {
	from, to := d.column(d.scale.at(b.from)), d.column(d.scale.at(b.to))
	end := d.g.end
	switch {
	case b.kind == mark:
		c.draw(from, d.g.mark, call)
		return
	case b.to == Never:
		end = d.g.open
	case b.fate == history.Fail:
		end = d.g.failed
	case b.fate == history.Info:
		end = d.g.unknown
	case from == to:
		end = d.g.instant
	}
	for i := from + 1; i < to; i++ {
		c.draw(i, d.g.line, call)
	}
	if from < to {
		c.draw(from, d.g.begin, call)
	}
	c.draw(to, end, call)
	if from < to {
		d.inside(c, from, to, b)
	}
}

// beside writes the name of a bar that is too short for it to its right, or to
// its left, as far as there is room.
func (d *drawing) beside(c *canvas, b bar) {
	from, to := d.column(d.scale.at(b.from)), d.column(d.scale.at(b.to))
	if b.kind != both && to-from-3 >= min(8, columns(b.name)) {
		return // the name stands inside
	}
	if b.kind == both && to-from-3 >= columns(b.name) {
		return
	}
	name := fit(b.name, 24)
	n := columns(name)
	switch {
	case c.free(to+1, n+2) || to+2+n == len(c.cells) && c.free(to+1, n+1):
		c.write(to+2, name, b.kind)
	case c.free(from-n-2, n+2):
		c.write(from-n-1, name, b.kind)
	default: // a shortened name says more than none
		room := 0
		for room < n && c.free(to+1, room+3) {
			room++
		}
		if room >= 4 {
			c.write(to+2, fit(name, room), b.kind)
		}
	}
}

// axis returns the time axis with its labels.
func (d *drawing) axis() []string {
	line, labels := newCanvas(d.width), newCanvas(d.width)
	for i := range d.width {
		line.set(i, d.g.axis, call)
	}
	for _, t := range d.ticks(&d.scale, func(s string) float64 { return float64(columns(s)) }, 2) {
		line.set(d.column(t.at), d.g.tick, call)
		labels.write(d.column(t.from), t.text, call)
	}
	unit := "seconds"
	if d.lines {
		unit = d.place
	}
	return []string{d.named("", line.String(false)), d.named(unit, labels.String(false))}
}

// legend explains the characters in use that are not obvious.
func (d *drawing) legend() string {
	var parts []string
	for _, e := range []struct{ glyph, means string }{
		{d.g.open, "no end known"},
		{d.g.atLeast, "at least until then"},
		{d.g.unknown, "outcome unknown"},
		{d.g.failed, "failed"},
		{d.g.death, "session over, or told so"},
		{d.g.alive, "session alive"},
		{d.g.fault, "fault"},
	} {
		if d.used[e.glyph] {
			parts = append(parts, e.glyph+" "+e.means)
		}
	}
	if d.scale.bent {
		parts = append(parts, "lengths are not to scale")
	}
	if d.left > 0 {
		parts = append(parts, count(d.left, "more row")+" left out")
	}
	room := d.screen.Width - len(indentation) - d.names - 1
	text := ""
	for _, part := range parts {
		if text != "" && columns(text)+2+columns(part) > room {
			break
		}
		if text != "" {
			text += "  "
		}
		text += part
	}
	if text == "" {
		return ""
	}
	return d.named("", text)
}
