package figure

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/reports/internal/looks"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/stats/measured"
)

func TestLabelsNeverOverlap(t *testing.T) {
	for _, n := range []int{0, 1, 5, 20, 60, 200, 2000} {
		f := &Figure{XMax: 100, Rules: []Rule{{At: 1, Name: "load"}, {At: 98, Name: "heal"}, {At: 99, Name: "quiesce"}}}
		p := NewPanel()
		f.Add(p)
		p.Y.Min, p.Y.Max = 0, 1
		f.XTicks, f.Panels = LinearTicks{10}, []Panel{{Plot: p, Height: 100}}
		for i := range n {
			f.Bands = append(f.Bands, Band{From: 100 * float64(i) / float64(n), Until: 100*float64(i)/float64(n) + 1, Name: fmt.Sprintf("#%d pause:leader", i+1)})
		}
		l := f.layOut()
		style := textStyle(labelSize, looks.Black)
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

// Windows that overlap have bars above the panels, and no bar covers another bar or its
// name. The panels show only when any fault lasted.
func TestOverlappingWindowsHaveBars(t *testing.T) {
	f := &Figure{XMax: 100}
	p := NewPanel()
	f.Add(p)
	p.Y.Min, p.Y.Max = 0, 1
	f.XTicks, f.Panels = LinearTicks{10}, []Panel{{Plot: p, Height: 100}}
	for i := range 30 {
		from := float64(3 * i)
		f.Bands = append(f.Bands, Band{From: from, Until: from + float64(1+7*(i%4)), Name: fmt.Sprintf("#%d slow-link:holder", i+1), Outline: i == 29})
	}
	if f.Bars = Overlapping(f.Bands); !f.Bars {
		t.Fatal("overlapping windows were not noticed")
	}
	l := f.layOut()
	if len(l.labels) != 30 || l.hidden != 0 {
		t.Errorf("%d of 30 named, %d hidden", len(l.labels), l.hidden)
	}
	style := textStyle(labelSize, looks.Black)
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
		if b.From <= end || b.Colour != looks.Grey {
			t.Errorf("shaded %v after %v", b, end)
		}
		end = b.Until
	}
	if end != 103 { // the end of the 28th window; the effect of the last one was never seen
		t.Errorf("shaded until %v", end)
	}
	if Overlapping([]Band{{From: 5, Until: 6}, {From: 1, Until: 2}}) {
		t.Error("windows one after the other need no bars")
	}
}

func TestLegendAndNoteStayInside(t *testing.T) {
	f := &Figure{Note: strings.Repeat("many words ", 60)}
	for i := range 40 {
		f.Legend = append(f.Legend, LegendEntry{Name: fmt.Sprintf("client number %d", i)})
	}
	total := 0
	for _, row := range f.legendRows() {
		w := float64(0)
		for _, e := range row {
			w += float64(e.Width())
		}
		if w > FigureWidth-2*Margin {
			t.Errorf("a row of the legend is %v wide", w)
		}
		total += len(row)
	}
	if total != 40 {
		t.Errorf("%d of 40 entries shown", total)
	}
	for _, line := range f.noteLines() {
		if w := textStyle(noteSize, looks.Grey).Width(line); w > FigureWidth-2*Margin {
			t.Errorf("a line of the note is %v wide", w)
		}
	}
}

func TestThin(t *testing.T) {
	var at plotter.XYs
	for i := range 50000 {
		at = append(at, plotter.XY{X: float64(i % 1000), Y: 1 + float64(i%97)})
	}
	at = append(at, plotter.XY{X: 500, Y: 10000}) // the point that matters stands alone
	kept := Thin(at, NewGrid(0, 1000, 900, false), NewGrid(1, 10000, 180, true), 2000)
	if len(kept) > 2000 || len(kept) < 500 {
		t.Errorf("%d points kept", len(kept))
	}
	if kept[len(kept)-1].Y != 10000 {
		t.Error("the outlier is gone")
	}
	few := at[:10]
	if d := cmp.Diff(few, Thin(few, NewGrid(0, 1000, 900, false), NewGrid(1, 10000, 180, true), 2000)); d != "" {
		t.Error(d)
	}
}

func TestLogRangeHoldsForTheLogScale(t *testing.T) {
	for _, v := range [][2]float64{{0, 0}, {1, 1}, {0.001, 0.001}, {-5, 3}, {math.Inf(1), Least}, {0.0123, 4.56}} {
		lo, hi := LogRange(min(v[0], v[1]), max(v[0], v[1]))
		if lo <= 0 || hi <= lo || math.IsInf(lo, 0) || math.IsInf(hi, 0) && !math.IsInf(v[0], 0) {
			t.Errorf("logRange(%v) = %v, %v", v, lo, hi)
		}
	}
	if LogSeconds(0) <= 0 || LogSeconds(-time.Second) <= 0 {
		t.Error("a duration of nothing is not fit for a log scale")
	}
}

func TestTicks(t *testing.T) {
	var labels []string
	for _, tick := range (DurationTicks{}).Ticks(1e-5, 1000) {
		if tick.Label != "" {
			labels = append(labels, tick.Label)
		}
	}
	if d := cmp.Diff([]string{"10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s", "1,000 s"}, labels); d != "" {
		t.Error(d)
	}
	labels = nil
	for _, tick := range (LinearTicks{5}).Ticks(0, 1.2) {
		labels = append(labels, tick.Label)
	}
	if d := cmp.Diff([]string{"0.0", "0.5", "1.0"}, labels); d != "" {
		t.Error(d)
	}
	if got := (LinearTicks{5}).Ticks(0, 0); got != nil {
		t.Errorf("ticks of nothing: %v", got)
	}
}

// The axis fits most of the times, not the few longest ones.
func TestLinearRange(t *testing.T) {
	for _, tt := range []struct {
		name     string
		ms       []int
		from, to float64
	}{
		{"alike", []int{1000, 1000, 1000}, 0.947, 1.053},
		{"from zero", []int{100, 500, 1000}, 0, 1.03},
		{"one much longer", append(sample.UpTo(20), 60_000), 0, 0.0227},
		{"none", nil, 0, 0},
	} {
		lo, hi := linearRange([]DotRow{{Sampled: Sampled{"x", sample.Took(tt.ms...)}}})
		if max(lo-tt.from, tt.from-lo, hi-tt.to, tt.to-hi) > 0.001 {
			t.Errorf("%s: from %v to %v, want %v to %v", tt.name, lo, hi, tt.from, tt.to)
		}
	}
}

func TestRowOfDots(t *testing.T) {
	r := DotRow{Sampled: Sampled{"x", sample.Took(1, 2, 3, 4, 5, -6, 9000)}}
	if got := r.counts(1); !slices.Equal(got, []string{"of 7", "1 beyond, to 9 s"}) {
		t.Error(got)
	}
	if got := r.counts(10); !slices.Equal(got, []string{"of 7, 1 longer"}) {
		t.Error(got)
	}
	long := &measured.Times{}
	long.Add(measured.Bound{Time: time.Second}, 100_000)
	f := &Figure{Narrow: true, Panels: []Panel{DotsPanel("", "time", []DotRow{{Sampled: Sampled{"x", long}}})}}
	if n := len(f.SVG()); n > 60_000 {
		t.Errorf("a row of many times takes %d bytes", n)
	}
}

// On an axis to the right, the arrow of a lower bound points to the right.
func TestLowerBoundPointsAlongTheAxis(t *testing.T) {
	stroke := regexp.MustCompile(`d="(M[^ML"]+L[^ML"]+M[^"]+)" style="fill:none`) // a shaft and a head
	f := &Figure{Narrow: true, Panels: []Panel{DotsPanel("", "time", []DotRow{{Sampled: Sampled{"x", sample.Took(100, -500)}}})}}
	found := stroke.FindSubmatch(f.SVG())
	if found == nil {
		t.Fatalf("no arrow in %s", f.SVG())
	}
	var first, tip [2]float64
	if n, err := fmt.Sscanf(string(found[1]), "M%f,%fL%f,%f", &first[0], &first[1], &tip[0], &tip[1]); n != 4 || tip[0] <= first[0] || tip[1] != first[1] {
		t.Errorf("%s: from %v to %v (%v)", found[1], first, tip, err)
	}
}

func TestDotsNote(t *testing.T) {
	const dots = "A dot is one time. The stroke above the dots is the median."
	for _, tt := range []struct {
		name string
		ms   []int
		want string
	}{
		{"from zero", []int{100, 500}, dots},
		{"a lower bound", []int{100, 500, -600}, dots + " An arrow is a lower bound: the time was longer."},
		{"far from zero", []int{1000, 1100}, dots + " Mind that an axis does not begin at 0."},
	} {
		if got := DotsNote("time", []DotRow{{Sampled: Sampled{"x", sample.Took(tt.ms...)}}}); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The axis of latencies reaches as far into the tail as the lines do, and 99.99 % at most. A line ends at
// its longest time, with a dot, or leaves the plot.
func TestStretchedAxis(t *testing.T) {
	many := &measured.Times{}
	many.Add(measured.Bound{Time: time.Millisecond}, 50_000)
	many.Add(measured.Bound{Time: time.Second}, 50_000)
	few := sample.Took(append(slices.Repeat([]int{1}, 99), 1000)...)
	for _, tt := range []struct {
		name  string
		times *measured.Times
		end   plotter.XY
		dot   bool
		top   string
	}{
		{"1 of 100 longer", few, plotter.XY{X: 1, Y: 0.99}, true, "99 %"},
		{"all alike", sample.Took(slices.Repeat([]int{10}, 1000)...), plotter.XY{X: 0.01, Y: 0.999}, true, "99.9 %"},
		{"more than the axis shows", many, plotter.XY{X: 1, Y: 0.9999}, false, "99.99 %"},
	} {
		all := []Sampled{{"x", tt.times}}
		p, lines := NewPanel(), []ecdfLine{lineOf(all[0], LineStyles[0])}
		stretch(p, lines, all)
		end := lines[0].at[len(lines[0].at)-1]
		if fmt.Sprintf("%.5f", end) != fmt.Sprintf("%.5f", tt.end) || lines[0].dot != tt.dot {
			t.Errorf("%s: the line ends at %v, dot %v", tt.name, end, lines[0].dot)
		}
		ticks := p.Y.Tick.Marker.Ticks(0, 1)
		if top := ticks[len(ticks)-1]; top.Label != tt.top || p.Y.Max < top.Value-1e-9 {
			t.Errorf("%s: the axis ends at %s, %v", tt.name, top.Label, p.Y.Max)
		}
		if err := sample.WellFormed(Ecdf(all, false, true).SVG()); err != nil {
			t.Error(err)
		}
	}
	for share, want := range map[float64]float64{0: 0, 0.9: 0.5, 0.99: 1} {
		if got := (tailScale{}).Normalize(0, 0.99, share); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("%v is at %v, want %v", share, got, want)
		}
	}
}

// The line of a distribution climbs at exact times only, and leads on to the last lower bound.
func TestLineOfADistribution(t *testing.T) {
	l := lineOf(Sampled{"x", sample.Took(1, -2, 3, -4)}, LineStyles[0])
	at := plotter.XYs{{X: 0.001, Y: 0}, {X: 0.001, Y: 0.25}, {X: 0.002, Y: 0.25}, {X: 0.003, Y: 0.25}, {X: 0.003, Y: 0.625}, {X: 0.004, Y: 0.625}}
	if diff := cmp.Diff(at, l.at); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(plotter.XYs{at[2], at[5]}, l.longer); diff != "" {
		t.Error(diff)
	}
}

// Names beside lines stay inside and never cover each other, however close the lines are.
func TestNamesOfLinesNeverOverlap(t *testing.T) {
	for apart := range 40 {
		var all []Sampled
		for i := range MostLines {
			var ms []int
			for j := range 10 {
				ms = append(ms, 100+i*apart+j*(1+i%3*apart))
			}
			all = append(all, Sampled{fmt.Sprintf("slow-link:holder-or-any:%d", i), sample.Took(ms...)})
		}
		f := Ecdf(all, true, false)
		p := f.Panels[0].Plot
		c := draw.Canvas{Rectangle: vg.Rectangle{Max: vg.Point{X: 400, Y: 250}}}
		f.prepare(0)
		var lines lineLabels
		for i, s := range all {
			lines = append(lines, lineOf(s, LineStyles[i]))
		}
		placed := lines.place(c, p)
		if len(placed) == 0 && apart > 20 {
			t.Errorf("%d ms apart: no line has its name", apart)
		}
		for i, a := range placed {
			for _, l := range lines {
				if crosses(a.box, l.on(c, p)) {
					t.Errorf("%d ms apart: %s covers the line %s", apart, a.name, l.name)
				}
			}
			if a.box.Min.X < c.Min.X || a.box.Max.X > c.Max.X || a.box.Min.Y < c.Min.Y || a.box.Max.Y > c.Max.Y {
				t.Errorf("%d ms apart: %s is outside", apart, a.name)
			}
			for _, b := range placed[i+1:] {
				if overlap(a.box, b.box) {
					t.Errorf("%d ms apart: %s covers %s", apart, a.name, b.name)
				}
			}
		}
	}
}

func TestAxisOfTimes(t *testing.T) {
	for _, tt := range [][4]float64{{0.98, 1.5, 0.5, 2}, {1, 1, 0.5, 2}, {0.003, 4, 0.002, 5}, {0, 0, 5e-7, 2e-6}} {
		lo, hi := niceLogRange(tt[0], tt[1])
		if fmt.Sprintf("%.3g %.3g", lo, hi) != fmt.Sprintf("%.3g %.3g", tt[2], tt[3]) {
			t.Errorf("niceLogRange(%v, %v) = %v, %v", tt[0], tt[1], lo, hi)
		}
		ticks := DurationTicks{}.Ticks(lo, hi)
		if slices.ContainsFunc(ticks, func(t plot.Tick) bool { return t.Value < lo*0.999 || t.Value > hi*1.001 }) {
			t.Errorf("%v has ticks outside", tt)
		}
		if !slices.ContainsFunc(ticks, func(t plot.Tick) bool { return t.Label != "" }) {
			t.Errorf("%v has no labels", tt)
		}
	}
}

// The name of a panel stands above its data and hides none of them.
func TestNamesOfPanelsHideNothing(t *testing.T) {
	f := &Figure{XMax: 1, XTicks: LinearTicks{2}}
	for _, name := range []string{"", "acquire"} {
		p := NewPanel()
		p.Y.Min, p.Y.Max = 0, 1
		f.Panels = append(f.Panels, Panel{Name: name, Plot: p, Height: 50})
	}
	if got := f.whole(1) - f.whole(0); got != nameHeight {
		t.Errorf("a name has %v of its own", got)
	}
}

// The lines of each hatching stay inside the area.
func TestHatchingStaysInside(t *testing.T) {
	area := vg.Rectangle{Min: vg.Point{X: 10, Y: 20}, Max: vg.Point{X: 50, Y: 120}}
	for h := looks.Rising; h <= looks.Crossed; h++ {
		lines := hatching(h, area)
		if len(lines) < 5 {
			t.Errorf("hatching %d has %d lines", h, len(lines))
		}
		for _, p := range points(lines) {
			if p.X < 10 || p.X > 50 || p.Y < 20 || p.Y > 120 {
				t.Errorf("hatching %d leaves the area: %v", h, p)
			}
		}
	}
}

func points(lines [][2]vg.Point) (all []vg.Point) {
	for _, l := range lines {
		all = append(all, l[:]...)
	}
	return all
}
