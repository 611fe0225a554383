package reports

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The legend stands in rows above the panels, where it hides no data.

const (
	thumbWidth = 16
	legendGap  = 16
	legendSize = 10
)

// entries are the figure's own and one for each kind of fault in it.
func (f *figure) entries() []legendEntry {
	out := f.legend
	if f.bars {
		return append(out[:len(out):len(out)], legendEntry{name: "a fault lasts", colour: grey, shape: asWindow})
	}
	seen := map[string]bool{}
	for _, b := range f.bands {
		if b.group != "" && !seen[b.group] {
			seen[b.group] = true
			out = append(out[:len(out):len(out)], legendEntry{name: b.group, colour: b.colour, hatch: b.hatch, shape: asWindow})
		}
	}
	return out
}

// legendRows breaks the entries to the figure's width.
func (f *figure) legendRows() [][]legendEntry {
	var rows [][]legendEntry
	var row []legendEntry
	used := vg.Length(0)
	for _, e := range f.entries() {
		w := e.width()
		if used+w > f.width()-2*margin && len(row) > 0 {
			rows, row, used = append(rows, row), nil, 0
		}
		row, used = append(row, e), used+w
	}
	if len(row) > 0 {
		rows = append(rows, row)
	}
	return rows
}

func (e legendEntry) width() vg.Length {
	return thumbWidth + 5 + textStyle(legendSize, black).Width(e.name) + legendGap
}

// drawLegend draws the rows from y downwards and returns where they end.
func (f *figure) drawLegend(c draw.Canvas, y vg.Length) vg.Length {
	for _, row := range f.legendRows() {
		x := c.Min.X
		y -= legendHeight
		for _, e := range row {
			e.draw(c, vg.Rectangle{Min: vg.Point{X: x, Y: y + 1}, Max: vg.Point{X: x + thumbWidth, Y: y + 11}})
			c.FillText(textStyle(legendSize, black), vg.Point{X: x + thumbWidth + 5, Y: y + 3}, e.name)
			x += e.width()
		}
	}
	return y
}

func (e legendEntry) draw(c draw.Canvas, r vg.Rectangle) {
	middle := vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: (r.Min.Y + r.Max.Y) / 2}
	corners := rectangle(r.Min.X, r.Min.Y, r.Max.X, r.Max.Y)
	switch e.shape {
	case asLine:
		c.StrokeLine2(draw.LineStyle{Color: e.colour, Width: vg.Points(2), Dashes: e.dashes}, r.Min.X, middle.Y, r.Max.X, middle.Y)
	case asPatch:
		c.FillPolygon(e.colour, corners)
	case asWindow:
		tint{e.colour, e.hatch}.fill(c, r)
	case asOutline:
		c.StrokeLines(draw.LineStyle{Color: e.colour, Width: vg.Points(1.2)}, append(corners, corners[0]))
	default:
		var path vg.Path
		e.mark.outline(&path, middle, vg.Points(3.5))
		marks{shape: e.mark, colour: e.colour}.paint(c, path)
	}
}
