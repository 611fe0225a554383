package figure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/words"
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
	band   Band
}

// layOut finds the room for the axes, which is the same for all panels.
func (f *Figure) layOut() layout {
	page := draw.Canvas{Rectangle: vg.Rectangle{Max: vg.Point{X: f.width(), Y: 400}}}
	page = draw.Crop(page, Margin+yLabelWidth, -Margin, 0, 0)
	l := layout{left: page.Min.X, right: page.Max.X}
	for i, p := range f.Panels {
		f.prepare(i)
		data := p.Plot.DataCanvas(page)
		if p.Own != nil {
			data.Min.X, data.Max.X = Margin+namesWidth, data.Max.X-figuresWidth
		}
		l.left, l.right = max(l.left, data.Min.X), min(l.right, data.Max.X)
	}
	f.placeLabels(&l)
	return l
}

// placeLabels chooses the longest names that all fit, in as few rows as possible.
func (f *Figure) placeLabels(l *layout) {
	whole := func(b Band) string { return b.Name }
	short := func(b Band) string { short, _, _ := strings.Cut(b.Name, " "); return short }
	if f.place(l, labelRows, whole) || f.place(l, moreRows, whole) || f.place(l, moreRows, short) {
		return
	}
	f.place(l, labelRows, func(Band) string { return "" })
	l.hidden = len(f.Bands)
}

// place puts each name into the lowest row that has room for it, and reports whether all names fit.
func (f *Figure) place(l *layout, rows int, name func(Band) string) bool {
	style := textStyle(labelSize, looks.Black)
	used := make([]vg.Length, rows)
	l.labels, l.rows, l.hidden = nil, 0, 0
	fits := true
	at := func(x float64) vg.Length {
		return l.left + vg.Length((x-f.XMin)/(f.XMax-f.XMin))*(l.right-l.left)
	}
	for _, b := range f.labelled(name) {
		p := placedLabel{name: b.Name, x: at(b.From), band: b}
		w := style.Width(p.name)
		if f.Bars && b.Until > b.From {
			p.length = max(at(b.Until)-p.x, thinnest)
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
	for _, b := range f.Bands {
		if b.Name != "" && name(b) == "" {
			l.hidden++
		}
	}
	return fits
}

// labelled returns everything with a name, by x. Rules are bands without length.
func (f *Figure) labelled(name func(Band) string) []Band {
	var out []Band
	for _, r := range f.Rules {
		out = append(out, Band{From: r.At, Until: r.At, Name: r.Name})
	}
	for _, b := range f.Bands {
		if b.Name = name(b); b.Name != "" {
			out = append(out, b)
		}
	}
	slices.SortStableFunc(out, func(a, b Band) int { return cmp.Compare(a.From, b.From) })
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
	style := textStyle(labelSize, looks.Black)
	for _, p := range l.labels {
		y := bottom + vg.Length(p.row)*labelHeight
		p.drawBar(c, y-2.5, min(p.x+p.length, l.right))
		c.FillText(style, vg.Point{X: min(p.x, l.right-style.Width(p.name)), Y: y}, p.name)
	}
	if l.hidden > 0 {
		text := fmt.Sprintf("%s, too many to name each here: the report lists them.", words.Plural(l.hidden, "fault window"))
		c.FillText(textStyle(labelSize, looks.Grey), vg.Point{X: l.left, Y: bottom + vg.Length(l.rows)*labelHeight}, text)
	}
}

// drawBar draws the length of the window behind its name.
func (p placedLabel) drawBar(c draw.Canvas, y, right vg.Length) {
	if p.length == 0 {
		return
	}
	corners := Rectangle(p.x, y, right, y+labelHeight-1.5)
	if p.band.Outline {
		c.StrokeLines(draw.LineStyle{Color: p.band.Colour, Width: vg.Points(0.6), Dashes: []vg.Length{2, 2}}, append(corners, corners[0]))
		return
	}
	fill(c, p.band.Tint, vg.Rectangle{Min: corners[0], Max: corners[2]})
}
