package figure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/measured"
)

// DotRow is a row of a panel: times as dots, above them their median with its interval.
type DotRow struct {
	Sampled
	Median   measured.Bound
	Interval *measured.Interval // nil: none is drawn
}

// The sizes of rows, in points. Names stand left of the data, and figures right of it.
const (
	DotRowHeight = 36
	dotRadius    = 2
	namesWidth   = 120
	figuresWidth = 106
	mostDots     = 300 // in a row; each stands for several times if there are more
)

// DotsPanel draws times in rows over a linear axis of their own. label names the axis.
func DotsPanel(name, label string, rows []DotRow) Panel {
	p := NewPanel()
	p.HideY()
	p.Y.Min, p.Y.Max = 0, float64(len(rows))
	axis := &xAxis{label: label, ticks: linearDurations{7}}
	axis.Min, axis.Max = linearRange(rows)
	p.Add(dotRows(rows))
	return Panel{Name: name, Plot: p, Height: DotRowHeight * vg.Length(len(rows)), Own: axis}
}

// linearRange returns the range of a linear axis that fits the times. It begins at zero unless all
// times are far from it. It ends at the longest, or before it where a few are so long that the others
// would be one stroke at the edge.
func linearRange(rows []DotRow) (lo, hi float64) {
	const (
		muchLonger = 10   // than the greatest median
		narrowest  = 0.1  // of the longest time
		edge       = 0.03 // free at both ends
	)
	middle, most := 0.0, 0.0
	lo = math.Inf(1)
	for _, r := range rows {
		for b := range r.Times.All() {
			lo, hi = min(lo, LogSeconds(b.Time)), max(hi, LogSeconds(b.Time))
		}
		if r.Count() > 0 {
			middle, most = max(middle, r.Times.Quantile(0.5).Time.Seconds()), max(most, r.Times.Quantile(0.9).Time.Seconds())
		}
	}
	if hi > muchLonger*middle && middle > 0 {
		hi = min(max(most, 2*middle), muchLonger*middle)
	}
	if lo < hi/2 {
		return 0, hi * (1 + edge)
	}
	if missing := narrowest*hi - (hi - lo); missing > 0 {
		lo, hi = lo-missing/2, hi+missing/2
	}
	return lo - edge*(hi-lo), hi + edge*(hi-lo)
}

// dotRows are rows from the top of a panel to its bottom.
type dotRows []DotRow

// Plot implements plot.Plotter.
func (rs dotRows) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(draw.LineStyle{Color: looks.Pale, Width: vg.Points(0.5)}, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
	}
	for i, r := range rs {
		bottom := y(float64(len(rs) - 1 - i))
		if i > 0 {
			c.StrokeLine2(draw.LineStyle{Color: looks.Pale, Width: vg.Points(0.5)}, c.Min.X, bottom+DotRowHeight, c.Max.X, bottom+DotRowHeight)
		}
		r.drawDots(c, x, bottom+13)
		r.drawMedian(c, x, bottom+DotRowHeight-7)
		r.drawTexts(c, bottom, p.X.Max)
	}
}

// drawDots draws the times, and equal ones one above the other. A lower bound is an
// arrow.
func (r DotRow) drawDots(c draw.Canvas, x func(float64) vg.Length, middle vg.Length) {
	const half, apart = 9, 3.4
	var dots, arrows vg.Path
	for at, column := range r.columns(c, x) {
		step := min(vg.Length(apart), 2*half/vg.Length(max(1, len(column)-1)))
		for i, longer := range column {
			up := vg.Length((i+1)/2) * step
			if i%2 == 1 {
				up = -up
			}
			centre := vg.Point{X: c.Min.X + vg.Length(at)*2*dotRadius, Y: middle + up}
			if longer {
				Rightwards.outline(&arrows, centre, dotRadius)
			} else {
				Dot.outline(&dots, centre, dotRadius)
			}
		}
	}
	Marks{Shape: Dot, Colour: looks.Blue}.paint(c, dots)
	Marks{Shape: Rightwards, Colour: looks.Vermillion}.paint(c, arrows)
}

// columns returns which times are in each column of dots, from the left; true is a lower bound.
func (r DotRow) columns(c draw.Canvas, x func(float64) vg.Length) [][]bool {
	columns := make([][]bool, int((c.Max.X-c.Min.X)/(2*dotRadius))+1)
	each := max(1, (r.Count()+mostDots-1)/mostDots)
	left := 0
	for b, n := range r.Times.All() {
		at := int(math.Round(float64((x(LogSeconds(b.Time)) - c.Min.X) / (2 * dotRadius))))
		if at >= len(columns) {
			break // the text beside the row counts the others
		}
		for left += n; left >= each; left -= each {
			columns[max(0, at)] = append(columns[max(0, at)], b.AtLeast)
		}
	}
	return columns
}

// drawMedian draws the interval as a bar with ends, and the median as a stroke across it. An interval
// without an end leads to the edge.
func (r DotRow) drawMedian(c draw.Canvas, x func(float64) vg.Length, y vg.Length) {
	if r.Count() == 0 {
		return
	}
	line := draw.LineStyle{Color: looks.Black, Width: vg.Points(1.2)}
	inside := func(b measured.Bound) vg.Length {
		if b.AtLeast {
			return c.Max.X
		}
		return min(max(x(LogSeconds(b.Time)), c.Min.X), c.Max.X)
	}
	if i := r.Interval; i != nil {
		low, high := inside(i.Low), inside(i.High)
		c.StrokeLine2(line, low, y, high, y)
		c.StrokeLine2(line, low, y-2, low, y+2)
		c.StrokeLine2(line, high, y-2, high, y+2)
	}
	line.Width = vg.Points(2.4)
	c.StrokeLine2(line, inside(r.Median), y-4, inside(r.Median), y+4)
}

// drawTexts writes the name left of the data, and right of it the median and the number of times.
func (r DotRow) drawTexts(c draw.Canvas, bottom vg.Length, end float64) {
	for i, line := range fitted(words.Label(r.Name, 60), textStyle(legendSize, looks.Black).Width, namesWidth-8) {
		c.FillText(textStyle(legendSize, looks.Black), vg.Point{X: c.Min.X - namesWidth, Y: bottom + 19 - 12*vg.Length(i)}, line)
	}
	right := c.Max.X + 8
	n, _ := r.Times.Count()
	if n == 0 {
		c.FillText(textStyle(noteSize, looks.Grey), vg.Point{X: right, Y: bottom + 15}, "none measured")
		return
	}
	lines := r.counts(end)
	top := bottom + 19 + 4*vg.Length(len(lines)-1)
	c.FillText(textStyle(legendSize, looks.Black), vg.Point{X: right, Y: top}, words.Bound(r.Median))
	for i, line := range lines {
		c.FillText(textStyle(noteSize, looks.Grey), vg.Point{X: right, Y: top - 12 - 9*vg.Length(i)}, line)
	}
}

// counts returns lines with the number of times in a row, and how many are longer than what is drawn.
func (r DotRow) counts(end float64) []string {
	n, censored := r.Times.Count()
	beyond := 0
	for b, n := range r.Times.All() {
		if LogSeconds(b.Time) > end {
			beyond += n
		}
	}
	text := "of " + prose.Grouped(n)
	if beyond > 0 {
		return []string{text, prose.Grouped(beyond) + " beyond, to " + prose.Length(r.Worst().Time)}
	}
	if censored > 0 {
		text += ", " + prose.Grouped(censored) + " longer"
	}
	return []string{text}
}

// fitted breaks a name into two lines at most.
func fitted(name string, width func(string) vg.Length, room vg.Length) []string {
	runes := []rune(name)
	if width(name) <= room {
		return []string{name}
	}
	cut := func(from []rune) int {
		n := len(from)
		for n > 1 && width(string(from[:n])) > room {
			n--
		}
		return n
	}
	first := cut(runes)
	// A break after a blank or a hyphen reads better.
	for i := first; i > first/2; i-- {
		if runes[i-1] == ' ' || runes[i-1] == '-' || runes[i-1] == ':' || runes[i-1] == '/' {
			first = i
			break
		}
	}
	rest := runes[first:]
	if n := cut(rest); n < len(rest) {
		rest = append(slices.Clone(rest[:n-1]), '…')
	}
	return []string{string(runes[:first]), string(rest)}
}

// lateAxis warns that lengths on an axis cannot be compared.
const lateAxis = "Mind that an axis does not begin at 0."

// DotsNote explains how to read the rows of some panels. one is the noun for a measurement, such
// as "fail-over".
func DotsNote(one string, panels ...[]DotRow) string {
	var several, longer, beyond, intervals, late bool
	for _, rows := range panels {
		begin, end := linearRange(rows)
		late = late || begin > 0
		for _, r := range rows {
			n, censored := r.Times.Count()
			intervals = intervals || r.Interval != nil
			several, longer = several || n > mostDots, longer || censored > 0
			beyond = beyond || n > 0 && LogSeconds(r.Worst().Time) > end
		}
	}
	text := "A dot is one " + one
	if several {
		text += fmt.Sprintf("; in a row of more than %d, it stands for several", mostDots)
	}
	text += ". The stroke above the dots is the median"
	if intervals {
		text += ", the bar its confidence interval (95 %)"
	}
	text += "."
	if longer {
		text += " An arrow is a lower bound: the time was longer."
	}
	if beyond {
		text += " Where an axis ends before the longest time, the text beside a row counts the times beyond it, and names the longest."
	}
	if late {
		text += " " + lateAxis
	}
	return text
}

// linearDurations are ticks of a linear axis of seconds, labelled with their unit.
type linearDurations struct{ most int }

// Ticks implements plot.Ticker.
func (l linearDurations) Ticks(lo, hi float64) []plot.Tick {
	unit, name := time.Second, " s"
	switch {
	case hi < 1e-3:
		unit, name = time.Microsecond, " µs"
	case hi < 1:
		unit, name = time.Millisecond, " ms"
	}
	ticks := LinearTicks{Most: l.most}.Ticks(lo/unit.Seconds(), hi/unit.Seconds())
	for i := range ticks {
		if v, err := strconv.ParseFloat(ticks[i].Label, 64); err == nil && v == 0 {
			ticks[i].Label = "0"
		} else {
			ticks[i].Label += name
		}
		ticks[i].Value *= unit.Seconds()
	}
	return ticks
}
