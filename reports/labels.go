package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The names of fault windows are in rows above the topmost panel, each above its window, without
// covering each other. If windows overlap, each name is on a bar as long as its window. If there
// are too many, names are shortened to their numbers, or left out: the report lists them.

const (
	labelSize   = 8.5
	labelHeight = 12
	labelRows   = 3  // at first
	moreRows    = 12 // if names do not fit otherwise
	labelGap    = 6
)

// layout is the position of the data of all panels, and of the names above them.
type layout struct {
	left, right vg.Length
	labels      []placedLabel
	rows        int
	hidden      int
}

type placedLabel struct {
	name   string
	x      vg.Length
	row    int       // from the bottom
	length vg.Length // of its bar; 0 is none
	band   band
}

// layOut finds the room for the axes, which is the same for all panels.
func (f *figure) layOut() layout {
	page := draw.Canvas{Rectangle: vg.Rectangle{Max: vg.Point{X: f.width(), Y: 400}}}
	page = draw.Crop(page, margin+yLabelWidth, -margin, 0, 0)
	l := layout{left: page.Min.X, right: page.Max.X}
	for i, p := range f.panels {
		f.prepare(i)
		data := p.plot.DataCanvas(page)
		if p.own != nil {
			data.Min.X, data.Max.X = margin+namesWidth, data.Max.X-figuresWidth
		}
		l.left, l.right = max(l.left, data.Min.X), min(l.right, data.Max.X)
	}
	f.placeLabels(&l)
	return l
}

// placeLabels chooses the longest names that all fit, in as few rows as possible.
func (f *figure) placeLabels(l *layout) {
	whole := func(b band) string { return b.name }
	short := func(b band) string { short, _, _ := strings.Cut(b.name, " "); return short }
	if f.place(l, labelRows, whole) || f.place(l, moreRows, whole) || f.place(l, moreRows, short) {
		return
	}
	f.place(l, labelRows, func(band) string { return "" })
	l.hidden = len(f.bands)
}

// place puts each name into the lowest row that has room for it, and reports whether all names fit.
func (f *figure) place(l *layout, rows int, name func(band) string) bool {
	style := textStyle(labelSize, black)
	used := make([]vg.Length, rows)
	l.labels, l.rows, l.hidden = nil, 0, 0
	fits := true
	at := func(x float64) vg.Length {
		return l.left + vg.Length((x-f.xMin)/(f.xMax-f.xMin))*(l.right-l.left)
	}
	for _, b := range f.labelled(name) {
		p := placedLabel{name: b.name, x: at(b.from), band: b}
		w := style.Width(p.name)
		if f.bars && b.until > b.from {
			p.length = max(at(b.until)-p.x, thinnest)
		} else {
			p.x = min(p.x, l.right-w)
		}
		for p.row < rows && used[p.row] > min(p.x, l.right-w) {
			p.row++
		}
		if p.row == rows {
			fits = false
			continue
		}
		used[p.row] = max(p.x+p.length, min(p.x, l.right-w)+w) + labelGap
		l.rows = max(l.rows, p.row+1)
		l.labels = append(l.labels, p)
	}
	for _, b := range f.bands {
		if b.name != "" && name(b) == "" {
			l.hidden++
		}
	}
	return fits
}

// labelled returns everything with a name, by x. Rules are bands without length.
func (f *figure) labelled(name func(band) string) []band {
	var out []band
	for _, r := range f.rules {
		out = append(out, band{from: r.at, until: r.at, name: r.name})
	}
	for _, b := range f.bands {
		if b.name = name(b); b.name != "" {
			out = append(out, b)
		}
	}
	slices.SortStableFunc(out, func(a, b band) int { return cmp.Compare(a.from, b.from) })
	return out
}

// labelsHeight returns the height of the names.
func (l layout) labelsHeight() vg.Length {
	rows := l.rows
	if l.hidden > 0 {
		rows++
	}
	return vg.Length(rows)*labelHeight + 8
}

func (l layout) drawLabels(c draw.Canvas, top vg.Length) {
	bottom := top - l.labelsHeight() + 3
	style := textStyle(labelSize, black)
	for _, p := range l.labels {
		y := bottom + vg.Length(p.row)*labelHeight
		p.drawBar(c, y-2.5, min(p.x+p.length, l.right))
		c.FillText(style, vg.Point{X: min(p.x, l.right-style.Width(p.name)), Y: y}, p.name)
	}
	if l.hidden > 0 {
		text := fmt.Sprintf("%s, too many to name each here: the report lists them.", plural(l.hidden, "fault window"))
		c.FillText(textStyle(labelSize, grey), vg.Point{X: l.left, Y: bottom + vg.Length(l.rows)*labelHeight}, text)
	}
}

// drawBar draws the length of the window behind its name.
func (p placedLabel) drawBar(c draw.Canvas, y, right vg.Length) {
	if p.length == 0 {
		return
	}
	corners := rectangle(p.x, y, right, y+labelHeight-1.5)
	if p.band.outline {
		c.StrokeLines(draw.LineStyle{Color: p.band.colour, Width: vg.Points(0.6), Dashes: []vg.Length{2, 2}}, append(corners, corners[0]))
		return
	}
	p.band.fill(c, vg.Rectangle{Min: corners[0], Max: corners[2]})
}
