package matrix

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// cellOf returns the cell of a sweep with some seeds and lines, of which the matrix asks for a number of runs.
func cellOf(t *testing.T, on string, seeds sweep.Seeds, of int, lines ...sweep.Line) *Cell {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "sweep")
	j := must.Get(sweep.OpenJournal(filepath.Join(folder, sweep.Shard{}.Name()), sweep.Description{Seeds: seeds}, 1))(t)
	defer j.Close()
	for i, l := range lines {
		l.Seed = int64(i + 1)
		must.Do(t, j.Write(l))
	}
	why := sweep.AllSeeds
	if int64(len(lines)) < seeds.Count() {
		why = sweep.Interrupted
	}
	must.Do(t, j.End(why))
	return &Cell{On: on, Folder: folder, Of: of}
}

func good(latency time.Duration) sweep.Line {
	s := &samples.Samples{Runs: 1, Operations: map[string]*samples.Operation{
		"acquire": {OK: 1, Latency: measured.TimesOf([]measured.Bound{{Time: latency}})},
		"release": {OK: 1, Latency: measured.TimesOf([]measured.Bound{{Time: 2 * latency}})},
	}, Faults: map[string]*samples.Fault{
		"kill:leader": {Verified: 1, Outages: measured.TimesOf([]measured.Bound{{Time: time.Second}})},
		"pause":       {Verified: 1, Outages: measured.TimesOf([]measured.Bound{{Time: 3 * time.Second, AtLeast: true}})},
	}}
	return sweep.Line{Verdict: checker.Valid, Valid: []string{"exclusion"}, Samples: s, ZooKeeper: "3.9.3"}
}

func bad() sweep.Line {
	return sweep.Line{Verdict: checker.Violation, NotValid: []sweep.Property{{Name: "exclusion", Result: checker.Violation, Shape: "two hold it"}}}
}

func open() sweep.Line {
	return sweep.Line{Verdict: checker.Unknown, NotValid: []sweep.Property{{Name: "exclusion", Result: checker.Unknown, Why: "too little"}}}
}

func times(l sweep.Line, n int) (lines []sweep.Line) {
	for range n {
		lines = append(lines, l)
	}
	return lines
}

// A cell is valid only if each of the runs that the matrix asks for has ended.
func TestVerdictOfACell(t *testing.T) {
	two := sweep.Seeds{{First: 1, Last: 2}}
	for name, c := range map[string]struct {
		cell *Cell
		want checker.Result
		why  string
	}{
		"all":                  {cellOf(t, "a", two, 2, good(1), good(1)), checker.Valid, ""},
		"one undecided":        {cellOf(t, "a", two, 2, good(1), open()), checker.Valid, ""},
		"none decided":         {cellOf(t, "a", two, 2, open(), open()), checker.Unknown, "exclusion could be decided in no run"},
		"interrupted":          {cellOf(t, "a", two, 2, good(1)), checker.Unknown, "1 of 2 runs have ended"},
		"asked for more now":   {cellOf(t, "a", two, 6, good(1), good(1)), checker.Unknown, "2 of 6 runs have ended"},
		"violated, and no end": {cellOf(t, "a", two, 2, bad()), checker.Violation, ""},
		"nothing yet":          {&Cell{Folder: filepath.Join(t.TempDir(), "none"), Of: 3}, checker.Unknown, "0 of 3 runs have ended"},
	} {
		if err := c.cell.Read(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.cell.Verdict != c.want || c.cell.Why != c.why {
			t.Errorf("%s: %s (%s), want %s (%s)", name, c.cell.Verdict, c.cell.Why, c.want, c.why)
		}
	}
}

// A matrix is violated if any cell is, and undecided if any is not valid.
func TestVerdictOfAMatrix(t *testing.T) {
	one := sweep.Seeds{{First: 1, Last: 1}}
	cells := map[checker.Result]func() *Cell{
		checker.Valid:     func() *Cell { return cellOf(t, "a", one, 1, good(1)) },
		checker.Unknown:   func() *Cell { return cellOf(t, "b", one, 1, open()) },
		checker.Violation: func() *Cell { return cellOf(t, "c", one, 1, bad()) },
	}
	for _, c := range []struct{ a, b, want checker.Result }{
		{checker.Valid, checker.Valid, checker.Valid},
		{checker.Valid, checker.Unknown, checker.Unknown},
		{checker.Violation, checker.Unknown, checker.Violation},
		{checker.Unknown, checker.Violation, checker.Violation},
	} {
		if m := complete(t, cells[c.a](), cells[c.b]()); m.Verdict != c.want {
			t.Errorf("%s and %s: %s, want %s", c.a, c.b, m.Verdict, c.want)
		}
	}
}

// complete makes a matrix of one experiment.
func complete(t *testing.T, cells ...*Cell) *Matrix {
	t.Helper()
	m := &Matrix{Experiments: []*Experiment{{Name: "lock", Cells: cells}}}
	for _, c := range cells {
		m.Servers = append(m.Servers, c.On)
		must.Do(t, c.Read())
	}
	must.Do(t, m.Complete())
	return m
}

// Latencies include all operations, and times without service all faults, of all runs of the cell.
func TestFigures(t *testing.T) {
	c := complete(t, cellOf(t, "a", sweep.Seeds{{First: 1, Last: 2}}, 2, good(time.Millisecond), good(time.Millisecond))).Experiments[0].Cells[0]
	if want := (Latency{4, measured.Bound{Time: time.Millisecond}, measured.Bound{Time: 2 * time.Millisecond}}); c.Latency != want {
		t.Errorf("%+v, want %+v", c.Latency, want)
	}
	if want := (Outage{4, measured.Bound{Time: time.Second}, measured.Bound{Time: 3 * time.Second, AtLeast: true}}); c.Outage != want {
		t.Errorf("%+v, want %+v", c.Outage, want)
	}
	if diff := cmp.Diff([]string{"3.9.3"}, c.ZooKeeper); diff != "" {
		t.Error(diff)
	}
}

// Columns differ only if the intervals of their shares do not overlap. A property that no run decided is no
// evidence.
func TestDifferences(t *testing.T) {
	seeds := func(n int) sweep.Seeds { return sweep.Seeds{{First: 1, Last: int64(n)}} }
	for name, c := range map[string]struct {
		n     int
		cells [][]sweep.Line
		want  [][2]int
	}{
		"two of two and none of two": {2, [][]sweep.Line{times(bad(), 2), times(good(1), 2)}, [][2]int{}},
		"six of six and none of six": {6, [][]sweep.Line{times(good(1), 6), times(bad(), 6)}, [][2]int{{0, 1}}},
		"three columns":              {6, [][]sweep.Line{times(good(1), 6), times(bad(), 6), times(good(1), 6)}, [][2]int{{0, 1}, {1, 2}}},
		"not decided":                {6, [][]sweep.Line{times(open(), 6), times(bad(), 6)}, [][2]int{}},
	} {
		var cells []*Cell
		for _, lines := range c.cells {
			cells = append(cells, cellOf(t, name, seeds(c.n), c.n, lines...))
		}
		found := complete(t, cells...).Experiments[0].Differences
		if len(found) != 1 || found[0].Property != "exclusion" {
			t.Errorf("%s: %+v", name, found)
			continue
		}
		if diff := cmp.Diff(c.want, found[0].Apart); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if found := complete(t, cellOf(t, "a", seeds(1), 1, good(1))).Experiments[0].Differences; len(found) > 0 {
		t.Errorf("nothing is violated, but %+v", found)
	}
}

// Cells without a verdict of any run are not compared. The groups are named like the columns.
func TestCompared(t *testing.T) {
	one := sweep.Seeds{{First: 1, Last: 1}}
	none := func() *Cell { return &Cell{On: "none", Folder: filepath.Join(t.TempDir(), "none"), Of: 1} }
	if x := complete(t, cellOf(t, "a", one, 1, good(1)), none()).Experiments[0]; x.Compared != nil {
		t.Error("one cell is compared with nothing")
	}
	m := complete(t, cellOf(t, "a", one, 1, good(1)), none(), cellOf(t, "b", one, 1, good(1)))
	var names []string
	for _, g := range m.Experiments[0].Compared.Groups {
		names = append(names, g.Name)
	}
	if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" {
		t.Error(diff)
	}
	if _, err := json.Marshal(m); err != nil {
		t.Error(err)
	}
}

// A stored matrix is read back unchanged.
func TestStored(t *testing.T) {
	one, root := sweep.Seeds{{First: 1, Last: 1}}, t.TempDir()
	m := complete(t, cellOf(t, "a", one, 1, good(time.Millisecond)), cellOf(t, "b", one, 1, bad()))
	m.Command, m.Experiments[0].Cells[0].Gates = "zklab matrix lock", []gates.Result{{Gate: "errors<1%", Result: gates.Exceeded}}
	want := Stored{Matrix: *m, Began: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Label: "night"}
	must.Do(t, want.Write(filepath.Join(root, StoreFolder, "x")))
	all, err := InStore(root)
	if err != nil || len(all) != 1 || all[0].Err != nil {
		t.Fatal(all, err)
	}
	got := all[0].Stored
	before, _ := json.Marshal(want)
	after, _ := json.Marshal(got)
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Error(diff)
	}
	if got.Runs() != 2 || !got.Exceeded() || !cmp.Equal(got.Violated(), []string{"exclusion"}) || !cmp.Equal(got.Names(), []string{"lock"}) {
		t.Error(got.Runs(), got.Exceeded(), got.Violated(), got.Names())
	}
	must.Do(t, all[0].Remove())
	if all, err := InStore(root); err != nil || len(all) != 0 {
		t.Error(all, err)
	}
}
