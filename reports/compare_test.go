package reports

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"gonum.org/v1/plot"

	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/reports/internal/sheet"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/stats/samples"
)

// comparedGroups are six groups with long names, whose fail-overs are nearly alike.
func comparedGroups() *compare.Comparison {
	var groups []*compare.Group
	for i := range 6 {
		g := &compare.Group{Name: fmt.Sprintf("go-zookeeper-with-sessions-of-%d-seconds", i), Runs: 6, Valid: 6}
		g.Samples.Faults = map[string]*samples.Fault{"kill:leader": {Verified: 8, Felt: 8, Failovers: sample.Took(1006, 1007, 1008, 1009, 1010, 1011, 1012, 1060+i)}}
		groups = append(groups, g)
	}
	return compare.Compare(groups, nil)
}

func TestManyGroupsFitTheTerminal(t *testing.T) {
	text := CompareSummary(comparedGroups(), "", onerun.Screen{Full: true})
	_, table, _ := strings.Cut(text, "CHANGE")
	table, _, _ = strings.Cut(table, "\nBy run: ")
	for line := range strings.Lines(table) {
		if w := ansi.StringWidth(strings.TrimRight(line, "\n")); w > sheet.UsualWidth {
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
	page := must.Get(ComparisonPage(c))(t)
	if got := bytes.Count(page, []byte("go-zookeeper-with-sessions-of-3-seconds</td>")); got != 1+len(c.Rows) {
		t.Errorf("a group is named in %d cells, want that of the groups and one for each of %d rows", got, len(c.Rows))
	}
	if figures, times := bytes.Index(page, []byte("<figure")), bytes.Index(page, []byte(`id="times"`)); figures < 0 || times < figures {
		t.Errorf("the figures begin at byte %d, the long table at %d", figures, times)
	}
}

func TestComparisonHasARowOfDotsForEachGroup(t *testing.T) {
	figures := plots.Compared(comparedGroups())
	if len(figures) != 1 || len(figures[0].Panels) != 1 {
		t.Fatalf("%d figures", len(figures))
	}
	p := figures[0].Panels[0]
	if p.Own == nil || p.Height != 6*figure.DotRowHeight {
		t.Fatalf("%+v is no panel of six rows", p)
	}
	if _, ok := p.Plot.X.Scale.(plot.LinearScale); !ok || p.Own.Min < 0.9 || p.Own.Max > 1.2 {
		t.Errorf("a %T from %v to %v does not fit times from 1.006 s to 1.065 s", p.Plot.X.Scale, p.Own.Min, p.Own.Max)
	}
	svg := string(figures[0].SVG())
	if err := sample.WellFormed([]byte(svg)); err != nil {
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

// A comparison shows what was not checked, on the terminal and on its page, as a sweep does.
func TestComparisonUnchecked(t *testing.T) {
	c := comparedGroups()
	g := c.Groups[1]
	g.Unchecked = []sweep.Unchecked{{Property: "fencing", Why: "it gives no token", Runs: g.Runs}, {Property: "log", Why: "there is none", Runs: g.Runs - 1}}
	path := filepath.Join(t.TempDir(), "compare.html")
	must.Do(t, WriteComparison(path, c))
	page := must.Get(os.ReadFile(path))(t)
	want := fmt.Sprintf("; not checked: fencing (it gives no token), log in %s (there is none)", words.Plural(g.Runs-1, "run"))
	for _, text := range []string{strings.Join(strings.Fields(CompareSummary(c, path, onerun.Screen{Full: true})), " "), string(page)} {
		if strings.Count(text, want) != 1 {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}
