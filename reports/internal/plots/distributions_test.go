package plots

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

func TestTimesInWords(t *testing.T) {
	for _, tt := range []struct {
		of    Distribution
		times *measured.Times
		want  string
	}{
		{failoverTimes, sample.Took(7), "x: 7 ms, measured once"},
		{failoverTimes, sample.Took(-7), "x: > 7 ms, measured once, without a success before the heal"},
		{failoverTimes, sample.Took(1, 2, 3), "x: median 2 ms, worst 3 ms, of 3"},
		{failoverTimes, sample.Took(1, 2, 3, 4, 5, 6), "x: median 3 ms (1 ms to 6 ms), worst 6 ms, of 6"},
		{failoverTimes, sample.Took(sample.UpTo(100)...), "x: median 50 ms (40 ms to 60 ms), p95 95 ms, worst 100 ms, of 100"},
		{handOverTimes, sample.Took(-1, -2, -3, -4, -5, -6), "x: median > 6 ms, worst > 6 ms, of 6, 6 of them not granted again"},
		{handOverTimes, sample.Took(1, 2, 3, 4, 5, -3), "x: median 3 ms (1 ms to > 5 ms), worst > 5 ms, of 6, 1 of them not granted again"},
		{latencyTimes, sample.Took(sample.UpTo(1000)...), "x: median 500 ms, p99 990 ms, p99.9 999 ms, worst 1 s, of 1,000"},
		{affectedTimes, sample.Took(sample.UpTo(20)...), "x: median 10 ms, p95 19 ms, worst 20 ms, of 20"},
	} {
		if got := tt.of.Words(figure.Sampled{Name: "x", Times: tt.times}); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// Each distribution has a figure if there are many times, and otherwise says how many it needs.
func TestDistributionsAreDrawn(t *testing.T) {
	for _, d := range SweptTimes {
		if all := d.Drawn([]figure.Sampled{{Name: "x", Times: sample.Took(sample.UpTo(100)...)}}); all.Figure == nil {
			t.Errorf("%s: no figure of 100 times: %s", d.file, all.Absent)
		}
		one := d.Drawn([]figure.Sampled{{Name: "x", Times: sample.Took(1)}}).Absent
		if !strings.HasPrefix(one, "The "+d.least.Name+" with its interval needs ") || d.least.Name == "" {
			t.Errorf("%s: %s", d.file, one)
		}
	}
}

func TestDistributionFigure(t *testing.T) {
	s := sample.PlantedTimes()
	d := failoverTimes.Drawn(failoverTimes.Of(s))
	if d.Figure == nil {
		t.Fatal(d.Absent)
	}
	var lines []string
	for _, e := range d.Figure.Legend {
		lines = append(lines, e.Name)
	}
	want := []string{
		"kill:leader, 100 times: median 50 ms (40 ms to 60 ms), p95 95 ms",
		words.Label("pause:"+sample.Nasty, 28) + ", 8 times (3 longer): median 40 ms (10 ms to > 60 ms)",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{
		"The height of a line at 1 s is", "A bar near 50 % is the confidence interval", "without a success before the heal (the line is Kaplan",
		"Not drawn: expire:any (3). The interval of the median needs 6 times.",
	} {
		if !strings.Contains(d.Figure.Note, text) {
			t.Errorf("the note does not say %q: %s", text, d.Figure.Note)
		}
	}
	if err := sample.WellFormed(d.Figure.SVG()); err != nil {
		t.Error(err)
	}
	for _, name := range []string{">kill:leader<", ">time since the fault took effect (log scale)<", ">share of the faults<"} {
		if !strings.Contains(string(d.Figure.SVG()), name) {
			t.Errorf("%s is not in the figure", name)
		}
	}
	if d := latencyTimes.Drawn(latencyTimes.Of(s)); d.Figure == nil || len(d.Figure.Legend) != 1 || !strings.HasSuffix(d.Figure.Note, "Not drawn: release (38). The interval of the p90 needs 39 times.") {
		t.Errorf("%v", d)
	}
	if d := affectedTimes.Drawn(affectedTimes.Of(s)); d.Figure == nil || strings.Contains(d.Figure.Note, "confidence") {
		t.Errorf("clients of one fault depend on each other, and have no interval: %v", d)
	}
}

func TestLegendOfTimesStaysInside(t *testing.T) {
	long := &measured.Times{}
	for i := range 1000 {
		d := time.Hour + time.Duration(i)*100*time.Second
		long.Add(measured.Bound{Time: d}, 1000)
		long.Add(measured.Bound{Time: d, AtLeast: true}, 300)
	}
	e := failoverTimes.legend(figure.Sampled{Name: strings.Repeat("wide:", 20), Times: long}, figure.LineStyles[0])
	if w := e.Width(); w > figure.NarrowWidth-2*figure.Margin || !strings.Contains(e.Name, " times (300,000 longer): median ") {
		t.Errorf("%q is %v wide", e.Name, w)
	}
}

func TestTooFewTimesForAFigure(t *testing.T) {
	s := sample.PlantedTimes()
	s.HandOvers = nil
	const want = "The median with its interval needs 6 hand-overs of one kind; measured were expire:any (4), "
	if d := handOverTimes.Drawn(handOverTimes.Of(s)); d.Figure != nil || !strings.HasPrefix(d.Absent, want) {
		t.Errorf("%q", d.Absent)
	}
	if d := handOverTimes.Drawn(handOverTimes.Of(&samples.Samples{})); d.Figure != nil || d.Absent != "No hand-over was measured." {
		t.Errorf("%q", d.Absent)
	}
	for i := range 12 {
		s.Faults[fmt.Sprint("kill:", i)] = &samples.Fault{Failovers: sample.Took(sample.UpTo(6 + i)...)}
	}
	d := failoverTimes.Drawn(failoverTimes.Of(s))
	if len(d.Figure.Legend) != figure.MostLines || !strings.HasSuffix(d.Figure.Note, "Not drawn for lack of room: 6 more lines with fewer times.") {
		t.Errorf("%d lines; %s", len(d.Figure.Legend), d.Figure.Note)
	}
}

// The note speaks of intervals only where there are some.
func TestNoteOfDots(t *testing.T) {
	all := []figure.Sampled{{Name: "kill:leader", Times: sample.Took(1006, 1007, 1008, 1009, 1010, 1012)}}
	if note := affectedTimes.figure(all).Note; strings.Contains(note, "interval") {
		t.Errorf("affected clients of one fault have no interval: %s", note)
	}
	if note := failoverTimes.figure(all).Note; !strings.Contains(note, "the bar its confidence interval") {
		t.Error(note)
	}
}

// Times that are alike are dots over a linear axis, and other times lines.
func TestAlikeTimesAreDots(t *testing.T) {
	f := failoverTimes.figure([]figure.Sampled{{Name: "kill:leader", Times: sample.Took(1006, 1007, 1008, 1009, 1010, 1012)}})
	if f.Panels[0].Own == nil || len(f.Legend) > 0 {
		t.Error("fail-overs from 1.006 s to 1.012 s are lines")
	}
	if err := sample.WellFormed(f.SVG()); err != nil {
		t.Error(err)
	}
	if f := failoverTimes.figure([]figure.Sampled{{Name: "kill:leader", Times: sample.Took(1006, 1007, 1008)}, {Name: "pause:leader", Times: sample.Took(3006, 3007, 3008)}}); f.Panels[0].Own == nil {
		t.Error("two strokes are lines")
	}
	if f := failoverTimes.figure([]figure.Sampled{{Name: "kill:leader", Times: sample.Took(1006, 1007, 1008, 1009, 1010, 3000)}}); f.Panels[0].Own != nil {
		t.Error("fail-overs from 1 s to 3 s are dots")
	}
}
