package reports

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The names of fault windows stand in rows above the topmost panel, each above
// its window and none over another. Where there are too many for that they are
// shortened to their numbers, and else left out: the legend has their colours.

const (
	labelSize   = 8.5
	labelHeight = 12
	labelRows   = 3
	labelGap    = 6
)

// layout is where the data of all panels lie, and the names above them.
type layout struct {
	left, right vg.Length
	labels      []placedLabel
	rows        int
	hidden      int
}

type placedLabel struct {
	name string
	x    vg.Length
	row  int // from the bottom
}

// layOut finds the room for the axes, which all panels share.
func (f *figure) layOut() layout {
	page := draw.Canvas{Rectangle: vg.Rectangle{Max: vg.Point{X: figureWidth, Y: 400}}}
	page = draw.Crop(page, margin+yLabelWidth, -margin, 0, 0)
	l := layout{left: page.Min.X, right: page.Max.X}
	for i, p := range f.panels {
		f.prepare(i)
		data := p.plot.DataCanvas(page)
		l.left, l.right = max(l.left, data.Min.X), min(l.right, data.Max.X)
	}
	f.placeLabels(&l)
	return l
}

// placeLabels takes the longest names that all find room.
func (f *figure) placeLabels(l *layout) {
	names := []func(band) string{
		func(b band) string { return b.name },
		func(b band) string { short, _, _ := strings.Cut(b.name, " "); return short },
		func(band) string { return "" },
	}
	for _, name := range names {
		if f.place(l, name) {
			return
		}
	}
	l.hidden = len(f.bands)
}

// place puts each name into the lowest row that has room for it, and says
// whether all found some.
func (f *figure) place(l *layout, name func(band) string) bool {
	style := textStyle(labelSize, black)
	var used [labelRows]vg.Length
	l.labels, l.rows, l.hidden = nil, 0, 0
	fits := true
	for _, r := range f.labelled(name) {
		w := style.Width(r.name)
		x := l.left + vg.Length((r.at-f.xMin)/(f.xMax-f.xMin))*(l.right-l.left)
		x = min(x, l.right-w)
		row := 0
		for row < labelRows && used[row] > x {
			row++
		}
		if row == labelRows {
			fits = false
			continue
		}
		used[row] = x + w + labelGap
		l.rows = max(l.rows, row+1)
		l.labels = append(l.labels, placedLabel{r.name, x, row})
	}
	for _, b := range f.bands {
		if b.name != "" && name(b) == "" {
			l.hidden++
		}
	}
	return fits
}

// labelled are all things with a name, by x.
func (f *figure) labelled(name func(band) string) []rule {
	var out []rule
	i := 0
	for _, b := range f.bands {
		for ; i < len(f.rules) && f.rules[i].at < b.from; i++ {
			out = append(out, f.rules[i])
		}
		if n := name(b); n != "" {
			out = append(out, rule{at: b.from, name: n})
		}
	}
	return append(out, f.rules[i:]...)
}

// labelsHeight is the room for the names.
func (l layout) labelsHeight() vg.Length {
	rows := l.rows
	if l.hidden > 0 {
		rows++
	}
	return vg.Length(rows)*labelHeight + 8
}

func (l layout) drawLabels(c draw.Canvas, top vg.Length) {
	bottom := top - l.labelsHeight() + 3
	for _, p := range l.labels {
		c.FillText(textStyle(labelSize, black), vg.Point{X: p.x, Y: bottom + vg.Length(p.row)*labelHeight}, p.name)
	}
	if l.hidden > 0 {
		text := fmt.Sprintf("%s, too many to name each here: the report lists them.", plural(l.hidden, "fault window"))
		c.FillText(textStyle(labelSize, grey), vg.Point{X: l.left, Y: bottom + vg.Length(l.rows)*labelHeight}, text)
	}
}
