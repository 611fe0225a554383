package explain

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/inks"
)

// Measures of the SVG, in pixels.
const (
	svgWidth   = 960
	svgNames   = 92
	svgMargin  = 10
	svgLane    = 30
	svgBar     = 18
	svgText    = 12
	svgPerChar = 6.6 // of text this size, a little more than it takes on average
)

// The colours on light pages; SVG adds those for dark pages. Each kind of bar also has a form of its
// own.
var (
	svgPaper = inks.Paper.Light
	svgInk   = inks.Text.Light
	svgSoft  = inks.Soft.Light
	svgRule  = inks.Rule.Light
	svgPale  = inks.Pale.Light
	svgHold  = inks.Hold.Light
	svgBoth  = inks.Both.Light
	svgFault = inks.Fault.Light
	svgDeath = inks.Lost.Light
	svgCall  = inks.Call.Light
)

// SVG draws the scene as an SVG image for light and dark pages, without embedded fonts. It returns nil if there is nothing to
// draw. The same scene gives the same bytes.
func (s *Scene) SVG() []byte {
	if len(s.Steps) == 0 {
		return nil
	}
	p := s.picture()
	d := &svg{picture: p}
	d.names = svgNames
	for _, l := range p.lanes {
		d.names = max(d.names, wide(l.name)+12)
	}
	d.width = svgWidth - 2*svgMargin - d.names
	d.scale = p.scale(d.width, 4, 90)
	height := float64(svgMargin + len(p.lanes)*svgLane + 58)
	fmt.Fprintf(&d.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %s" width="%d" height="%s" font-family="Liberation Sans, Arial, Helvetica, sans-serif" font-size="%d">`+"\n",
		svgWidth, number(height), svgWidth, number(height), svgText)
	fmt.Fprintf(&d.b, `<rect width="%d" height="%s" fill="%s"/>`+"\n", svgWidth, number(height), svgPaper)
	bottom := float64(svgMargin + len(p.lanes)*svgLane)
	ticks := d.ticks(&d.scale, wide, 10)
	for _, t := range ticks {
		x := d.x(t.at)
		d.line(x, svgMargin, x, bottom+5, svgRule, 1)
	}
	for i, l := range p.lanes {
		d.lane(l, float64(svgMargin+i*svgLane)+svgLane/2)
	}
	d.axis(ticks, bottom)
	d.b.WriteString("</svg>\n")
	return inks.Dark(d.b.Bytes())
}

// svg is a picture while it is drawn.
type svg struct {
	picture
	b            bytes.Buffer
	scale        scale
	names, width float64
	taken        []extent // of the lane that is being drawn
}

type extent struct{ from, to float64 }

// wide returns the approximate width of a text.
func wide(s string) float64 { return svgPerChar * float64(columns(s)) }

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// place rounds to a tenth of a pixel.
func place(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

func (d *svg) x(at float64) float64 { return svgMargin + d.names + at }

func (d *svg) line(x1, y1, x2, y2 float64, colour string, w float64) {
	fmt.Fprintf(&d.b, `<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s" stroke-width="%s"/>`+"\n", place(x1), place(y1), place(x2), place(y2), colour, number(w))
}

func (d *svg) rect(x, y, w, h float64, colour, more string) {
	fmt.Fprintf(&d.b, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"%s/>`+"\n", place(x), place(y), place(w), place(h), colour, more)
}

func (d *svg) write(x, y float64, text, anchor, colour string) {
	fmt.Fprintf(&d.b, `<text x="%s" y="%s" text-anchor="%s" fill="%s">`, place(x), place(y), anchor, colour)
	_ = xml.EscapeText(&d.b, []byte(text)) // a buffer does not fail
	d.b.WriteString("</text>\n")
}

func (d *svg) lane(l lane, y float64) {
	if l.name != "" {
		d.write(svgMargin+d.names-10, y+4, fit(l.name, mostNameWide), "end", svgInk)
	}
	d.line(d.x(0), y, d.x(d.width), y, svgPale, 1)
	d.taken = nil
	for _, b := range l.bars {
		from, to := d.ends(b)
		d.taken = append(d.taken, extent{from - 2, max(to, from+2) + 2})
	}
	for _, b := range l.bars {
		switch b.kind {
		case call:
			d.call(b, y)
		case mark:
			x, _ := d.ends(b)
			fmt.Fprintf(&d.b, `<path d="M%s %s l5 5 l-5 5 l-5 -5 z" fill="%s"/>`+"\n", place(x), place(y-5), svgInk)
		default:
			d.long(b, y)
		}
	}
	for _, b := range l.marks {
		d.mark(b, y)
	}
	var marked []float64
	for _, b := range l.marks {
		x, _ := d.ends(b)
		marked = append(marked, x)
	}
	for _, b := range l.bars {
		d.name(b, y, marked)
	}
}

// ends returns where a bar begins and ends.
func (d *svg) ends(b bar) (from, to float64) {
	return d.x(d.scale.at(b.from)), d.x(d.scale.at(b.to))
}

func (d *svg) long(b bar, y float64) {
	colour := map[kind]string{stay: svgHold, fault: svgFault, both: svgBoth}[b.kind]
	from, to := d.ends(b)
	d.rect(from, y-svgBar/2, max(to-from, 1.5), svgBar, colour, "")
	switch {
	case b.to == Never || d.scale.after(b.to):
		d.arrow(to, y, colour, svgBar/2)
	case b.atLeast:
		fmt.Fprintf(&d.b, `<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s" stroke-width="2" stroke-dasharray="3 2"/>`+"\n",
			place(to), place(y-svgBar/2), place(to), place(y+svgBar/2), svgInk)
	}
	if d.scale.before(b.from) {
		d.arrow(from, y, colour, -svgBar/2)
	}
}

// arrow draws a tip that points right, or left if by is negative.
func (d *svg) arrow(x, y float64, colour string, by float64) {
	h := by
	if h < 0 {
		h = -h
	}
	fmt.Fprintf(&d.b, `<path d="M%s %s L%s %s L%s %s z" fill="%s"/>`+"\n", place(x), place(y-h), place(x+by), place(y), place(x), place(y+h), colour)
}

func (d *svg) call(b bar, y float64) {
	from, to := d.ends(b)
	d.line(from, y, to, y, svgCall, 2)
	d.line(from, y-7, from, y+7, svgCall, 2)
	switch {
	case b.to == Never:
		d.arrow(to-6, y, svgCall, 7)
	case b.fate == history.Fail:
		fmt.Fprintf(&d.b, `<path d="M%s %s l9 9 m0 -9 l-9 9" stroke="%s" stroke-width="2" fill="none"/>`+"\n", place(to-4.5), place(y-4.5), svgCall)
	case b.fate == history.Info:
		d.rect(to-5, y-8, 10, 16, svgPaper, "")
		d.write(to, y+5, "?", "middle", svgCall)
	default:
		d.line(to, y-7, to, y+7, svgCall, 2)
	}
}

func (d *svg) mark(b bar, y float64) {
	x, _ := d.ends(b)
	if b.kind == alive {
		fmt.Fprintf(&d.b, `<circle cx="%s" cy="%s" r="4" fill="%s"/>`+"\n", place(x), place(y), svgInk)
		return
	}
	fmt.Fprintf(&d.b, `<path d="M%s %s l10 10 m0 -10 l-10 10" stroke="%s" stroke-width="2.5" fill="none"/>`+"\n", place(x-5), place(y-5), svgDeath)
}

// widestIn returns the part of a bar with most room for its name.
func (d *svg) widestIn(b bar, marked []float64) (from, to float64) {
	from, to = d.ends(b)
	if b.kind == call {
		return from, to
	}
	return widestBetween(from, to, marked)
}

// name writes a bar's name into it, or beside it if there is room. The name of a call stands on its
// line. Names do not cover marks.
func (d *svg) name(b bar, y float64, marked []float64) {
	from, to := d.widestIn(b, marked)
	w := wide(b.name)
	colour := svgInk
	if b.kind == both {
		colour = svgPaper
	}
	switch {
	case to-from >= w+8 && b.kind == call:
		d.rect((from+to)/2-w/2-2, y-7, w+4, 14, svgPaper, "")
		d.write((from+to)/2, y+4, b.name, "middle", svgInk)
	case to-from >= w+8:
		d.write((from+to)/2, y+4, b.name, "middle", colour)
	case d.free(to+6, to+6+w):
		d.write(to+6, y+4, b.name, "start", svgInk)
	case d.free(from-6-w, from-6):
		d.write(from-6, y+4, b.name, "end", svgInk)
	default: // a shortened name says more than none
		n := 0
		for d.free(to+6, to+6+svgPerChar*float64(n+1)) {
			n++
		}
		if n >= 4 {
			d.write(to+6, y+4, fit(b.name, n), "start", svgInk)
		}
	}
}

// free reports whether nothing has been drawn there.
func (d *svg) free(from, to float64) bool {
	if from < d.x(0) || to > svgWidth-2 {
		return false
	}
	return !slices.ContainsFunc(d.taken, func(e extent) bool { return e.from < to && from < e.to })
}

func (d *svg) axis(ticks []tick, y float64) {
	d.line(d.x(0), y+2, d.x(d.width), y+2, svgSoft, 1)
	for _, t := range ticks {
		d.line(d.x(t.at), y+2, d.x(t.at), y+7, svgSoft, 1)
		if t.text != "" {
			d.write(d.x((t.from+t.to)/2), y+20, t.text, "middle", svgInk)
		}
	}
	unit := "seconds"
	if d.lines {
		unit = d.place
	}
	d.write(svgMargin+d.names-10, y+20, unit, "end", svgSoft)
	d.write(d.x(0), y+42, d.note(), "start", svgSoft)
}

// note explains the symbols that are not obvious.
func (d *svg) note() string {
	var open, over, lives, least, bad, unsure bool
	for _, l := range d.lanes {
		for _, b := range append(l.bars, l.marks...) {
			open = open || b.to == Never && b.kind != fault
			over = over || b.kind == death
			lives = lives || b.kind == alive
			least = least || b.atLeast
			bad = bad || b.kind == call && b.fate == history.Fail
			unsure = unsure || b.kind == call && b.fate == history.Info && b.to != Never
		}
	}
	var parts []string
	for _, e := range []struct {
		seen bool
		text string
	}{
		{open, "arrow: no end known"},
		{least, "dashed: at least until then"},
		{over, "cross: session over, or told so"},
		{lives, "dot: session alive"},
		{bad, "x: failed"},
		{unsure, "?: outcome unknown"},
		{d.scale.bent, "lengths are not to scale"},
		{d.left > 0, count(d.left, "more row") + " left out"},
	} {
		if e.seen {
			parts = append(parts, e.text)
		}
	}
	return strings.Join(parts, "; ")
}
