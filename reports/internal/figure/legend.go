package figure

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/reports/internal/looks"
)

// The legend stands in rows above the panels, where it hides no data.

const (
	thumbWidth = 16
	legendGap  = 16
	legendSize = 10
)

// entries returns the entries of the figure, and one for each kind of fault in it.
func (f *Figure) entries() []LegendEntry {
	out := f.Legend
	if f.Bars {
		return append(out[:len(out):len(out)], LegendEntry{Name: "a fault lasts", Colour: looks.Grey, Shape: asWindow})
	}
	seen := map[string]bool{}
	for _, b := range f.Bands {
		if b.Group != "" && !seen[b.Group] {
			seen[b.Group] = true
			out = append(out[:len(out):len(out)], LegendEntry{Name: b.Group, Colour: b.Colour, hatch: b.Hatch, Shape: asWindow})
		}
	}
	return out
}

// legendRows breaks the entries to the figure's width.
func (f *Figure) legendRows() [][]LegendEntry {
	var rows [][]LegendEntry
	var row []LegendEntry
	used := vg.Length(0)
	for _, e := range f.entries() {
		w := e.Width()
		if used+w > f.width()-2*Margin && len(row) > 0 {
			rows, row, used = append(rows, row), nil, 0
		}
		row, used = append(row, e), used+w
	}
	if len(row) > 0 {
		rows = append(rows, row)
	}
	return rows
}

// Width returns the width of the entry, with the gap after it.
func (e LegendEntry) Width() vg.Length {
	return thumbWidth + 5 + textStyle(legendSize, looks.Black).Width(e.Name) + legendGap
}

// drawLegend draws the rows from y downwards and returns where they end.
func (f *Figure) drawLegend(c draw.Canvas, y vg.Length) vg.Length {
	for _, row := range f.legendRows() {
		x := c.Min.X
		y -= legendHeight
		for _, e := range row {
			e.draw(c, vg.Rectangle{Min: vg.Point{X: x, Y: y + 1}, Max: vg.Point{X: x + thumbWidth, Y: y + 11}})
			c.FillText(textStyle(legendSize, looks.Black), vg.Point{X: x + thumbWidth + 5, Y: y + 3}, e.Name)
			x += e.Width()
		}
	}
	return y
}

func (e LegendEntry) draw(c draw.Canvas, r vg.Rectangle) {
	middle := vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: (r.Min.Y + r.Max.Y) / 2}
	corners := Rectangle(r.Min.X, r.Min.Y, r.Max.X, r.Max.Y)
	switch e.Shape {
	case AsLine:
		c.StrokeLine2(draw.LineStyle{Color: e.Colour, Width: vg.Points(2), Dashes: e.Dashes}, r.Min.X, middle.Y, r.Max.X, middle.Y)
	case AsPatch:
		c.FillPolygon(e.Colour, corners)
	case asWindow:
		fill(c, looks.Tint{Colour: e.Colour, Hatch: e.hatch}, r)
	case AsOutline:
		c.StrokeLines(draw.LineStyle{Color: e.Colour, Width: vg.Points(1.2)}, append(corners, corners[0]))
	default:
		var path vg.Path
		e.Mark.outline(&path, middle, vg.Points(3.5))
		Marks{Shape: e.Mark, Colour: e.Colour}.paint(c, path)
	}
}
