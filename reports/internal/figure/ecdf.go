package figure

import (
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/measured"
)

// LineStyle is the look of one line among several. Lines differ in their dashes as well as in
// colour, for readers who cannot tell the colours apart.
type LineStyle struct {
	Colour color.NRGBA
	Dashes []vg.Length
}

// LineStyles are the looks of the lines of a figure, in their order.
var LineStyles = [MostLines]LineStyle{
	{looks.Blue, nil},
	{looks.Vermillion, []vg.Length{7, 2.5}},
	{looks.Green, []vg.Length{2, 2}},
	{looks.Black, []vg.Length{9, 2.5, 2, 2.5}},
	{looks.Purple, []vg.Length{4, 2}},
	{looks.Orange, []vg.Length{14, 3}},
	{looks.Sky, []vg.Length{7, 2, 1.5, 2, 1.5, 2}},
	{looks.Grey, []vg.Length{1.2, 3.2}},
}

// Ecdf returns a figure with the distribution of each of the times, over a logarithmic axis of time. interval adds the
// confidence intervals of the medians, and stretched shows the tail on the y axis.
func Ecdf(all []Sampled, interval, stretched bool) *Figure {
	p := NewPanel()
	lo, hi := math.Inf(1), Least
	lines := make([]ecdfLine, 0, len(all))
	for i, s := range all {
		l := lineOf(s, LineStyles[i])
		lo, hi = min(lo, l.at[0].X), max(hi, l.at[len(l.at)-1].X)
		if i, ok := s.Times.QuantileInterval(0.5); ok && interval && !i.Low.AtLeast {
			l.interval = &i
		}
		lines = append(lines, l)
	}
	for i := range lines {
		const lane = 3.5 // apart, since intervals overlap
		lines[i].lane = lane * (vg.Length(len(lines)-1)/2 - vg.Length(i))
	}
	f := &Figure{Narrow: true, XTicks: DurationTicks{}}
	f.XMin, f.XMax = niceLogRange(lo, hi)
	p.X.Scale = plot.LogScale{}
	p.Y.Min, p.Y.Max, p.Y.Tick.Marker = 0, 1, shareTicks{0, 0.25, 0.5, 0.75, 1}
	if stretched {
		stretch(p, lines, all)
	}
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = looks.Pale, looks.Pale
	g.Vertical.Width, g.Horizontal.Width = vg.Points(0.5), vg.Points(0.5)
	p.Add(g)
	for _, l := range lines {
		p.Add(l)
	}
	p.Add(lineLabels(lines))
	f.Panels = []Panel{{Plot: p, Height: 250}}
	return f
}

// ecdfLine is a distribution as a line of steps.
type ecdfLine struct {
	name     string
	style    LineStyle
	at       plotter.XYs // corners of the line
	longer   plotter.XYs // where the lower bounds are
	dot      bool        // at the end
	interval *measured.Interval
	lane     vg.Length // of the interval: how far above the middle of the panel
}

func lineOf(s Sampled, style LineStyle) ecdfLine {
	l := ecdfLine{name: words.Label(s.Name, 40), style: style}
	share := 0.0
	steps := s.Times.Distribution()
	for b := range s.Times.All() {
		x := LogSeconds(b.Time)
		if b.AtLeast {
			l.longer = append(l.longer, plotter.XY{X: x, Y: share})
			l.at = append(l.at, plotter.XY{X: x, Y: share})
			continue
		}
		l.at = append(l.at, plotter.XY{X: x, Y: share})
		share, steps = steps[0].Share, steps[1:]
		l.at = append(l.at, plotter.XY{X: x, Y: share})
	}
	return l
}

// on returns the corners on a canvas. It leaves out corners that are too close to the one before
// them to be told apart.
func (l ecdfLine) on(c draw.Canvas, p *plot.Plot) []vg.Point {
	const least = 0.4
	x, y := p.Transforms(&c)
	var out []vg.Point
	for i, xy := range l.at {
		at := vg.Point{X: x(xy.X), Y: y(xy.Y)}
		if n := len(out); n > 0 && i < len(l.at)-1 && at.X-out[n-1].X < least && at.Y-out[n-1].Y < least {
			continue
		}
		out = append(out, at)
	}
	return out
}

// Plot implements plot.Plotter.
func (l ecdfLine) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	l.plotInterval(c, x, y)
	c.StrokeLines(draw.LineStyle{Color: l.style.Colour, Width: vg.Points(1.6), Dashes: l.style.Dashes}, l.on(c, p))
	if l.dot {
		Marks{At: l.at[len(l.at)-1:], Shape: Dot, Radius: vg.Points(2.6), Colour: l.style.Colour}.Plot(c, p)
	}
	const half = 3.5
	stroke := draw.LineStyle{Color: l.style.Colour, Width: vg.Points(1)}
	for _, xy := range l.longer {
		c.StrokeLine2(stroke, x(xy.X), y(xy.Y)-half, x(xy.X), y(xy.Y)+half)
	}
}

// plotInterval draws a bar with ends. An interval without an end leads to the edge.
func (l ecdfLine) plotInterval(c draw.Canvas, x, y func(float64) vg.Length) {
	i := l.interval
	if i == nil {
		return
	}
	const end = 2.5
	bar := draw.LineStyle{Color: l.style.Colour, Width: vg.Points(1.2)}
	low, high, at := x(LogSeconds(i.Low.Time)), c.Max.X, y(0.5)+l.lane
	if !i.High.AtLeast {
		high = x(LogSeconds(i.High.Time))
		c.StrokeLine2(bar, high, at-end, high, at+end)
	}
	c.StrokeLine2(bar, low, at-end, low, at+end)
	c.StrokeLine2(bar, low, at, high, at)
}

// mostNines limits a stretched axis: 4 is 99.99 %.
const mostNines = 4

// stretch gives a panel a y axis on which 90 %, 99 %, 99.9 % and so on are equally far apart, as far as
// the lines go. 100 % has no place there: a line of n times ends at its longest, before the last n-th.
func stretch(p *plot.Plot, lines []ecdfLine, all []Sampled) {
	nines := 1.0
	for i := range lines {
		end := 1 - 1/float64(all[i].Count())
		lines[i].at[len(lines[i].at)-1].Y = end
		nines = max(nines, math.Ceil(tail(end)-1e-9))
	}
	nines = min(nines, mostNines)
	p.Y.Max, p.Y.Scale = 1-math.Pow(10, -nines), tailScale{}
	for i := range lines {
		l := &lines[i]
		whole := len(l.at)
		l.at = slices.DeleteFunc(l.at, func(at plotter.XY) bool { return at.Y > p.Y.Max })
		l.dot = len(l.at) == whole
		if !l.dot { // it goes on above the plot
			l.at = append(l.at, plotter.XY{X: l.at[len(l.at)-1].X, Y: p.Y.Max})
		}
	}
	p.Y.Tick.Marker = append(shareTicks{0, 0.5}, shareTicks{0.9, 0.99, 0.999, 0.9999}[:int(nines)]...)
}

// tailScale is the scale of a stretched axis of shares below 1.
type tailScale struct{}

// Normalize implements plot.Normalizer.
func (tailScale) Normalize(lo, hi, share float64) float64 {
	return (tail(share) - tail(lo)) / (tail(hi) - tail(lo))
}

// tail returns the number of nines of a share: 1 for 90 %, 2 for 99 %.
func tail(share float64) float64 { return -math.Log10(1 - share) }

// shareTicks are ticks at the given shares.
type shareTicks []float64

// Ticks implements plot.Ticker.
func (s shareTicks) Ticks(_, _ float64) []plot.Tick {
	var ticks []plot.Tick
	for _, v := range s {
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(math.Round(v*1e4)/1e2, 'f', -1, 64) + " %"})
	}
	return ticks
}
