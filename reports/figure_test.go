package reports

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/history/holds"
	"github.com/zklab/zklab/internal/base/prose"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/stats"
)

func TestLabelsNeverOverlap(t *testing.T) {
	for _, n := range []int{0, 1, 5, 20, 60, 200, 2000} {
		f := &figure{xMax: 100, rules: []rule{{at: 1, name: "load"}, {at: 98, name: "heal"}, {at: 99, name: "quiesce"}}}
		p := newPanel()
		f.add(p)
		p.Y.Min, p.Y.Max = 0, 1
		f.xTicks, f.panels = linearTicks{10}, []panel{{plot: p, height: 100}}
		for i := range n {
			f.bands = append(f.bands, band{from: 100 * float64(i) / float64(n), until: 100*float64(i)/float64(n) + 1, name: fmt.Sprintf("#%d pause:leader", i+1)})
		}
		l := f.layOut()
		style := textStyle(labelSize, black)
		for i, a := range l.labels {
			if a.x < l.left-1 || a.x+style.Width(a.name) > l.right+1 {
				t.Errorf("%d windows: %q leaves the plot", n, a.name)
			}
			for _, b := range l.labels[i+1:] {
				if a.row == b.row && a.x < b.x+style.Width(b.name) && b.x < a.x+style.Width(a.name) {
					t.Errorf("%d windows: %q lies over %q", n, a.name, b.name)
				}
			}
		}
		if named := len(l.labels) - 3; named != n && (named > 0 || l.hidden != n) {
			t.Errorf("%d windows: %d named, %d said to be hidden", n, named, l.hidden)
		}
	}
}

// Windows that overlap have bars above the panels, none over another or another's
// name, and panels show only when any fault lasted.
func TestOverlappingWindowsHaveBars(t *testing.T) {
	f := &figure{xMax: 100}
	p := newPanel()
	f.add(p)
	p.Y.Min, p.Y.Max = 0, 1
	f.xTicks, f.panels = linearTicks{10}, []panel{{plot: p, height: 100}}
	for i := range 30 {
		from := float64(3 * i)
		f.bands = append(f.bands, band{from: from, until: from + float64(1+7*(i%4)), name: fmt.Sprintf("#%d slow-link:holder", i+1), outline: i == 29})
	}
	if f.bars = tooMany(f.bands, 1); !f.bars {
		t.Fatal("overlapping windows were not noticed")
	}
	l := f.layOut()
	if len(l.labels) != 30 || l.hidden != 0 {
		t.Errorf("%d of 30 named, %d hidden", len(l.labels), l.hidden)
	}
	style := textStyle(labelSize, black)
	covers := func(p placedLabel) (from, until vg.Length) {
		x := min(p.x, l.right-style.Width(p.name))
		return x, max(x+style.Width(p.name), p.x+p.length)
	}
	for i, a := range l.labels {
		if a.length <= 0 {
			t.Errorf("%s has no bar", a.name)
		}
		from, until := covers(a)
		for _, b := range l.labels[i+1:] {
			if bFrom, bUntil := covers(b); a.row == b.row && from < bUntil && bFrom < until {
				t.Errorf("%q lies over %q", a.name, b.name)
			}
		}
	}
	end := -1.0
	for _, b := range f.shading() {
		if b.from <= end || b.colour != grey {
			t.Errorf("shaded %v after %v", b, end)
		}
		end = b.until
	}
	if end != 103 { // of the 28th window; the last was not seen to take effect
		t.Errorf("shaded until %v", end)
	}
	if tooMany([]band{{from: 5, until: 6}, {from: 1, until: 2}}, 2) || !tooMany(nil, len(faultTints)+1) {
		t.Error("few windows one after the other need no bars, many kinds do")
	}
}

func TestLegendAndNoteStayInside(t *testing.T) {
	f := &figure{note: strings.Repeat("many words ", 60)}
	for i := range 40 {
		f.legend = append(f.legend, legendEntry{name: fmt.Sprintf("client number %d", i)})
	}
	total := 0
	for _, row := range f.legendRows() {
		w := float64(0)
		for _, e := range row {
			w += float64(e.width())
		}
		if w > figureWidth-2*margin {
			t.Errorf("a row of the legend is %v wide", w)
		}
		total += len(row)
	}
	if total != 40 {
		t.Errorf("%d of 40 entries shown", total)
	}
	for _, line := range f.noteLines() {
		if w := textStyle(noteSize, grey).Width(line); w > figureWidth-2*margin {
			t.Errorf("a line of the note is %v wide", w)
		}
	}
}

func TestThin(t *testing.T) {
	var at plotter.XYs
	for i := range 50000 {
		at = append(at, plotter.XY{X: float64(i % 1000), Y: 1 + float64(i%97)})
	}
	at = append(at, plotter.XY{X: 500, Y: 10000}) // the one that matters stands alone
	kept := thin(at, newGrid(0, 1000, 900, false), newGrid(1, 10000, 180, true), 2000)
	if len(kept) > 2000 || len(kept) < 500 {
		t.Errorf("%d points kept", len(kept))
	}
	if kept[len(kept)-1].Y != 10000 {
		t.Error("the outlier is gone")
	}
	few := at[:10]
	if d := cmp.Diff(few, thin(few, newGrid(0, 1000, 900, false), newGrid(1, 10000, 180, true), 2000)); d != "" {
		t.Error(d)
	}
}

func TestLogRangeHoldsForTheLogScale(t *testing.T) {
	for _, v := range [][2]float64{{0, 0}, {1, 1}, {0.001, 0.001}, {-5, 3}, {math.Inf(1), least}, {0.0123, 4.56}} {
		lo, hi := logRange(min(v[0], v[1]), max(v[0], v[1]))
		if lo <= 0 || hi <= lo || math.IsInf(lo, 0) || math.IsInf(hi, 0) && !math.IsInf(v[0], 0) {
			t.Errorf("logRange(%v) = %v, %v", v, lo, hi)
		}
	}
	if logSeconds(0) <= 0 || logSeconds(-time.Second) <= 0 {
		t.Error("a duration of nothing is not fit for a log scale")
	}
}

func TestTicks(t *testing.T) {
	var labels []string
	for _, tick := range (durationTicks{}).Ticks(1e-5, 1000) {
		if tick.Label != "" {
			labels = append(labels, tick.Label)
		}
	}
	if d := cmp.Diff([]string{"10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s", "1,000 s"}, labels); d != "" {
		t.Error(d)
	}
	labels = nil
	for _, tick := range (linearTicks{5}).Ticks(0, 1.2) {
		labels = append(labels, tick.Label)
	}
	if d := cmp.Diff([]string{"0.0", "0.5", "1.0"}, labels); d != "" {
		t.Error(d)
	}
	if got := (linearTicks{5}).Ticks(0, 0); got != nil {
		t.Errorf("ticks of nothing: %v", got)
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1: "none", 0: "0", 800: "800 ns", 1500: "1.5 µs", 12345 * time.Microsecond: "12.3 ms", 2346 * time.Millisecond: "2.35 s",
		61 * time.Second: "61 s", 150 * time.Second: "2 min 30 s", 150 * time.Minute: "2 h 30 min",
	} {
		if got := length(d); got != want {
			t.Errorf("length(%d) = %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 12: "12", 123: "123", 1234: "1,234", 1234567: "1,234,567"} {
		if got := prose.Grouped(n); got != want {
			t.Errorf("thousands(%d) = %q", n, got)
		}
	}
	if got := label("a\x00b\n"+strings.Repeat("c", 20), 6); got != `a\x00b c…` {
		t.Errorf("label: %q", got)
	}
}

func TestColumnsGoToTheLongestHolder(t *testing.T) {
	hold := func(key string, client, from, until int) *holds.Hold {
		return &holds.Hold{Key: key, Client: client, Granted: time.Duration(from) * time.Second, Until: time.Duration(until) * time.Second}
	}
	end := time.Duration(holdColumns) * 10 * time.Second
	all := []*holds.Hold{
		hold("k", 1, 0, 3),
		hold("k", 2, 3, 8),
		hold("k", 2, 11, 19),
		hold("k", 1, 31, 32),
		hold("elsewhere", 3, 0, 9),
	}
	bars, width := columns(all, map[string]int{"k": 0}, end)
	want := []bar{
		{0, 2, stats.Span{From: 0, Until: 2 * width}},
		{0, 1, stats.Span{From: 3 * width, Until: 4 * width}},
	}
	if d := cmp.Diff(want, bars, cmp.AllowUnexported(bar{})); d != "" {
		t.Error(d)
	}
}

func TestDepth(t *testing.T) {
	h := sample.Queue(5*time.Second, 3)
	items := queuedItems(h)
	left := 0
	var spans []stats.Span
	for _, f := range items {
		if f.taken < 0 {
			left++
		}
		spans = append(spans, f.Span)
	}
	at := depth(spans, stats.End(h))
	if got := int(at[len(at)-1].Y); got != left || left == 0 {
		t.Errorf("%d items at the end of the line, %d were not taken", got, left)
	}
	if len(at) > 2*depthColumns+2 {
		t.Errorf("%d points", len(at))
	}
}
