package figure

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/reports/internal/looks"
)

// lineLabels writes the name of each line beside it, where the name covers neither another name nor
// a line. A name without room is left out: the legend has it. Names are not in the colours of
// their lines, which have too little contrast for text.
type lineLabels []ecdfLine

// lineLabelSize is the font size of a name beside its line.
const lineLabelSize = 10.5

// lineLabel is a name with its place.
type lineLabel struct {
	name string
	box  vg.Rectangle
}

// Plot implements plot.Plotter.
func (ls lineLabels) Plot(c draw.Canvas, p *plot.Plot) {
	for _, l := range ls.place(c, p) {
		b := l.box
		c.FillPolygon(faded(looks.White, 0.75), Rectangle(b.Min.X, b.Min.Y, b.Max.X, b.Max.Y))
		c.FillText(textStyle(lineLabelSize, looks.Black), vg.Point{X: b.Min.X + 1, Y: b.Min.Y + 2}, l.name)
	}
}

// place finds the room for each name that has one.
func (ls lineLabels) place(c draw.Canvas, p *plot.Plot) []lineLabel {
	corners := make([][]vg.Point, len(ls))
	for i, l := range ls {
		corners[i] = l.on(c, p)
	}
	var placed []lineLabel
	for i, l := range ls {
		for _, box := range l.candidates(c, corners[i]) {
			if box.Min.X < c.Min.X || box.Max.X > c.Max.X || box.Min.Y < c.Min.Y || box.Max.Y > c.Max.Y {
				continue
			}
			if !covered(box, placed) && !slices.ContainsFunc(corners, func(line []vg.Point) bool { return crosses(box, line) }) {
				placed = append(placed, lineLabel{l.name, box})
				break
			}
		}
	}
	return placed
}

// candidates returns places for the label right and left of the line, at several heights, and at its
// end. The middle is left free for the intervals of medians.
func (l ecdfLine) candidates(c draw.Canvas, corners []vg.Point) (boxes []vg.Rectangle) {
	const gap, height = 4, lineLabelSize + 2
	w := textStyle(lineLabelSize, looks.Black).Width(l.name) + 2
	for _, share := range []vg.Length{0.72, 0.3, 0.62, 0.4, 0.82, 0.2, 0.9, 0.1, 0.97, 0.03} {
		y := c.Min.Y + share*(c.Max.Y-c.Min.Y)
		x, ok := crossing(corners, y)
		if !ok {
			continue
		}
		for _, left := range []vg.Length{x + gap, x - gap - w} {
			for _, down := range []vg.Length{height / 2, height + 2, -2} {
				boxes = append(boxes, vg.Rectangle{Min: vg.Point{X: left, Y: y - down}, Max: vg.Point{X: left + w, Y: y - down + height}})
			}
		}
	}
	if end := corners[len(corners)-1]; end.Y < c.Max.Y-height {
		for _, left := range []vg.Length{end.X + gap, end.X - w} {
			boxes = append(boxes, vg.Rectangle{Min: vg.Point{X: left, Y: end.Y + 2}, Max: vg.Point{X: left + w, Y: end.Y + 2 + height}})
		}
	}
	return boxes
}

// crossing returns where a rising line reaches a height.
func crossing(corners []vg.Point, y vg.Length) (x vg.Length, ok bool) {
	for _, at := range corners {
		if at.Y >= y {
			return at.X, true
		}
	}
	return 0, false
}

func covered(box vg.Rectangle, by []lineLabel) bool {
	return slices.ContainsFunc(by, func(l lineLabel) bool { return overlap(box, l.box) })
}

func overlap(a, b vg.Rectangle) bool {
	return a.Min.X < b.Max.X && b.Min.X < a.Max.X && a.Min.Y < b.Max.Y && b.Min.Y < a.Max.Y
}

// crosses reports whether a line of steps enters a box.
func crosses(box vg.Rectangle, corners []vg.Point) bool {
	for i := 1; i < len(corners); i++ {
		a, b := corners[i-1], corners[i]
		part := vg.Rectangle{Min: vg.Point{X: min(a.X, b.X) - 0.1, Y: min(a.Y, b.Y) - 0.1}, Max: vg.Point{X: max(a.X, b.X) + 0.1, Y: max(a.Y, b.Y) + 0.1}}
		if overlap(box, part) {
			return true
		}
	}
	return false
}
