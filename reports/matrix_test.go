package reports_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/internal/lab/matrix"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/measured"
)

// sideBySide is a matrix with a cell of each sort.
func sideBySide(folder string) *matrix.Matrix {
	violated := &sweep.Summary{Findings: []sweep.Finding{
		{Cause: sweep.Cause{Property: "exclusion"}, Smallest: sweep.Example{Seed: 7, Kept: filepath.Join(folder, "sweeps", "b", "runs", "7")}},
		{Cause: sweep.Cause{Property: "belief", Measured: true}, Smallest: sweep.Example{Seed: 8, Kept: "elsewhere"}},
	}}
	return &matrix.Matrix{
		Command: "zklab matrix lock", Verdict: checker.Violation, Servers: []string{"embedded", "image:b:3.9", "external:c:1"},
		Experiments: []*matrix.Experiment{{
			Name: "lock",
			Cells: []*matrix.Cell{
				{
					On: "embedded", Folder: filepath.Join(folder, "sweeps", "a"), ZooKeeper: []string{"3.9.3"}, Verdict: checker.Valid, Of: 6, Runs: 6, Valid: 5, Unknown: 1,
					Latency: matrix.Latency{N: 9, Median: measured.Bound{Time: time.Millisecond}, P99: measured.Bound{Time: time.Second}},
					Outage:  matrix.Outage{N: 3, Median: measured.Bound{Time: time.Second}, Worst: measured.Bound{Time: 2 * time.Second, AtLeast: true}},
				},
				{On: "image:b:3.9", Folder: filepath.Join(folder, "sweeps", "b"), ZooKeeper: []string{"3.9"}, Verdict: checker.Violation, Of: 6, Runs: 5, Violation: 5, Summary: violated},
				{On: "external:c:1", Verdict: checker.Unknown, Why: "4 of 6 runs have ended", Error: "they <went>", Of: 6, Runs: 4, Valid: 4, Gates: []gates.Result{{Gate: "errors<1%", Result: gates.Kept, Text: "kept"}}},
			},
			Differences: []matrix.Difference{{
				Property: "exclusion", Shares: []matrix.Share{{Decided: 5, High: 0.434}, {Violated: 5, Decided: 5, Low: 0.566, High: 1}, {High: 1}}, Apart: [][2]int{{0, 1}},
			}},
		}},
	}
}

// The table never calls a cell valid that lacks runs, and claims no more differences than the runs
// show.
func TestMatrixSummary(t *testing.T) {
	text := reports.MatrixSummary(sideBySide(t.TempDir()), "matrix.html", onerun.Screen{Width: 120})
	for _, want := range []string{
		"✗ VIOLATION: a promise is broken in 1 of 3 cells: lock on image:b:3.9\n",
		"  embedded (3.9.3)  ✓ 5 of 6 valid           1 ms    1 s  1 s        > 2 s  3\n",
		"  image:b:3.9       ✗ 5 of 6 violated, 5 ran  –", // the end of the name, which has the version, is kept
		"  external:c:1      ? 4 of 6 ran ",
		"exclusion was violated on image:b:3.9 (5 of 5: 57 % to 100 %), and in no run on embedded (0 of",
		"it was decided in no run on external:c:1. ", "do not overlap for embedded and image:b:3.9: there the columns differ\n",
		"external:c:1: they <went>\n", "external:c:1: 4 of 6 runs have ended\n", "kept         gate errors<1%: lock on external:c:1: kept\n",
		"  to go on     zklab matrix lock\n", "  page         matrix.html\n",
	} {
		if !strings.Contains(unwrapped(text), unwrapped(want)) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// unwrapped returns a text with all words on one line.
func unwrapped(text string) string { return strings.Join(strings.Fields(text), " ") }

// Where the intervals overlap, nothing is said to differ, and a single column is not compared.
func TestMatrixClaimsLittle(t *testing.T) {
	m := sideBySide(t.TempDir())
	m.Experiments[0].Differences[0].Apart = nil
	if text := unwrapped(reports.MatrixSummary(m, "", onerun.Screen{Full: true})); !strings.Contains(text, "so few runs do not show that the columns differ") {
		t.Error(text)
	}
	m.Experiments[0].Compared = &compare.Comparison{Groups: []*compare.Group{{Name: "embedded"}, {Name: "image:b:3.9"}}}
	if text := unwrapped(reports.MatrixSummary(m, "", onerun.Screen{Full: true})); !strings.Contains(text, "times: so few runs show no difference, however large; that takes at least 6 runs") {
		t.Error(text)
	}
}

// The page links to all runs of each cell, and to the reports of its deciding findings.
func TestMatrixPage(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "matrices", "x", "matrix.html")
	must.Do(t, os.MkdirAll(filepath.Join(root, "sweeps", "b"), 0o755))
	must.Do(t, reports.WriteMatrix(path, sideBySide(root)))
	b := must.Get(os.ReadFile(path))(t)
	page := string(b)
	for _, want := range []string{
		`<a href="../../sweeps/b/sweep.html">all runs</a>, <a href="../../sweeps/b/runs/7/report.html">exclusion, seed 7</a></td>`,
		`<td class="nowrap valid">✓ 5 of 6 valid</td>`, `external:c:1: they &lt;went&gt;`, `<code>errors&lt;1%</code>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	if strings.Contains(page, "elsewhere") {
		t.Error("it leads to the run of a property that decides nothing")
	}
	if _, err := os.Stat(filepath.Join(root, "sweeps", "b", sweep.PageFile)); err != nil {
		t.Error(err)
	}
}
