package reports

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"gonum.org/v1/plot"

	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/stats"
)

// comparedGroups are six groups with long names, whose fail-overs are nearly alike.
func comparedGroups() *compare.Comparison {
	var groups []*compare.Group
	for i := range 6 {
		g := &compare.Group{Name: fmt.Sprintf("go-zookeeper-with-sessions-of-%d-seconds", i), Runs: 6, Valid: 6}
		g.Samples.Faults = map[string]*stats.FaultSamples{"kill:leader": {Verified: 8, Felt: 8, Failovers: took(1006, 1007, 1008, 1009, 1010, 1011, 1012, 1060+i)}}
		groups = append(groups, g)
	}
	return compare.Compare(groups, nil)
}

func TestManyGroupsFitTheTerminal(t *testing.T) {
	text := CompareSummary(comparedGroups(), "", Screen{})
	_, table, _ := strings.Cut(text, "CHANGE")
	table, _, _ = strings.Cut(table, "\nBy run: ")
	for line := range strings.Lines(table) {
		if w := ansi.StringWidth(strings.TrimRight(line, "\n")); w > usualWidth {
			t.Errorf("%d columns: %s", w, line)
		}
	}
	for i := range 6 {
		if want := "\n  " + compare.Letter(i) + "  go-zookeeper-"; !strings.Contains(table, want) {
			t.Errorf("no row %q in\n%s", want, table)
		}
	}
}

func TestManyGroupsStandBelowEachOther(t *testing.T) {
	c := comparedGroups()
	page, err := ComparisonPage(c)
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(page, []byte("go-zookeeper-with-sessions-of-3-seconds</td>")); got != 1+len(c.Rows) {
		t.Errorf("a group is named in %d cells, want that of the groups and one for each of %d rows", got, len(c.Rows))
	}
}

func TestComparisonHasARowOfDotsForEachGroup(t *testing.T) {
	figures := compareFigures(comparedGroups())
	if len(figures) != 1 || len(figures[0].panels) != 1 {
		t.Fatalf("%d figures", len(figures))
	}
	p := figures[0].panels[0]
	if p.own == nil || p.height != 6*dotRowHeight {
		t.Fatalf("%+v is no panel of six rows", p)
	}
	if _, ok := p.plot.X.Scale.(plot.LinearScale); !ok || p.own.min < 0.9 || p.own.max > 1.2 {
		t.Errorf("a %T from %v to %v does not fit times from 1.006 s to 1.065 s", p.plot.X.Scale, p.own.min, p.own.max)
	}
	svg := string(figures[0].svg())
	if err := wellFormed([]byte(svg)); err != nil {
		t.Error(err)
	}
	for i := range 6 {
		if !strings.Contains(svg, ">"+compare.Letter(i)+"  go-zookeeper-with-<") {
			t.Errorf("row %d has no name", i)
		}
	}
	if n := strings.Count(svg, ">1.01 s<"); n != 6 {
		t.Errorf("%d rows name their median", n)
	}
}

// The axis fits the times, and is not as long as a few of them.
func TestLinearRange(t *testing.T) {
	for _, tt := range []struct {
		name     string
		ms       []int
		from, to float64
	}{
		{"alike", []int{1000, 1000, 1000}, 0.947, 1.053},
		{"from zero", []int{100, 500, 1000}, 0, 1.03},
		{"one much longer", append(upTo(20), 60_000), 0, 0.0227},
		{"none", nil, 0, 0},
	} {
		lo, hi := linearRange([]dotRow{{sampled: sampled{"x", took(tt.ms...)}}})
		if max(lo-tt.from, tt.from-lo, hi-tt.to, tt.to-hi) > 0.001 {
			t.Errorf("%s: from %v to %v, want %v to %v", tt.name, lo, hi, tt.from, tt.to)
		}
	}
}

func TestRowOfDots(t *testing.T) {
	r := dotRow{sampled: sampled{"x", took(1, 2, 3, 4, 5, -6, 9000)}}
	if got := r.counts(1); got != "of 7, 1 to 9 s" {
		t.Error(got)
	}
	if got := r.counts(10); got != "of 7, 1 longer" {
		t.Error(got)
	}
	long := &stats.Times{}
	long.Add(stats.Bound{Time: time.Second}, 100_000)
	f := compareFigures(comparedGroups())[0]
	f.panels[0] = dotsPanel("", "time", []dotRow{{sampled: sampled{"x", long}}})
	f.asSVG = nil
	if n := len(f.svg()); n > 60_000 {
		t.Errorf("a row of many times takes %d bytes", n)
	}
}

// The note speaks of intervals only where there are some.
func TestNoteOfDots(t *testing.T) {
	all := []sampled{{"kill:leader", took(1006, 1007, 1008, 1009, 1010, 1012)}}
	if note := affectedTimes.figure(all).note; strings.Contains(note, "interval") {
		t.Errorf("affected clients of one fault have no interval: %s", note)
	}
	if note := failoverTimes.figure(all).note; !strings.Contains(note, "the bar its confidence interval") {
		t.Error(note)
	}
}

// Times that are alike are dots over a linear axis, and other times lines.
func TestAlikeTimesAreDots(t *testing.T) {
	f := failoverTimes.figure([]sampled{{"kill:leader", took(1006, 1007, 1008, 1009, 1010, 1012)}})
	if f.panels[0].own == nil || len(f.legend) > 0 {
		t.Error("fail-overs from 1.006 s to 1.012 s are lines")
	}
	if err := wellFormed(f.svg()); err != nil {
		t.Error(err)
	}
	if f := failoverTimes.figure([]sampled{{"kill:leader", took(1006, 1007, 1008)}, {"pause:leader", took(3006, 3007, 3008)}}); f.panels[0].own == nil {
		t.Error("two strokes are lines")
	}
	if f := failoverTimes.figure([]sampled{{"kill:leader", took(1006, 1007, 1008, 1009, 1010, 3000)}}); f.panels[0].own != nil {
		t.Error("fail-overs from 1 s to 3 s are dots")
	}
}
