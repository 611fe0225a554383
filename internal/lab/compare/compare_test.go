package compare_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/perf/benchfmt"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/lab/compare"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/stats/gates"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// swept writes a sweep with a line for each run, and locates and reads it as a group.
func swept(t *testing.T, name string, settings []sweep.Setting, lines []sweep.Line, gates ...string) *compare.Group {
	t.Helper()
	folder := filepath.Join(t.TempDir(), name)
	seeds := must.Get(sweep.ParseSeeds(fmt.Sprint("1..", len(lines))))(t)
	d := sweep.Description{Format: sweep.Format, Settings: append([]sweep.Setting{{Name: "recipe", Value: "lock"}}, settings...), Seeds: seeds}
	l := must.Get(sweep.OpenJournal(filepath.Join(folder, "1-of-1"), d, 1))(t)
	for i, line := range lines {
		line.Seed = int64(i + 1)
		must.Do(t, l.Write(line))
	}
	must.Do(t, l.End(sweep.AllSeeds))
	l.Close()
	g := must.Get(compare.Locate("store", folder, nil))(t)
	g.Name = name
	must.Do(t, g.Read(parsed(t, gates)))
	return g
}

func parsed(t *testing.T, texts []string) []gates.Gate {
	t.Helper()
	return must.Get(gates.ParseAll(texts, models.Lock, true))(t)
}

// drawn returns valid runs of a system whose acquires typically take this long, and whose operations
// are not independent: each run as a whole is slower by up to a half, and has slow moments.
func drawn(seed uint64, runs int, typical time.Duration) (lines []sweep.Line) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range runs {
		acquires, releases, failovers, handOvers := &measured.Times{}, &measured.Times{}, &measured.Times{}, &measured.Times{}
		slow, moment := 1+r.Float64()/2, 0.0
		for range 200 {
			if r.IntN(50) == 0 {
				moment = r.ExpFloat64()
			}
			d := time.Duration(slow * (1 + moment) * float64(typical) * (1 + r.Float64()/10))
			acquires.Add(measured.Bound{Time: d}, 1)
			releases.Add(measured.Bound{Time: d / 3}, 1)
		}
		for range 3 {
			d := time.Duration(float64(time.Second) * slow * (1 + r.ExpFloat64()))
			failovers.Add(measured.Bound{Time: min(d, 4*time.Second), AtLeast: d > 4*time.Second}, 1)
			handOvers.Add(measured.Bound{Time: 2 * d}, 1)
		}
		lines = append(lines, sweep.Line{Verdict: checker.Valid, Samples: &samples.Samples{
			Runs:       1,
			Operations: map[string]*samples.Operation{"acquire": {OK: 200, Latency: acquires}, "release": {OK: 200, Latency: releases}},
			Faults:     map[string]*samples.Fault{"kill:leader": {Verified: 3, Failovers: failovers, HandOvers: handOvers}},
			HandOvers:  acquires,
		}})
	}
	return lines
}

// row returns a row by its name.
func row(t *testing.T, c *compare.Comparison, name string) compare.Row {
	t.Helper()
	i := slices.IndexFunc(c.Rows, func(r compare.Row) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("no row %s in %+v", name, c.Rows)
	}
	return c.Rows[i]
}

func found(c *compare.Comparison) (names []string) {
	for _, r := range c.Rows {
		for _, cell := range r.Cells {
			if cell.Change != nil && cell.Change.Found {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

// No comparison of one half of a sweep with the other half finds a difference, although the operations of a
// run are not independent, and there are many rows.
func TestNoDifference(t *testing.T) {
	lines := drawn(7, 40, 10*time.Millisecond)
	var wrong [][]string
	for seed := range uint64(20) {
		rand.New(rand.NewPCG(seed, 2)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		c := compare.Compare([]*compare.Group{swept(t, "a", nil, lines[:20]), swept(t, "b", nil, lines[20:])}, nil)
		if c.Tests < 6 {
			t.Fatalf("only %d tests", c.Tests)
		}
		if names := found(c); names != nil {
			wrong = append(wrong, names)
		}
	}
	if len(wrong) > 0 {
		t.Errorf("differences in %d of 20 shuffles: %v", len(wrong), wrong)
	}
}

// Runs that are slower by a half are found, with an interval that nearly always contains the true factor. If
// groups do not differ, a difference is hardly ever found.
func TestDifference(t *testing.T) {
	missed, wrong := 0, 0
	for seed := range uint64(10) {
		c := compare.Compare([]*compare.Group{
			swept(t, "a", []sweep.Setting{{Name: "op-timeout", Value: "1s"}}, drawn(seed, 60, 10*time.Millisecond)),
			swept(t, "b", []sweep.Setting{{Name: "op-timeout", Value: "2s"}, {Name: "label", Value: "x"}}, drawn(seed+100, 60, 15*time.Millisecond)),
		}, nil)
		r := row(t, c, "acquire.median")
		change := r.Cells[1].Change
		if r.Unit != compare.ByRun || r.Cells[1].N != 60 || change == nil || !change.Found {
			t.Errorf("seed %d: %+v %+v", seed, r, change)
		}
		if *change.Low > 0.5 || *change.High < 0.5 {
			missed++
		}
		if row(t, c, "failover(kill:leader).median").Cells[1].Change.Found {
			wrong++
		}
		want := []compare.Difference{{Name: "op-timeout", Values: []string{"1s", "2s"}}}
		if diff := cmp.Diff(want, c.Differences); diff != "" || !slices.Contains(c.Warnings, "groups differ in op-timeout: 1s in A, 2s in B") {
			t.Errorf("%s%q", diff, c.Warnings)
		}
	}
	if missed > 1 || wrong > 1 {
		t.Errorf("of 10 intervals %d do not have the change; %d differences of fail-overs were found and are none", missed, wrong)
	}
}

// With single runs only fail-overs are tested, fault by fault, and a warning says so.
func TestSingleRuns(t *testing.T) {
	a, b := drawn(1, 4, time.Millisecond), drawn(2, 4, time.Second)
	c := compare.Compare([]*compare.Group{swept(t, "a", nil, a), swept(t, "b", nil, b)}, parsed(t, []string{"acquire.p99<+10%"}))
	if r := row(t, c, "acquire.median"); r.Unit != compare.ByTime || r.Cells[1].Change != nil || r.Cells[1].N != 800 || r.Cells[1].Interval == nil {
		t.Errorf("%+v", r)
	}
	if r := row(t, c, "failover(kill:leader).median"); r.Unit != compare.ByFault || r.Cells[1].Change == nil || r.Cells[1].N != 12 {
		t.Errorf("%+v", r)
	}
	text := strings.Join(c.Warnings, "\n")
	for _, want := range []string{"too few runs, so no p-value for acquire.median, acquire.p99", "4 in A and B", "takes faults for independent"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if g := c.Gates[0]; g.Result != gates.Undecided || g.Needed != 6 || g.Samples != 4 {
		t.Errorf("%+v", g)
	}
	c = compare.Compare([]*compare.Group{swept(t, "a", nil, drawn(1, 8, time.Millisecond)), swept(t, "b", nil, drawn(2, 20, time.Second)), swept(t, "c", nil, drawn(2, 8, time.Second))}, nil)
	if c.Tests < 10 || strings.Contains(strings.Join(c.Warnings, "\n"), "however large") {
		t.Errorf("%d tests, %q", c.Tests, c.Warnings)
	}
}

// A group knows which properties could not be checked in its runs.
func TestUnchecked(t *testing.T) {
	lines := drawn(1, 4, time.Millisecond)
	lines[0].Unchecked = map[string]string{"log": "no log"}
	lines[2].Unchecked = map[string]string{"log": "no log", "fencing": "no token"}
	want := []sweep.Unchecked{{Property: "fencing", Why: "no token", Runs: 1}, {Property: "log", Why: "no log", Runs: 2}}
	if g := swept(t, "a", nil, lines); !slices.Equal(g.Unchecked, want) {
		t.Errorf("%+v", g.Unchecked)
	}
}

// A relative gate is decided only if the interval lies on one side of the bound.
func TestRelativeGates(t *testing.T) {
	texts := []string{"acquire.median<+90%", "acquire.median<+10%", "acquire.median<+50%", "acquire.p90<+90%", "acquire.p99<20ms", "handover(kill).median<+10%"}
	c := compare.Compare([]*compare.Group{
		swept(t, "a", nil, drawn(3, 40, 10*time.Millisecond), texts...),
		swept(t, "b", nil, drawn(4, 40, 15*time.Millisecond), texts...),
	}, parsed(t, texts))
	want := []gates.State{gates.Kept, gates.Exceeded, gates.Undecided, gates.Kept, gates.Exceeded, gates.Undecided}
	for i, g := range c.Gates {
		if g.Result != want[i] || g.Gate != texts[i] {
			t.Errorf("%+v, want %s", g, want[i])
		}
		if g.Unit == "change" && g.Result == gates.Undecided && (g.Needed <= 40 || !strings.Contains(g.Text, fmt.Sprint("about ", g.Needed, " runs"))) && g.Needed != 0 {
			t.Errorf("%+v does not say what would decide", g)
		}
	}
	if len(c.Gates) != len(want) {
		t.Errorf("%d gates", len(c.Gates))
	}
}

// Findings are new, known or gone. Each counts once for a run, and findings of measured properties do
// not count.
func TestFindings(t *testing.T) {
	broken := func(shape string, measured bool) sweep.Line {
		p := sweep.Property{Name: "exclusion", Result: checker.Violation, Shape: shape, Measured: measured}
		return sweep.Line{Verdict: checker.Violation, NotValid: []sweep.Property{p, p}}
	}
	c := compare.Compare([]*compare.Group{
		swept(t, "a", nil, []sweep.Line{broken("both", false), broken("gone", false), broken("measured", true)}),
		swept(t, "b", nil, []sweep.Line{broken("new", false), broken("both", false), broken("new", false), {Error: "x"}}),
	}, nil)
	var got []string
	for _, f := range c.Findings {
		got = append(got, fmt.Sprint(f.State, " ", f.Shape, " ", f.Runs))
	}
	if diff := cmp.Diff([]string{"new new [0 2]", "known both [1 1]", "gone gone [1 0]"}, got); diff != "" {
		t.Error(diff)
	}
	if b := c.Groups[1]; b.Runs != 3 || b.Violation != 3 || b.Errors != 1 {
		t.Errorf("%+v", b)
	}
}

// Censored figures do not move a median, as long as they are fewer than half of all.
func TestCensored(t *testing.T) {
	lines := func(late int) (lines []sweep.Line) {
		for i := range 11 {
			times := &measured.Times{}
			times.Add(measured.Bound{Time: time.Duration(i+1) * time.Second, AtLeast: i >= late}, 1)
			lines = append(lines, sweep.Line{Verdict: checker.Valid, Samples: &samples.Samples{Runs: 1, Faults: map[string]*samples.Fault{"kill": {Failovers: times}}}})
		}
		return lines
	}
	c := compare.Compare([]*compare.Group{swept(t, "a", nil, lines(6)), swept(t, "b", nil, lines(5)), swept(t, "c", nil, lines(11))}, nil)
	r := row(t, c, "failover(kill).median")
	want := []measured.Bound{{Time: 6 * time.Second}, {Time: 11 * time.Second, AtLeast: true}, {Time: 6 * time.Second}}
	for i, cell := range r.Cells {
		if cell.Value != want[i] {
			t.Errorf("%d: %+v", i, cell)
		}
	}
	if r.Cells[0].Interval.High != (measured.Bound{Time: 11 * time.Second, AtLeast: true}) {
		t.Errorf("%+v", r.Cells[0].Interval)
	}
}

// herding returns runs, one for each number of events, in which 100 releases, 60 of them while others waited,
// caused these events.
func herding(events ...int) (lines []sweep.Line) {
	for _, n := range events {
		outages := &measured.Times{}
		outages.Add(measured.Bound{Time: time.Duration(n) * time.Millisecond}, 1)
		lines = append(lines, sweep.Line{Verdict: checker.Valid, Samples: &samples.Samples{
			Runs:   1,
			Faults: map[string]*samples.Fault{"kill:leader": {Verified: 1, Outages: outages}},
			Cost:   &samples.Cost{Herd: &samples.Herd{Of: "release", OK: 100, Events: n, ByContenders: []samples.HerdPoint{{Contenders: 1, OK: 40}, {Contenders: 9, OK: 60, Events: n}}}},
		}})
	}
	return lines
}

// The herd and the time without service are compared as times are, and have gates.
func TestHerdAndOutage(t *testing.T) {
	texts := []string{"herd<2", "herd<10", "herd<+100%", "herd<+1000%", "outage(kill:leader).median<1s", "outage.median<500ms"}
	a := swept(t, "a", nil, herding(100, 110, 120, 130, 140, 150, 160, 170), texts...)
	b := swept(t, "b", nil, herding(900, 910, 920, 930, 940, 950, 960, 970), texts...)
	c := compare.Compare([]*compare.Group{a, b}, parsed(t, texts))
	r := row(t, c, "herd")
	if got := r.Cells[0]; r.Unit != compare.ByRun || got.N != 8 || got.Ratio.Value != 1.35 || *got.Ratio.Low > 1.2 || *got.Ratio.High < 1.5 {
		t.Errorf("%+v %+v", r, got.Ratio)
	}
	if change := r.Cells[1].Change; !change.Found || *change.By < 5 || *change.By > 7 {
		t.Errorf("%+v", change)
	}
	if r := row(t, c, "outage(kill:leader).median"); r.Cells[1].Value.Time != 935*time.Millisecond || !r.Cells[1].Change.Found {
		t.Errorf("%+v", r)
	}
	want := []gates.State{gates.Exceeded, gates.Kept, gates.Exceeded, gates.Kept, gates.Kept, gates.Exceeded}
	for i, g := range c.Gates {
		if g.Result != want[i] {
			t.Errorf("%+v, want %s", g, want[i])
		}
	}
	var text bytes.Buffer
	if err := compare.WriteBenchmarks(&text, c.Groups); err != nil || !strings.Contains(text.String(), "BenchmarkHerd 1 1.7 events/op") {
		t.Errorf("%v\n%s", err, text.String())
	}
	c = compare.Compare([]*compare.Group{swept(t, "a", nil, herding(0, 0, 0, 0, 0, 0, 0, 0)), swept(t, "b", nil, herding(100)), swept(t, "c", nil, herding(0, 0))}, nil)
	if r := row(t, c, "herd"); r.Cells[1].Change != nil || r.Cells[1].Ratio.Low != nil || r.Cells[0].Ratio.Value > 0.01 {
		t.Errorf("%+v", r)
	}
	single := compare.Compare([]*compare.Group{swept(t, "a", nil, herding(100, 200, 300)), swept(t, "b", nil, herding(100, 200, 300, 400, 500, 600))}, nil)
	if r := row(t, single, "outage(kill:leader).median"); r.Unit != compare.ByFault {
		t.Errorf("%+v", r)
	}
}

// The reader of benchstat can read the output.
func TestBenchmarks(t *testing.T) {
	c := compare.Compare([]*compare.Group{swept(t, "a", nil, drawn(1, 6, time.Millisecond)), swept(t, "b", nil, drawn(2, 6, time.Millisecond))}, nil)
	var b bytes.Buffer
	must.Do(t, compare.WriteBenchmarks(&b, c.Groups))
	counts := map[string]int{}
	for in := benchfmt.NewReader(&b, ""); in.Scan(); {
		r, ok := in.Result().(*benchfmt.Result)
		if !ok {
			t.Fatal(in.Result())
		}
		counts[r.GetConfig("group")+" "+r.Name.String()]++
	}
	for _, name := range []string{"Latency/acquire/median", "Latency/release/p99", "Handover/kill:leader/median", "Handover/median"} {
		if counts["a "+name] != 6 || counts["b "+name] != 6 {
			t.Errorf("%s: %v", name, counts)
		}
	}
}

// An invalid argument is reported in one line.
func TestWrongArguments(t *testing.T) {
	folder := t.TempDir()
	for argument, want := range map[string]string{
		"nothing": "there is no folder, archive or label \"nothing\" in " + folder + " (see zklab list runs)",
		folder:    folder + " is neither a run (no history.jsonl) nor a sweep (no runs.jsonl that begins with its description)",
		"[":       "there is no folder, archive or label \"[\" in ",
	} {
		if _, err := compare.Locate(folder, argument, nil); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", argument, err)
		}
	}
}

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

func TestInGroups(t *testing.T) {
	for want, values := range map[string][]string{
		"1s in A, 2s in B":                {"1s", "2s"},
		"2s in A and C; 4s in B":          {"2s", "4s", "2s"},
		"zklab in A, B and C; other in D": {"zklab", "zklab", "zklab", "other"},
	} {
		if got := compare.InGroups(values); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
