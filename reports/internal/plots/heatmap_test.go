package plots

import (
	"fmt"
	"image/color"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/stats"
)

// acquires is a run of a second with acquires that succeeded.
func acquires(n int) *history.History {
	h := &history.History{Header: history.Header{Model: models.Lock.Name}}
	for i := range n {
		at := time.Duration(i) * time.Second / time.Duration(n)
		for _, e := range []history.Event{{Time: at, Type: history.Invoke}, {Time: at + time.Millisecond, Type: history.OK}} {
			e.Index, e.F, e.Key = len(h.Events), models.FAcquire, "k"
			h.Events = append(h.Events, e)
		}
	}
	return h
}

func TestHeatmapCounts(t *testing.T) {
	var points []stats.Point
	add := func(n int, at, latency time.Duration) {
		for range n {
			points = append(points, stats.Point{At: at, Latency: latency})
		}
	}
	add(3, 0, time.Millisecond)
	add(2, 999*time.Millisecond, 1100*time.Microsecond)
	add(1, time.Second, time.Millisecond)
	add(4, 2500*time.Millisecond, 10*time.Second)
	add(1, 2500*time.Millisecond, 0)
	h := heatmapOf("acquire", points, time.Second)
	want := map[[2]int]int{{0, -30}: 5, {1, -30}: 1, {2, 10}: 4, {2, -60}: 1}
	if d := cmp.Diff(want, h.counts); d != "" {
		t.Error(d)
	}
	if h.lowest != -60 || h.highest != 10 || h.most() != 5 {
		t.Errorf("rows %d to %d, at most %d in a cell", h.lowest, h.highest, h.most())
	}
}

// Every cell has the colour of its count, where it belongs.
func TestHeatmapCells(t *testing.T) {
	h := heatmap{counts: map[[2]int]int{{0, 0}: 1, {1, 0}: 1, {3, 0}: 5, {1, 9}: 2, {4, 9}: 5}, lowest: 0, highest: 9}
	cells := heatCells{heatmap: h, scale: heatScaleTo(5), width: 2, end: 9}
	p := figure.NewPanel()
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max, p.Y.Scale = 0, 10, 1, 10, plot.LogScale{}
	c := vgimg.NewWith(vgimg.UseWH(100, 100), vgimg.UseDPI(72), vgimg.UseBackgroundColor(looks.White))
	cells.Plot(draw.New(c), p)
	for column := range 5 {
		for row := range 10 {
			want := looks.White
			if n := h.counts[[2]int{column, row}]; n > 0 {
				want = cells.scale[cells.scale.of(n)].colour
			}
			x, y := 20*column+5, 99-(10*row+5)
			if got := color.NRGBAModel.Convert(c.Image().At(x, y)); got != want {
				t.Errorf("column %d, row %d: %v, want %v", column, row, got, want)
			}
		}
	}
	if got := color.NRGBAModel.Convert(c.Image().At(95, 4)); got != looks.White {
		t.Errorf("a cell reaches beyond the end of the run: %v", got)
	}
}

func TestHeatScale(t *testing.T) {
	for most, want := range map[int]string{
		1:      "1 in a cell",
		2:      "1 in a cell, 2 or more",
		30:     "1 in a cell, 2 to 4, 5 to 9, 10 to 19, 20 or more",
		100:    "1 to 2 in a cell, 3 to 9, 10 to 29, 30 to 99, 100 or more",
		20_000: "1 to 9 in a cell, 10 to 99, 100 to 999, 1,000 to 9,999, 10,000 or more",
	} {
		s := heatScaleTo(most)
		if got := strings.Join(legendNames(s.legend()), ", "); got != want {
			t.Errorf("up to %d: %s", most, got)
		}
		for i, c := range s {
			if s.of(c.from) != i || i > 0 && s.of(c.from-1) != i-1 {
				t.Errorf("up to %d: %d has the wrong class", most, c.from)
			}
		}
		if s.of(most) != len(s)-1 {
			t.Errorf("up to %d: it is not of the last class", most)
		}
	}
	// In grey, a higher count is darker, and the lowest one is still darker than the
	// paper.
	lighter := 240.0
	for _, c := range figure.HeatColours {
		grey := 0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B)
		if lighter-grey < 10 {
			t.Errorf("%s is no darker than the colour before", looks.Css(c))
		}
		lighter = grey
	}
}

func TestHeatmapFigure(t *testing.T) {
	h := sample.LockRun(false)
	m := material.Of("", h, sample.Result(h))
	f, absent := heatmapFigure(m)
	if f == nil {
		t.Fatal(absent)
	}
	if len(f.Panels) != 2 || f.Panels[0].Name != "acquire" || !f.Bars || len(f.Bands) == 0 {
		t.Errorf("%d panels, bars %v, %d bands", len(f.Panels), f.Bars, len(f.Bands))
	}
	if !strings.Contains(f.Note, "windows of 1 s") {
		t.Error(f.Note)
	}
	if err := sample.WellFormed(f.SVG()); err != nil {
		t.Error(err)
	}
	for n, want := range map[int]string{
		0:              "",
		heatPoints - 1: "It needs 100 successes of one kind of operation; there were acquire (99).",
		heatPoints:     "",
	} {
		h := acquires(n)
		f, absent := heatmapFigure(material.Of("", h, sample.Result(h)))
		if (f != nil) != (n >= heatPoints) || absent != want {
			t.Errorf("%d operations: drawn %v, %q", n, f != nil, absent)
		}
		if f != nil && len(f.SVG()) == 0 {
			t.Error(fmt.Sprint(n, " operations: an empty figure"))
		}
	}
}
