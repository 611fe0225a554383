package explain

import (
	"fmt"

	"github.com/zklab/zklab/internal/base/inks"
)

// Measures of the diagram, in pixels.
const (
	sequenceHead = 34
	sequenceRow  = 22
	sequenceLife = 88 // from one lifeline to the next
)

// SVG draws the diagram as an SVG image for light and dark pages, without embedded fonts. The same
// sequence gives the same bytes.
func (d *Sequence) SVG() []byte {
	s := &sequenceSVG{Sequence: d, svg: &svg{}}
	s.first = wide("seconds") + 52
	for _, w := range d.rows {
		s.first = max(s.first, wide(d.time(w))+52)
	}
	s.text = s.first + float64(len(d.lifelines)-1)*sequenceLife + 24
	width := float64(svgWidth)
	for _, w := range d.rows {
		width = max(width, s.text+wide(w.text)+svgMargin)
	}
	height := float64(sequenceHead + len(d.rows)*sequenceRow + 30)
	fmt.Fprintf(&s.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" font-family="Liberation Sans, Arial, Helvetica, sans-serif" font-size="%d">`+"\n",
		place(width), number(height), place(width), number(height), svgText)
	s.rect(0, 0, width, height, svgPaper, "")
	bottom := height - 26
	s.write(s.first-40, 20, "seconds", "end", svgSoft)
	for i, l := range d.lifelines {
		x := s.first + float64(i)*sequenceLife
		s.write(x, 20, l, "middle", svgInk)
		s.line(x, sequenceHead-6, x, bottom, svgSoft, 1)
	}
	for i, w := range d.rows {
		s.row(w, float64(sequenceHead+i*sequenceRow)+sequenceRow/2)
	}
	s.write(s.first-40, height-8, d.note(), "start", svgSoft)
	s.b.WriteString("</svg>\n")
	return inks.Dark(s.b.Bytes())
}

type sequenceSVG struct {
	*Sequence
	*svg
	first float64 // the first lifeline
	text  float64 // where the texts begin
}

func (s *sequenceSVG) at(name string) float64 {
	for i, l := range s.lifelines {
		if l == name {
			return s.first + float64(i)*sequenceLife
		}
	}
	return s.first
}

func (s *sequenceSVG) row(w row, y float64) {
	from, to := s.at(w.from), s.at(w.to)
	s.write(s.first-40, y+4, s.time(w), "end", svgSoft)
	ink := svgInk
	switch w.kind {
	case moment:
		if w.from != "" {
			fmt.Fprintf(&s.b, `<circle cx="%s" cy="%s" r="4" fill="%s"/>`+"\n", place(from), place(y), svgInk)
		}
	case request:
		s.message(from, to, y, svgCall, "")
	case reply:
		s.message(from, to, y, svgCall, ` stroke-dasharray="5 3"`)
	case lost:
		s.message(from, to, y, svgCall, ` stroke-dasharray="5 3"`)
		s.cross((from+to)/2, y)
		ink = svgDeath
	case unsent:
		s.message(from, to, y, svgCall, "")
		s.cross((from+to)/2, y)
		ink = svgDeath
	case over:
		s.cross(from, y)
		ink = svgDeath
	case pressure:
		s.rect(s.first-12, y-9, s.text-s.first, 18, svgFault, ` fill-opacity="0.8"`)
	}
	s.write(s.text, y+4, w.text, "start", ink)
}

// message draws an arrow.
func (s *sequenceSVG) message(from, to, y float64, colour, dashes string) {
	tip := 7.0
	if to < from {
		tip = -tip
	}
	fmt.Fprintf(&s.b, `<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s" stroke-width="2"%s/>`+"\n", place(from), place(y), place(to-tip), place(y), colour, dashes)
	fmt.Fprintf(&s.b, `<path d="M%s %s l%s -5 v10 z" fill="%s"/>`+"\n", place(to), place(y), place(-tip), colour)
}

func (s *sequenceSVG) cross(x, y float64) {
	fmt.Fprintf(&s.b, `<path d="M%s %s l10 10 m0 -10 l-10 10" stroke="%s" stroke-width="2.5" fill="none"/>`+"\n", place(x-5), place(y-5), svgDeath)
}
