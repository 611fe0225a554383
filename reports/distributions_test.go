package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/stats"
)

// took returns times in milliseconds. Negative ones are lower bounds.
func took(ms ...int) *stats.Times {
	t := &stats.Times{}
	for _, d := range ms {
		t.Add(stats.Bound{Time: time.Duration(max(d, -d)) * time.Millisecond, AtLeast: d < 0}, 1)
	}
	return t
}

// upTo returns 1, 2, … n milliseconds.
func upTo(n int) (ms []int) {
	for i := range n {
		ms = append(ms, i+1)
	}
	return ms
}

// plantedTimes are those of a sweep: enough of two faults, one with lower bounds, too few of a third,
// and none of a fourth.
func plantedTimes() *stats.Samples {
	return &stats.Samples{
		Runs: 3,
		Faults: map[string]*stats.FaultSamples{
			"kill:leader":     {Verified: 100, Felt: 100, Failovers: took(upTo(100)...), Affected: took(upTo(7)...)},
			"pause:" + nasty:  {Verified: 8, Felt: 8, Failovers: took(10, 20, 30, 40, -5, -25, -50, 60), HandOvers: took(-7)},
			"expire:any":      {Verified: 3, Felt: 3, Failovers: took(1, 2, -3), HandOvers: took(1, 2, 3, 4)},
			"duplicate:every": {Verified: 5},
		},
		HandOvers:  took(upTo(10)...),
		Operations: map[string]*stats.OperationSamples{"acquire": {OK: 39, Latency: took(upTo(39)...)}, "release": {OK: 38, Latency: took(upTo(38)...)}, "inspect": {Fail: 3}},
	}
}

func TestTimesInWords(t *testing.T) {
	for _, tt := range []struct {
		of    distribution
		times *stats.Times
		want  string
	}{
		{failoverTimes, took(7), "x: 7 ms, measured once"},
		{failoverTimes, took(-7), "x: > 7 ms, measured once, without a success before the heal"},
		{failoverTimes, took(1, 2, 3), "x: median 2 ms, worst 3 ms, of 3"},
		{failoverTimes, took(1, 2, 3, 4, 5, 6), "x: median 3 ms (1 ms to 6 ms), worst 6 ms, of 6"},
		{failoverTimes, took(upTo(100)...), "x: median 50 ms (40 ms to 60 ms), p95 95 ms, worst 100 ms, of 100"},
		{handOverTimes, took(-1, -2, -3, -4, -5, -6), "x: median > 6 ms, worst > 6 ms, of 6, 6 of them not granted again"},
		{handOverTimes, took(1, 2, 3, 4, 5, -3), "x: median 3 ms (1 ms to > 5 ms), worst > 5 ms, of 6, 1 of them not granted again"},
		{latencyTimes, took(upTo(1000)...), "x: median 500 ms, p99 990 ms, p99.9 999 ms, worst 1 s, of 1,000"},
		{affectedTimes, took(upTo(20)...), "x: median 10 ms, p95 19 ms, worst 20 ms, of 20"},
	} {
		if got := tt.of.words(sampled{"x", tt.times}); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// Each distribution has a figure if there are many times, and otherwise says how many it needs.
func TestDistributionsAreDrawn(t *testing.T) {
	for _, d := range sweptTimes {
		if all := d.drawn([]sampled{{"x", took(upTo(100)...)}}); all.figure == nil {
			t.Errorf("%s: no figure of 100 times: %s", d.file, all.absent)
		}
		one := d.drawn([]sampled{{"x", took(1)}}).absent
		if !strings.HasPrefix(one, "The "+d.least.name+" with its interval needs ") || d.least.name == "" {
			t.Errorf("%s: %s", d.file, one)
		}
	}
}

func TestDistributionFigure(t *testing.T) {
	s := plantedTimes()
	d := failoverTimes.drawn(failoverTimes.of(s))
	if d.figure == nil {
		t.Fatal(d.absent)
	}
	var lines []string
	for _, e := range d.figure.legend {
		lines = append(lines, e.name)
	}
	want := []string{
		"kill:leader, 100 times: median 50 ms (40 ms to 60 ms), p95 95 ms",
		label("pause:"+nasty, 28) + ", 8 times (3 longer): median 40 ms (10 ms to > 60 ms)",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{
		"The height of a line at 1 s is", "A bar near 50 % is the confidence interval", "without a success before the heal (Kaplan",
		"Not drawn, with fewer times than the 6 that the median with its interval needs: expire:any (3).",
	} {
		if !strings.Contains(d.figure.note, text) {
			t.Errorf("the note does not say %q: %s", text, d.figure.note)
		}
	}
	if err := wellFormed(d.figure.svg()); err != nil {
		t.Error(err)
	}
	for _, name := range []string{">kill:leader<", ">time since the fault took effect (log scale)<", ">share of the faults<"} {
		if !strings.Contains(string(d.figure.svg()), name) {
			t.Errorf("%s is not in the figure", name)
		}
	}
	if d := latencyTimes.drawn(latencyTimes.of(s)); d.figure == nil || len(d.figure.legend) != 1 || !strings.HasSuffix(d.figure.note, "the 39 that the p90 with its interval needs: release (38).") {
		t.Errorf("%v", d)
	}
	if d := affectedTimes.drawn(affectedTimes.of(s)); d.figure == nil || strings.Contains(d.figure.note, "confidence") {
		t.Errorf("clients of one fault depend on each other, and have no interval: %v", d)
	}
}

func TestLegendOfTimesStaysInside(t *testing.T) {
	long := &stats.Times{}
	for i := range 1000 {
		d := time.Hour + time.Duration(i)*100*time.Second
		long.Add(stats.Bound{Time: d}, 1000)
		long.Add(stats.Bound{Time: d, AtLeast: true}, 300)
	}
	e := failoverTimes.legend(sampled{strings.Repeat("wide:", 20), long}, lineStyles[0])
	if w := e.width(); w > narrowWidth-2*margin || !strings.Contains(e.name, " times (300,000 longer): median ") {
		t.Errorf("%q is %v wide", e.name, w)
	}
}

func TestTooFewTimesForAFigure(t *testing.T) {
	s := plantedTimes()
	s.HandOvers = nil
	const want = "The median with its interval needs 6 hand-overs of one kind; measured were expire:any (4), "
	if d := handOverTimes.drawn(handOverTimes.of(s)); d.figure != nil || !strings.HasPrefix(d.absent, want) {
		t.Errorf("%q", d.absent)
	}
	if d := handOverTimes.drawn(handOverTimes.of(&stats.Samples{})); d.figure != nil || d.absent != "No hand-over was measured." {
		t.Errorf("%q", d.absent)
	}
	for i := range 12 {
		s.Faults[fmt.Sprint("kill:", i)] = &stats.FaultSamples{Failovers: took(upTo(6 + i)...)}
	}
	d := failoverTimes.drawn(failoverTimes.of(s))
	if len(d.figure.legend) != mostLines || !strings.HasSuffix(d.figure.note, "Not drawn for lack of room: 6 more lines with fewer times.") {
		t.Errorf("%d lines; %s", len(d.figure.legend), d.figure.note)
	}
}

// The axis of latencies reaches as far into the tail as the lines do, and 99.99 % at most. A line ends at
// its longest time, with a dot, or leaves the plot.
func TestStretchedAxis(t *testing.T) {
	many := &stats.Times{}
	many.Add(stats.Bound{Time: time.Millisecond}, 50_000)
	many.Add(stats.Bound{Time: time.Second}, 50_000)
	few := took(append(slices.Repeat([]int{1}, 99), 1000)...)
	for _, tt := range []struct {
		name  string
		times *stats.Times
		end   plotter.XY
		dot   bool
		top   string
	}{
		{"1 of 100 longer", few, plotter.XY{X: 1, Y: 0.99}, true, "99 %"},
		{"all alike", took(slices.Repeat([]int{10}, 1000)...), plotter.XY{X: 0.01, Y: 0.999}, true, "99.9 %"},
		{"more than the axis shows", many, plotter.XY{X: 1, Y: 0.9999}, false, "99.99 %"},
	} {
		all := []sampled{{"x", tt.times}}
		p, lines := newPanel(), []ecdfLine{lineOf(all[0], lineStyles[0])}
		stretch(p, lines, all)
		end := lines[0].at[len(lines[0].at)-1]
		if fmt.Sprintf("%.5f", end) != fmt.Sprintf("%.5f", tt.end) || lines[0].dot != tt.dot {
			t.Errorf("%s: the line ends at %v, dot %v", tt.name, end, lines[0].dot)
		}
		ticks := p.Y.Tick.Marker.Ticks(0, 1)
		if top := ticks[len(ticks)-1]; top.Label != tt.top || p.Y.Max < top.Value-1e-9 {
			t.Errorf("%s: the axis ends at %s, %v", tt.name, top.Label, p.Y.Max)
		}
		if err := wellFormed(latencyTimes.figure(all).svg()); err != nil {
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
	l := lineOf(sampled{"x", took(1, -2, 3, -4)}, lineStyles[0])
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
		var all []sampled
		for i := range mostLines {
			var ms []int
			for j := range 10 {
				ms = append(ms, 100+i*apart+j*(1+i%3*apart))
			}
			all = append(all, sampled{fmt.Sprintf("slow-link:holder-or-any:%d", i), took(ms...)})
		}
		f := failoverTimes.ecdf(all)
		p := f.panels[0].plot
		c := draw.Canvas{Rectangle: vg.Rectangle{Max: vg.Point{X: 400, Y: 250}}}
		f.prepare(0)
		var lines lineLabels
		for i, s := range all {
			lines = append(lines, lineOf(s, lineStyles[i]))
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

func TestTimesOfASweep(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "page.html")
	plots := filepath.Join(folder, "page-plots")
	names := func() (names []string) {
		entries, err := os.ReadDir(plots)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	s := sweptRuns()
	s.Samples = *plantedTimes()
	if err := WriteSweep(path, s); err != nil {
		t.Fatal(err)
	}
	want := []string{"affected-ecdf.png", "affected-ecdf.svg", "causes.png", "causes.svg", "failover-ecdf.png", "failover-ecdf.svg", "handover-ecdf.png", "handover-ecdf.svg", "latency-ecdf.png", "latency-ecdf.svg", "outcomes.png", "outcomes.svg"}
	if diff := cmp.Diff(want, names()); diff != "" {
		t.Error(diff)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`<figure id="failover-ecdf" class="narrow"><img src="data:image/svg&#43;xml;base64,`, "page-plots/failover-ecdf.svg",
		`<b>kill:leader</b></td><td class="number" data-name="times">100</td><td class="number" data-name="longer than measured"></td><td class="number" data-name="median">50 ms</td><td class="number" data-name="its interval">40 ms to 60 ms</td><td class="number" data-name="p95">95 ms</td><td class="number" data-name="worst">100 ms</td>`,
		"<b>holds that no fault ended</b>", "&lt;script&gt;alert(1)", `data-name="worst">&gt; 60 ms</td>`,
	} {
		if !strings.Contains(string(page), text) {
			t.Errorf("no %q in the page", text)
		}
	}
	if strings.Contains(string(page), "<script>alert") || strings.Contains(string(page), "duplicate:every") {
		t.Error("the page has markup out of a name, or a row without times")
	}

	// A page with less removes what was drawn before, and nothing else.
	if err := os.WriteFile(filepath.Join(plots, "mine.png"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.Samples = stats.Samples{Faults: map[string]*stats.FaultSamples{"kill:leader": {Failovers: took(1, 2)}}}
	if err := WriteSweep(path, s); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"causes.png", "causes.svg", "mine.png", "outcomes.png", "outcomes.svg"}, names()); diff != "" {
		t.Error(diff)
	}
	if page, err = os.ReadFile(path); err != nil || !strings.Contains(string(page), "No plot: The median with its interval needs 6 fail-overs of one kind; measured were kill:leader (2).") {
		t.Errorf("%v; the page does not say what a figure would need", err)
	}
}

func TestTimesInTheSummaryOfASweep(t *testing.T) {
	s := sweptRuns()
	s.Samples = *plantedTimes()
	for i := range 12 {
		s.Samples.Faults[fmt.Sprint("kill:", i)] = &stats.FaultSamples{Failovers: took(1)}
	}
	got := SweepSummary(s, "", Screen{})
	for _, text := range []string{
		"\n  fail-over    kill:leader: median 50 ms (40 ms to 60 ms), p95 95 ms, worst 100 ms, of 100\n",
		"\n               expire:any: median 2 ms, worst > 3 ms, of 3, 1 of them without a success before the\n",
		"\n               and 10 more, on the page\n",
		"\n  hand-over    holds that no fault ended: median 5 ms (2 ms to 9 ms), worst 10 ms, of 10\n",
		"\n  latency      acquire: median 20 ms, worst 39 ms, of 39\n",
	} {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in\n%s", text, got)
		}
	}
	fits(t, got)
}

func TestAxisOfTimes(t *testing.T) {
	for _, tt := range [][4]float64{{0.98, 1.5, 0.5, 2}, {1, 1, 0.5, 2}, {0.003, 4, 0.002, 5}, {0, 0, 5e-7, 2e-6}} {
		lo, hi := niceLogRange(tt[0], tt[1])
		if fmt.Sprintf("%.3g %.3g", lo, hi) != fmt.Sprintf("%.3g %.3g", tt[2], tt[3]) {
			t.Errorf("niceLogRange(%v, %v) = %v, %v", tt[0], tt[1], lo, hi)
		}
		ticks := durationTicks{}.Ticks(lo, hi)
		if slices.ContainsFunc(ticks, func(t plot.Tick) bool { return t.Value < lo*0.999 || t.Value > hi*1.001 }) {
			t.Errorf("%v has ticks outside", tt)
		}
		if !slices.ContainsFunc(ticks, func(t plot.Tick) bool { return t.Label != "" }) {
			t.Errorf("%v has no labels", tt)
		}
	}
}

// A result of an older zklab has figures, but not the times that they were computed from.
func TestResultWithoutTimes(t *testing.T) {
	h := shortRun()
	r := sample.Result(h)
	r.Stats.Samples = nil
	page, err := newMaterial("", h, r).page(newMaterial("", h, r).plots(), nil)
	if n := strings.Count(string(page), "No plot: "+noTimes); n != 4 || err != nil {
		t.Errorf("the page says %d times what to do, %v", n, err)
	}
}
