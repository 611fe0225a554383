package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/reports/internal/sample"
)

// The pictures of a sweep show how many runs had each outcome, and how often each cause was
// found.
func TestPicturesOfASweep(t *testing.T) {
	s := sweptRuns()
	f := plots.SweepOutcomes(s)
	const want = "Bar chart. all runs: 49 violated, 26 undecided, 74 valid, 1 could not be run; progress: 49 violated, 26 undecided, 74 valid; " +
		"belief: 2 happened (measured), 147 valid; log: 99 valid, 50 no evidence; grant: 149 valid; own-znodes: 149 valid; fencing: 149 undecided."
	if f.Alt != want {
		t.Errorf("got  %s\nwant %s", f.Alt, want)
	}
	if f.XMax != 150 {
		t.Errorf("the bars end at %v", f.XMax)
	}
	c := plots.Causes(s)
	if !strings.Contains(c.Alt, "progress in 49 of 149 runs, 32.9 % (26 % to 41 %); belief in 2 of 149 runs") || c.XMax < 41 {
		t.Errorf("%s, up to %v", c.Alt, c.XMax)
	}
	for range 30 {
		s.Findings = append(s.Findings, s.Findings[0])
	}
	if note := plots.Causes(s).Note; !strings.Contains(note, "16 more causes not shown") {
		t.Error(note)
	}
	for _, svg := range [][]byte{f.SVG(), c.SVG()} {
		if err := sample.WellFormed(svg); err != nil {
			t.Error(err)
		}
	}
	none := &sweep.Summary{}
	if plots.SweepOutcomes(none) != nil || plots.Causes(none) != nil {
		t.Error("a picture of nothing")
	}
}

// The page of a sweep says first what was tried and what was found, then shows pictures, and
// then has tables.
func TestOrderOfTheSweepPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sweep.html")
	must.Do(t, WriteSweep(path, sweptRuns()))
	b := must.Get(os.ReadFile(path))(t)
	page, at := string(b), 0
	for _, text := range []string{
		`id="verdict"`, `id="tried"`, "2 kinds of faults took effect: pause and kill.", `id="findings"`, `id="pictures"`, `<figure id="outcomes"`, `<figure id="causes"`, `<figure id="herd"`,
		`id="properties"`, `id="faults"`, `id="times"`, `id="exercised"`, `id="shards"`, `id="settings"`, "zklab sweep lock --seeds 1..300", `id="glossary"`,
	} {
		i := strings.Index(page[at:], text)
		if i < 0 {
			t.Fatalf("no %q where it should be", text)
		}
		at += i
	}
	for _, name := range []string{"outcomes.svg", "causes.png"} {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "sweep-plots", name)); err != nil {
			t.Error(err)
		}
	}
}
