package plots

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
)

const (
	mostLanes   = 24
	exactHolds  = 2000 // up to here every hold is drawn as it was
	holdColumns = 1200 // beyond, the run is cut into this many columns, or fewer if lanes are many
	laneHeight  = 24
)

// holdersFigure shows which client held each key when, and where two clients believed that they
// held it.
func holdersFigure(m *material.Run) (*figure.Figure, string) {
	if m.Model().State != models.Exclusive {
		return nil, ""
	}
	if len(m.Holds) == 0 {
		return nil, "No client held a key."
	}
	f := overTime(m)
	width, left := holdersPanel(m, f, mostLanes)
	f.Note = holdersNote(len(m.Overlaps), width, left)
	f.Alt = "Timeline of the holders of each key, one lane for each key and one colour for each client."
	return f, ""
}

// holdersPanel adds a panel with the holders of at most some keys, and its legend. width is the width of a
// column if there are too many holds to draw each, and left is how many keys are left out.
func holdersPanel(m *material.Run, f *figure.Figure, most int) (width time.Duration, left int) {
	lanes, left := lanesOf(m.Holds, most)
	p := figure.NewPanel()
	p.Y.Min, p.Y.Max = -0.5, float64(len(lanes))-0.5
	p.Y.Tick.Marker = laneTicks(lanes)
	p.Y.Tick.Length = 0
	f.AddShading(p)
	bars, width := bars(m, lanes)
	p.Add(holdBars{bars: bars, unit: figure.UnitFor(m.End), end: m.End})
	p.Add(overlapBars{overlaps: m.Overlaps, lanes: lanes, unit: figure.UnitFor(m.End)})
	f.Panels = append(f.Panels, figure.Panel{Plot: p, Height: vg.Length(max(60, len(lanes)*laneHeight))})
	f.Legend = append(f.Legend, holdersLegend(m.Holds, len(m.Overlaps) > 0)...)
	return width, left
}

func holdersNote(overlaps int, width time.Duration, left int) string {
	note := "As the clients saw it: a bar reaches from a grant to the call of its release, or to the report that the hold was lost."
	if overlaps == 0 {
		note += " At no time did two clients believe that they held one key."
	} else {
		note += " Black: two clients believed at one time that they held the key (" + words.Times(overlaps) + ")."
	}
	if width > 0 {
		note += " There were too many holds to draw each: a column of " + prose.Length(width) + " has the colour of the client that held longest in it."
	}
	if left > 0 {
		note += " " + words.Plural(left, "more key") + " not shown."
	}
	return note
}

// lanesOf assigns lanes to the first keys, from the top, and returns how many keys are left out.
func lanesOf(all []*holds.Hold, most int) (lanes map[string]int, left int) {
	keys := keysOf(all)
	if left = len(keys) - most; left > 0 {
		keys = keys[:most]
	} else {
		left = 0
	}
	lanes = map[string]int{}
	for i, k := range keys {
		lanes[k] = len(keys) - 1 - i
	}
	return lanes, left
}

// keysOf returns the keys in order.
func keysOf(all []*holds.Hold) []string {
	seen := map[string]bool{}
	for _, h := range all {
		seen[h.Key] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func laneTicks(lanes map[string]int) plot.ConstantTicks {
	var t plot.ConstantTicks
	for _, k := range slices.Sorted(maps.Keys(lanes)) {
		name := cmp.Or(words.Label(k, 24), "(no key)")
		t = append(t, plot.Tick{Value: float64(lanes[k]), Label: name})
	}
	return t
}

func holdersLegend(all []*holds.Hold, overlaps bool) []figure.LegendEntry {
	last := 0
	for _, h := range all {
		last = max(last, h.Client)
	}
	var out []figure.LegendEntry
	for c := 0; c <= last && c < len(looks.ClientColours); c++ {
		var same []int
		for d := c; d <= last; d += len(looks.ClientColours) {
			same = append(same, d)
		}
		name := "client " + prose.Numbers(same)
		if len(same) > 3 {
			name = fmt.Sprintf("client %d, %d, %d, …", same[0], same[1], same[2])
		}
		out = append(out, figure.LegendEntry{Name: name, Colour: looks.ClientColour(c), Shape: figure.AsPatch})
	}
	if overlaps {
		out = append(out, figure.LegendEntry{Name: "believed by two", Colour: looks.Black, Shape: figure.AsOutline})
	}
	return out
}

// bar is a part of a lane in a client's colour.
type bar struct {
	lane   int
	client int
	stats.Span
}

// bars returns the holds as they are drawn. width is the width of a column if there are too many to draw
// each hold.
func bars(m *material.Run, lanes map[string]int) (bars []bar, width time.Duration) {
	if len(m.Holds) > exactHolds {
		return columns(m.Holds, lanes, m.End)
	}
	for _, h := range m.Holds {
		if lane, ok := lanes[h.Key]; ok {
			bars = append(bars, bar{lane, h.Client, material.SpanOf(h)})
		}
	}
	return bars, 0
}

// columnsFor limits the size of the file: each column of each lane is a bar.
func columnsFor(lanes int) int { return min(holdColumns, 12000/lanes) }

// columns divides time into columns, and gives each column of a lane to the client that held
// longest in it.
func columns(all []*holds.Hold, lanes map[string]int, end time.Duration) ([]bar, time.Duration) {
	n := columnsFor(len(lanes))
	width := end/time.Duration(n) + 1
	held := make([][]map[int]time.Duration, len(lanes))
	for i := range held {
		held[i] = make([]map[int]time.Duration, n+1)
	}
	for _, h := range all {
		lane, ok := lanes[h.Key]
		if !ok {
			continue
		}
		for c := int(h.Granted / width); c <= int(h.Until/width) && c <= n; c++ {
			if held[lane][c] == nil {
				held[lane][c] = map[int]time.Duration{}
			}
			from, until := time.Duration(c)*width, time.Duration(c+1)*width
			held[lane][c][h.Client] += max(1, min(h.Until, until)-max(h.Granted, from))
		}
	}
	var bars []bar
	for lane, cs := range held {
		bars = append(bars, merged(lane, cs, width)...)
	}
	return bars, width
}

// merged joins neighbouring columns of one client.
func merged(lane int, columns []map[int]time.Duration, width time.Duration) []bar {
	var bars []bar
	for c, held := range columns {
		client, ok := longestHolder(held)
		if !ok {
			continue
		}
		from := time.Duration(c) * width
		if n := len(bars); n > 0 && bars[n-1].client == client && bars[n-1].Until == from {
			bars[n-1].Until += width
			continue
		}
		bars = append(bars, bar{lane, client, stats.Span{From: from, Until: from + width}})
	}
	return bars
}

func longestHolder(held map[int]time.Duration) (client int, ok bool) {
	for c, d := range held {
		if !ok || d > held[client] || (d == held[client] && c < client) {
			client, ok = c, true
		}
	}
	return client, ok
}

// holdBars draws the bars; all bars of one client are one path.
type holdBars struct {
	bars []bar
	unit figure.TimeUnit
	end  time.Duration
}

// Plot implements plot.Plotter.
func (b holdBars) Plot(c draw.Canvas, p *plot.Plot) {
	paths := make([]vg.Path, len(looks.ClientColours))
	for _, bar := range b.bars {
		left, right := c.X(p.X.Norm(b.unit.Of(bar.From))), c.X(p.X.Norm(b.unit.Of(bar.Until)))
		right = min(max(right, left+0.6), c.Max.X)
		y := c.Y(p.Y.Norm(float64(bar.lane)))
		box(&paths[bar.client%len(paths)], left, y-7, right, y+7)
	}
	for i, path := range paths {
		if len(path) > 0 {
			c.SetColor(looks.ClientColours[i])
			c.Fill(path)
		}
	}
}

// overlapBars marks where two clients believed that they held: a frame around the lane, and a
// pointer above it, since most overlaps last milliseconds.
type overlapBars struct {
	overlaps []holds.Overlap
	lanes    map[string]int
	unit     figure.TimeUnit
}

// Plot implements plot.Plotter.
func (o overlapBars) Plot(c draw.Canvas, p *plot.Plot) {
	var frames, pointers vg.Path
	drawn := map[[2]int]bool{}
	for _, v := range o.overlaps {
		lane, ok := o.lanes[v.First.Key]
		if !ok {
			continue
		}
		left, right := c.X(p.X.Norm(o.unit.Of(v.From))), c.X(p.X.Norm(o.unit.Of(v.Until)))
		right = max(right, left+1.5)
		if at := [2]int{lane, int(left * 2)}; drawn[at] {
			continue // one on top of the other says no more
		} else {
			drawn[at] = true
		}
		y := c.Y(p.Y.Norm(float64(lane)))
		box(&frames, left, y-8, right, y+8)
		middle := (left + right) / 2
		pointers.Move(vg.Point{X: middle, Y: y + 8})
		pointers.Line(vg.Point{X: middle - 2.5, Y: y + 12})
		pointers.Line(vg.Point{X: middle + 2.5, Y: y + 12})
		pointers.Close()
	}
	if len(frames) == 0 {
		return
	}
	c.SetLineStyle(draw.LineStyle{Color: looks.Black, Width: vg.Points(0.9)})
	c.Stroke(frames)
	c.SetColor(looks.Black)
	c.Fill(pointers)
}

func box(path *vg.Path, left, bottom, right, top vg.Length) {
	path.Move(vg.Point{X: left, Y: bottom})
	path.Line(vg.Point{X: right, Y: bottom})
	path.Line(vg.Point{X: right, Y: top})
	path.Line(vg.Point{X: left, Y: top})
	path.Close()
}
