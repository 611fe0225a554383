package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
)

// heatPoints is the number of successes of one kind of operation below which a heat map would show
// single points. The plot of the latencies shows these better.
const heatPoints = 100

// heatRows is the number of rows for each power of ten of the latency.
const heatRows = 10

// heatmapFigure shows how many operations took how long, window by window.
func heatmapFigure(m *material.Run) (*figure.Figure, string) {
	maps, few := heatmaps(m)
	switch {
	case len(maps) == 0 && len(few) == 0:
		return nil, "" // the plot of the latencies says so
	case len(maps) == 0:
		return nil, fmt.Sprintf("It needs %d successes of one kind of operation; there were %s.", heatPoints, strings.Join(few, ", "))
	}
	f := overTime(m)
	f.Bars = len(f.Bands) > 0 // a shade could be taken for a count
	most := 0
	for _, h := range maps {
		most = max(most, h.most())
	}
	scale := heatScaleTo(most)
	u := figure.UnitFor(m.End)
	for _, h := range maps {
		p := figure.NewPanel()
		p.Y.Min, p.Y.Max = figure.LogRange(h.rowAt(h.lowest), h.rowAt(h.highest+1))
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, figure.DurationTicks{}
		f.Add(p)
		p.Add(heatCells{h, scale, u.Of(windowWidth(m)), f.XMax})
		f.Panels = append(f.Panels, figure.Panel{Name: h.f, YLabel: "latency (log scale)", Plot: p, Height: figure.PanelHeight(len(maps))})
	}
	f.Legend = scale.legend()
	f.Note = "A cell counts operations that succeeded, by their latency and their intended start, in windows of " + prose.Length(windowWidth(m)) + ": the stronger its colour, the more."
	if len(few) > 0 {
		f.Note += fmt.Sprintf(" Not drawn, since fewer than %d succeeded: %s.", heatPoints, strings.Join(few, ", "))
	}
	f.Alt = "Heat map of the latencies over the time of the run, one panel for each kind of operation, with the faults above."
	return f, ""
}

// heatmap counts the successes of one kind of operation by window and latency.
type heatmap struct {
	f               string
	counts          map[[2]int]int // by column and row
	lowest, highest int            // rows
}

// heatmaps returns a heat map of each operation with enough successes, and names the other operations.
func heatmaps(m *material.Run) (maps []heatmap, few []string) {
	for _, op := range operations(m) {
		points := slices.DeleteFunc(pointsOf(m, op), func(p stats.Point) bool { return p.Outcome != history.OK })
		if len(points) < heatPoints {
			few = append(few, fmt.Sprintf("%s (%s)", words.Label(op, 40), prose.Grouped(len(points))))
			continue
		}
		maps = append(maps, heatmapOf(op, points, windowWidth(m)))
	}
	return maps, few
}

func heatmapOf(f string, points []stats.Point, width time.Duration) heatmap {
	h := heatmap{f: f, counts: map[[2]int]int{}, lowest: math.MaxInt, highest: math.MinInt}
	for _, p := range points {
		const rounding = 1e-9
		row := int(math.Floor(math.Log10(figure.LogSeconds(p.Latency))*heatRows + rounding))
		h.counts[[2]int{int(p.At / width), row}]++
		h.lowest, h.highest = min(h.lowest, row), max(h.highest, row)
	}
	return h
}

// rowAt returns where a row begins, in seconds.
func (heatmap) rowAt(row int) float64 { return math.Pow(10, float64(row)/heatRows) }

func (h heatmap) most() (n int) {
	for _, c := range h.counts {
		n = max(n, c)
	}
	return n
}

// heatClass is a colour and the least count that it stands for.
type heatClass struct {
	from   int
	colour color.NRGBA
}

// heatScale has rising counts.
type heatScale []heatClass

// heatScaleTo returns a scale of few colours for counts from 1 to most.
func heatScaleTo(most int) heatScale {
	const classes = 6
	var from []int
	for _, steps := range [][]int{{1, 2, 5}, {1, 3}, {1}} {
		from = nil
		for i := 0; ; i++ {
			n := steps[i%len(steps)] * int(math.Pow10(i/len(steps)))
			if n > most || len(from) > classes {
				break
			}
			from = append(from, n)
		}
		if len(from) <= classes {
			break
		}
	}
	s := make(heatScale, len(from))
	for i, n := range from {
		s[i] = heatClass{n, figure.HeatColours[(len(figure.HeatColours)-1)*(i+1)/len(from)]}
	}
	return s
}

// of returns the class of a count of at least 1.
func (s heatScale) of(n int) int {
	i, found := slices.BinarySearchFunc(s, n, func(c heatClass, n int) int { return cmp.Compare(c.from, n) })
	if found {
		return i
	}
	return i - 1
}

func (s heatScale) legend() (entries []figure.LegendEntry) {
	for i, c := range s {
		name := prose.Grouped(c.from)
		switch {
		case i == len(s)-1 && i > 0:
			name += " or more"
		case i < len(s)-1 && s[i+1].from > c.from+1:
			name += " to " + prose.Grouped(s[i+1].from-1)
		}
		if i == 0 {
			name += " in a cell"
		}
		entries = append(entries, figure.LegendEntry{Name: name, Colour: c.colour, Shape: figure.AsPatch})
	}
	return entries
}

// heatCells draws the cells of a panel.
type heatCells struct {
	heatmap
	scale heatScale
	width float64 // of a window, in units of the x axis
	end   float64 // of the run
}

// Plot implements plot.Plotter. Cells of one colour are one path, and neighbours in a row one
// rectangle, which keeps SVG files small.
func (h heatCells) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	paths := make([]vg.Path, len(h.scale))
	columns := int(math.Ceil(h.end / h.width))
	for row := h.lowest; row <= h.highest; row++ {
		bottom, top := y(h.rowAt(row)), y(h.rowAt(row+1))
		for from := 0; from <= columns; {
			class := h.class(from, row)
			until := from + 1
			for ; until <= columns && h.class(until, row) == class; until++ {
			}
			if class >= 0 {
				left, right := x(float64(from)*h.width), x(min(float64(until)*h.width, h.end))
				outlineOf(&paths[class], figure.Rectangle(left, bottom, max(right, left+0.5), top))
			}
			from = until
		}
	}
	for i, path := range paths {
		if len(path) > 0 {
			c.SetColor(h.scale[i].colour)
			c.Fill(path)
		}
	}
}

// class returns the class of a cell, or -1 for an empty one.
func (h heatCells) class(column, row int) int {
	n := h.counts[[2]int{column, row}]
	if n == 0 {
		return -1
	}
	return h.scale.of(n)
}

func outlineOf(path *vg.Path, corners []vg.Point) {
	path.Move(corners[0])
	for _, at := range corners[1:] {
		path.Line(at)
	}
	path.Close()
}
