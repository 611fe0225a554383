package reports

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
	"github.com/zklab/zklab/stats"
)

// dotRow is a row of a panel: times as dots, above them their median with its interval.
type dotRow struct {
	sampled
	median   stats.Bound
	interval *stats.Interval // nil: none is drawn
}

// The sizes of rows, in points. Names stand left of the data, and figures right of it.
const (
	dotRowHeight = 36
	dotRadius    = 2
	namesWidth   = 120
	figuresWidth = 106
	mostDots     = 300 // in a row; each stands for several times if there are more
)

// dotsPanel draws times in rows over a linear axis of their own. label is that of the axis.
func dotsPanel(name, label string, rows []dotRow) panel {
	p := newPanel()
	p.HideY()
	p.Y.Min, p.Y.Max = 0, float64(len(rows))
	axis := &xAxis{label: label, ticks: linearDurations{7}}
	axis.min, axis.max = linearRange(rows)
	p.Add(dotRows(rows))
	return panel{name: name, plot: p, height: dotRowHeight * vg.Length(len(rows)), own: axis}
}

// linearRange returns the range of a linear axis that fits the times. It begins at zero unless all
// times are far from it. It ends at the longest, or before it where a few are so long that the others
// would be one stroke at the edge.
func linearRange(rows []dotRow) (lo, hi float64) {
	const (
		muchLonger = 10   // than the greatest median
		narrowest  = 0.1  // of the longest time
		edge       = 0.03 // free at both ends
	)
	middle, most := 0.0, 0.0
	lo = math.Inf(1)
	for _, r := range rows {
		for b := range r.times.All() {
			lo, hi = min(lo, logSeconds(b.Time)), max(hi, logSeconds(b.Time))
		}
		if r.count() > 0 {
			middle, most = max(middle, r.times.Quantile(0.5).Time.Seconds()), max(most, r.times.Quantile(0.9).Time.Seconds())
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
type dotRows []dotRow

// Plot implements plot.Plotter.
func (rs dotRows) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(draw.LineStyle{Color: pale, Width: vg.Points(0.5)}, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
	}
	for i, r := range rs {
		bottom := y(float64(len(rs) - 1 - i))
		if i > 0 {
			c.StrokeLine2(draw.LineStyle{Color: pale, Width: vg.Points(0.5)}, c.Min.X, bottom+dotRowHeight, c.Max.X, bottom+dotRowHeight)
		}
		r.drawDots(c, x, bottom+13)
		r.drawMedian(c, x, bottom+dotRowHeight-7)
		r.drawTexts(c, bottom, p.X.Max)
	}
}

// drawDots draws the times, equal ones beside each other. A lower bound is an arrow.
func (r dotRow) drawDots(c draw.Canvas, x func(float64) vg.Length, middle vg.Length) {
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
				arrow.outline(&arrows, centre, dotRadius)
			} else {
				dot.outline(&dots, centre, dotRadius)
			}
		}
	}
	marks{shape: dot, colour: blue}.paint(c, dots)
	marks{shape: arrow, colour: vermillion}.paint(c, arrows)
}

// columns returns which times are in each column of dots, from the left; true is a lower bound.
func (r dotRow) columns(c draw.Canvas, x func(float64) vg.Length) [][]bool {
	columns := make([][]bool, int((c.Max.X-c.Min.X)/(2*dotRadius))+1)
	each := max(1, (r.count()+mostDots-1)/mostDots)
	left := 0
	for b, n := range r.times.All() {
		at := int(math.Round(float64((x(logSeconds(b.Time)) - c.Min.X) / (2 * dotRadius))))
		if at >= len(columns) {
			break // the text counts them
		}
		for left += n; left >= each; left -= each {
			columns[max(0, at)] = append(columns[max(0, at)], b.AtLeast)
		}
	}
	return columns
}

// drawMedian draws the interval as a bar with ends, and the median as a stroke across it. An interval
// without an end leads to the edge.
func (r dotRow) drawMedian(c draw.Canvas, x func(float64) vg.Length, y vg.Length) {
	if r.count() == 0 {
		return
	}
	line := draw.LineStyle{Color: black, Width: vg.Points(1.2)}
	inside := func(b stats.Bound) vg.Length {
		if b.AtLeast {
			return c.Max.X
		}
		return min(max(x(logSeconds(b.Time)), c.Min.X), c.Max.X)
	}
	if i := r.interval; i != nil {
		low, high := inside(i.Low), inside(i.High)
		c.StrokeLine2(line, low, y, high, y)
		c.StrokeLine2(line, low, y-2, low, y+2)
		c.StrokeLine2(line, high, y-2, high, y+2)
	}
	line.Width = vg.Points(2.4)
	c.StrokeLine2(line, inside(r.median), y-4, inside(r.median), y+4)
}

// drawTexts writes the name left of the data, and right of it the median and the number of times.
func (r dotRow) drawTexts(c draw.Canvas, bottom vg.Length, end float64) {
	for i, line := range fitted(label(r.name, 60), textStyle(legendSize, black).Width, namesWidth-8) {
		c.FillText(textStyle(legendSize, black), vg.Point{X: c.Min.X - namesWidth, Y: bottom + 19 - 12*vg.Length(i)}, line)
	}
	right := c.Max.X + 8
	n, _ := r.times.Count()
	if n == 0 {
		c.FillText(textStyle(noteSize, grey), vg.Point{X: right, Y: bottom + 15}, "none measured")
		return
	}
	c.FillText(textStyle(legendSize, black), vg.Point{X: right, Y: bottom + 19}, bound(r.median))
	c.FillText(textStyle(noteSize, grey), vg.Point{X: right, Y: bottom + 7}, r.counts(end))
}

// counts says how many times a row has, and how many are longer than what is drawn.
func (r dotRow) counts(end float64) string {
	n, censored := r.times.Count()
	beyond := 0
	for b, n := range r.times.All() {
		if logSeconds(b.Time) > end {
			beyond += n
		}
	}
	text := "of " + prose.Grouped(n)
	if beyond > 0 {
		return text + ", " + prose.Grouped(beyond) + " to " + length(r.worst().Time)
	}
	if censored > 0 {
		text += ", " + prose.Grouped(censored) + " longer"
	}
	return text
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

// dotsNote says how to read the rows of some panels. one is what was measured once.
func dotsNote(one string, panels ...[]dotRow) string {
	var several, longer, beyond, intervals bool
	for _, rows := range panels {
		_, end := linearRange(rows)
		for _, r := range rows {
			n, censored := r.times.Count()
			intervals = intervals || r.interval != nil
			several, longer = several || n > mostDots, longer || censored > 0
			beyond = beyond || n > 0 && logSeconds(r.worst().Time) > end
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
		text += " An arrow is one that took longer."
	}
	if beyond {
		text += " Where an axis ends before the longest time, the text beside a row says how many are beyond it, and up to which time."
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
	ticks := linearTicks(l).Ticks(lo/unit.Seconds(), hi/unit.Seconds())
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
