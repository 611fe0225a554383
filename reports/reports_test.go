package reports

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/figure"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/pages"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/reports/internal/timeline"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/store"
)

// rendered holds the files of a realistic run and of one with a violation, for several
// tests.
var rendered = struct {
	ok, bad func(*testing.T) map[string][]byte
}{once(false), once(true)}

func once(broken bool) func(*testing.T) map[string][]byte {
	var files map[string][]byte
	return func(t *testing.T) map[string][]byte {
		if files == nil {
			h := sample.LockRun(broken)
			r := sample.Result(h)
			if broken {
				r = sample.Violated(h)
			}
			files = render(t, h, r)
		}
		return files
	}
}

// coarsely lowers the resolution of plots in a test, because the race detector makes each pixel expensive.
func coarsely(t *testing.T) {
	t.Helper()
	usual := figure.PNGDPI
	Coarse()
	t.Cleanup(func() { figure.PNGDPI = usual })
}

// render writes a report and reads its files back.
func render(t *testing.T, h *history.History, r *store.Result) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	coarsely(t)
	must.Do(t, onerun.Render(t.Context(), dir, dir, h, r))
	files, err := sample.Files(dir, "/runs/here") // the folder's name differs from test to test
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// A picture has 144 dots per inch: two for each point of the figure.
func TestResolution(t *testing.T) {
	h := sample.ShortRun()
	dir := t.TempDir()
	must.Do(t, onerun.Render(t.Context(), dir, dir, h, sample.Result(h)))
	f := must.Get(os.Open(filepath.Join(dir, "plots", "latency.png")))(t)
	defer f.Close()
	if picture, err := png.DecodeConfig(f); err != nil || picture.Width != 2*figure.FigureWidth {
		t.Errorf("%d dots wide, %v", picture.Width, err)
	}
}

// A report that is no longer wanted is not written.
func TestStopped(t *testing.T) {
	h, dir := sample.ShortRun(), t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := onerun.Render(ctx, dir, dir, h, sample.Result(h)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); len(left) > 0 || err != nil {
		t.Error(left, err)
	}
}

// A file that cannot be written, as on a full disk, keeps no other file from being written. Here
// folders have the names of the files.
func TestUnwritten(t *testing.T) {
	h := sample.ShortRun()
	dir := t.TempDir()
	for _, name := range []string{"plots/latency.svg/x", "plots/holders.png/x", "report.html/x"} {
		must.Do(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
	}
	stale := filepath.Join(dir, "plots", "gone.svg")
	must.Do(t, os.WriteFile(stale, nil, 0o644))
	coarsely(t)
	err := onerun.Render(t.Context(), dir, dir, h, sample.Result(h))
	if err == nil || !strings.HasPrefix(err.Error(), "3 files could not be written: write "+filepath.Join(dir, "report.html")+": ") {
		t.Errorf("error: %v", err)
	}
	for _, name := range []string{"junit.xml", "timeline.html", "plots/latency.png", "plots/holders.svg", "plots/failover.svg"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(stale); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a plot of an earlier report is still there: %v", err)
	}
}

func TestReportOfARealisticRun(t *testing.T) {
	files := rendered.ok(t)
	want := []string{"junit.xml", "report.html", "timeline.html", "plots/overview.svg", "plots/overview.png"}
	h := sample.LockRun(false)
	for _, d := range plots.Of(material.Of("", h, sample.Result(h))) {
		if d.Figure != nil {
			svg, png := d.Files()
			want = append(want, "plots/"+svg, "plots/"+png)
		}
	}
	if len(want) < 25 {
		t.Errorf("a run with faults has few files: %v", want)
	}
	slices.Sort(want)
	if d := cmp.Diff(want, slices.Sorted(maps.Keys(files))); d != "" {
		t.Error(d)
	}
	for name, content := range files {
		if strings.HasSuffix(name, ".svg") {
			if err := sample.WellFormed(content); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if strings.HasSuffix(name, ".png") && !bytes.HasPrefix(content, []byte("\x89PNG")) {
			t.Errorf("%s is no PNG", name)
		}
		if len(content) > 2<<20 || strings.HasSuffix(name, ".svg") && bytes.Contains(content, []byte("@font-face")) {
			t.Errorf("%s has %d bytes, or a whole font", name, len(content))
		}
	}
	for name, texts := range map[string][]string{
		"plots/latency.svg":       {"latency (log scale)", "time since the run began (s)", "acquire", "release", "100 ms", "#1 pause:leader", "fault: expire"},
		"plots/quantiles.svg":     {"p50 (median)", "p95", "p99", "windows of 1 s"},
		"plots/throughput.svg":    {"operations per second", "#2 expire:holder"},
		"plots/failover.svg":      {"time (log scale)", "each affected client", "fail-over, all clients", "hand-over of a hold", "no client was affected", "twice the p99", "(acquire ", "pause:leader", "#10"},
		"plots/affected-ecdf.svg": {">pause:leader<", ">time since the fault took effect<"}, // all times are alike
		"plots/holders.svg":       {"k0", "k4", "client 4", "There were too many holds to draw each"},
		"report.html":             {"<title>✓ lock seed 42: Valid, zklab", "The lock kept every promise", "--seed 42", "/runs/here", "sha256:4c3f9e2b8d1a", "fail-over", "data:image/svg&#43;xml;base64,", "server 3", "holding", "timeline.html"},
		"timeline.html":           {"<title>Timeline ✓ lock seed 42: Valid, ", `"key k0"`, `"faults"`, "Held by:"},
	} {
		for _, text := range texts {
			if !bytes.Contains(files[name], []byte(text)) {
				t.Errorf("%s does not mention %q", name, text)
			}
		}
	}
}

func TestReportOfAViolation(t *testing.T) {
	h := sample.LockRun(true)
	r := sample.Violated(h)
	files := rendered.bad(t)
	w := verdicts.Violations(r.Verdicts)[0].Counterexample
	if len(w) < 4 {
		t.Fatalf("the sample has a counterexample of %d events", len(w))
	}
	page := string(files["report.html"])
	for _, text := range []string{"Violation", "exclusion was violated", words.Instant(h.Events[w[0]].Time), "shorter than an election", "(measured; does not decide)", "<p>What was committed:</p>", "<li>" + sample.Deletion + "</li>"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not mention %q", text)
		}
	}
	if !bytes.Contains(files["timeline.html"], []byte(`"name":"violation: exclusion k0"`)) {
		t.Error("the timeline does not point at the violation")
	}
	if !bytes.Contains(files["plots/holders.svg"], []byte("believed by two")) {
		t.Error("the plot of the holders has no belief windows")
	}
}

func TestSameRunSameBytes(t *testing.T) {
	again := func() map[string][]byte {
		h := sample.ShortRun()
		return render(t, h, sample.Violated(h))
	}
	first, second := again(), again()
	for name := range first {
		if !bytes.Equal(first[name], second[name]) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestWriteReadsTheStoredRun(t *testing.T) {
	root := t.TempDir()
	run := must.Get(store.Create(root, "lock", time.Date(2026, 3, 4, 15, 30, 0, 0, time.UTC)))(t)
	h := sample.Lock{Length: time.Second, Clients: 2, Keys: 1, Seed: 1}.History()
	f := must.Get(os.Create(run.History()))(t)
	must.Do(t, history.Write(f, h))
	must.Do(t, f.Close())
	if err := Write(run); err == nil || !strings.Contains(err.Error(), "write the report") {
		t.Errorf("without result.json: %v", err)
	}
	must.Do(t, run.WriteResult(sample.Result(h)))
	stale := filepath.Join(run.Plots(), "failover.svg") // left by an earlier report, with faults
	must.Do(t, os.MkdirAll(run.Plots(), 0o755))
	must.Do(t, os.WriteFile(stale, []byte("<svg/>"), 0o644))
	must.Do(t, Write(run))
	for _, path := range []string{run.Report(), run.Timeline(), run.JUnit(), filepath.Join(run.Plots(), "latency.png")} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("a plot of an earlier report was left")
	}
}

func TestWriteOfABareHistoryIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.txt")
	must.Do(t, os.WriteFile(path, []byte("{}\n"), 0o644))
	run := must.Get(store.Open("store", path))(t)
	if err := Write(run); err == nil || !strings.Contains(err.Error(), "without a folder") {
		t.Errorf("got %v", err)
	}
}

// leased returns a run of a lock as if it were one of a semaphore.
func leased(lock *history.History) *history.History {
	h := &history.History{Header: lock.Header, Events: lock.Events, Complete: lock.Complete}
	h.Header.Model, h.Header.Params.Leases = models.Semaphore.Name, 2
	return h
}

// TestOddRuns reports on runs that leave little to show.
func TestOddRuns(t *testing.T) {
	one := &history.History{Events: []history.Event{
		{Index: 0, Time: time.Second, Type: history.Invoke, F: models.FAcquire, Key: "k"},
		{Index: 1, Time: time.Second, Type: history.OK, F: models.FAcquire, Key: "k"},
	}}
	open := &history.History{Events: one.Events[:1]}
	calm := sample.Lock{Length: 2 * time.Second, Clients: 1, Keys: 1, Seed: 3}.History()
	tests := []struct {
		name   string
		h      *history.History
		plots  []string
		absent []string
	}{
		{"empty", &history.History{}, nil, []string{"No operation went to the ensemble", "No operation was completed", "No fault was injected", "No client held a key", "No acquire was granted", "What passed between clients and servers is unknown"}},
		{"one operation", one, []string{"latency", "quantiles", "throughput", "holders", "clients"}, []string{"No fault was injected", "The p90 with its interval needs 39 operations of one kind that succeeded; measured were acquire (1)."}},
		{"one that never returned", open, []string{"latency"}, []string{"No operation on the ensemble succeeded", "No operation was completed"}},
		{"no faults", calm, []string{"latency", "quantiles", "latency-ecdf", "throughput", "handover-ecdf", "holders", "clients", "herd"}, []string{"No fault was injected"}},
		{"semaphore", leased(calm), []string{"latency", "quantiles", "latency-ecdf", "throughput", "leases", "clients", "herd"}, nil},
		{"queue", sample.Queue(5*time.Second, 1), []string{"latency", "quantiles", "latency-heatmap", "latency-ecdf", "throughput", "depth"}, nil},
		{"barrier", sample.Barrier(10, 1), []string{"latency", "quantiles", "throughput"}, nil},
		{"double barrier", sample.DoubleBarrier(10, 1), []string{"latency", "quantiles", "throughput"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := render(t, tt.h, sample.Result(tt.h))
			for _, p := range plots.Names()[1:] { // all but the overview
				_, drawn := files["plots/"+p+".svg"]
				if want := slices.Contains(tt.plots, p); drawn != want {
					t.Errorf("plot of %s: drawn %v, want %v", p, drawn, want)
				}
			}
			for _, text := range tt.absent {
				if !bytes.Contains(files["report.html"], []byte(text)) {
					t.Errorf("the page does not say %q", text)
				}
			}
			if err := sample.WellFormed(files["junit.xml"]); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEverythingIsEscaped(t *testing.T) {
	h := sample.ShortRun()
	for i := range h.Events {
		e := &h.Events[i]
		if e.Key != "" {
			e.Key += sample.Nasty
		}
		if e.Error != nil {
			e.Error = &history.Error{Code: sample.Nasty, Message: sample.Nasty}
		}
		if step, ok := fault(e); ok {
			step.Spec, step.Detail = "pause:"+sample.Nasty, sample.Nasty
			if step.Step == history.StepHeal {
				step.Step = history.StepWarning
			}
			e.Value = history.Value(step)
		}
	}
	r := sample.Violated(h)
	r.Recipe, r.Subject, r.Replay, r.Zklab = sample.Nasty, sample.Nasty, sample.Nasty, sample.Nasty
	r.Warnings, r.Ensemble.Settings, r.Ensemble.Image = []string{sample.Nasty}, []string{sample.Nasty}, sample.Nasty
	r.Assumptions[0].Name, r.Assumptions[0].Text = sample.Nasty, sample.Nasty
	r.NotAvailable = []checker.NotAvailable{{Kind: sample.Nasty, Name: sample.Nasty, Why: sample.Nasty}}
	r.Ensemble.Addrs, r.Ensemble.Chroot, r.Ensemble.Commands = []string{sample.Nasty}, sample.Nasty, &ensemble.Commands{Pause: sample.Nasty}
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		v.Reason, v.Decider, v.Evidence, v.Notes = sample.Nasty, sample.Nasty, sample.Nasty, []string{sample.Nasty}
		if v.Result == checker.Violation {
			v.Property, v.Committed = sample.Nasty, []checker.Transaction{{Path: sample.Nasty, Text: sample.Nasty}}
		}
		v.Figures = map[string]float64{sample.Nasty: 1}
	}
	files := render(t, h, r)
	for name, content := range files {
		if strings.HasPrefix(name, "porcupine/") {
			continue // porcupine's own page
		}
		if bytes.Contains(content, []byte("<script>alert")) || bytes.Contains(content, []byte("<img src=x")) {
			t.Errorf("%s lets text through as markup", name)
		}
		if strings.HasSuffix(name, ".svg") || strings.HasSuffix(name, ".xml") {
			if err := sample.WellFormed(content); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if !bytes.Contains(files["report.html"], []byte("&lt;script&gt;alert(1)")) {
		t.Error("the text was lost instead of escaped")
	}
	if n := bytes.Count(files["timeline.html"], []byte("<script>")); n != 1 {
		t.Errorf("timeline.html has %d scripts", n)
	}
}

func fault(e *history.Event) (history.FaultStep, bool) {
	var s history.FaultStep
	ok := e.Process == history.Nemesis && e.Decode(&s) == nil && s.Fault > 0
	return s, ok
}

// TestPagesLoadNothing finds every address that a page could load from. Links to the documentation
// do not count: only readers follow them.
func TestPagesLoadNothing(t *testing.T) {
	files := rendered.bad(t)
	loads := regexp.MustCompile(`(?i)(?:src|href|action)\s*=\s*["']?([^"'\s>]*)|url\(([^)]*)\)|@import|<link|fetch\(|XMLHttpRequest`)
	for _, name := range []string{"report.html", "timeline.html"} {
		for _, m := range loads.FindAllSubmatch(files[name], -1) {
			if to := string(m[1]); !strings.HasPrefix(to, "data:image/svg&#43;xml;base64,") && to != "timeline.html" && !strings.HasPrefix(to, "#") && !strings.HasPrefix(to, pages.Docs) && !strings.HasPrefix(to, "porcupine/") {
				t.Errorf("%s could load %q", name, m[0][:min(len(m[0]), 80)])
			}
		}
		if !bytes.Contains(files[name], []byte("default-src &#39;none&#39;")) && !bytes.Contains(files[name], []byte("default-src 'none'")) {
			t.Errorf("%s does not forbid loading", name)
		}
	}
}

// TestLongRun reports on a run that is too long to draw everything.
func TestLongRun(t *testing.T) {
	h := sample.Lock{Length: 150 * time.Second, Clients: 12, Keys: 30, Faults: true, Seed: 7}.History()
	m := material.Of("/runs/long", h, sample.Result(h))
	says := map[string]string{"latency": "points are drawn", "holders": "6 more keys not shown"}
	for _, d := range plots.Of(m) {
		if d.Figure == nil {
			continue
		}
		if n := len(d.Figure.SVG()); n > 1<<20 {
			t.Errorf("%s.svg has %d bytes without its font", d.File, n)
		}
		if !strings.Contains(d.Figure.Note, says[d.File]) {
			t.Errorf("the note of %s does not mention %q: %s", d.File, says[d.File], d.Figure.Note)
		}
		if d.File == "holders" && !strings.Contains(d.Figure.Note, "too many holds") {
			t.Errorf("the note of the holders: %s", d.Figure.Note)
		}
	}
	page := must.Get(timeline.Page(m, ""))(t)
	if len(page) > 10<<20 || bytes.Contains(page, []byte("too long to show all of it")) {
		t.Errorf("timeline.html has %d bytes, or leaves something out", len(page))
	}
}

func TestFaultsOfAllSorts(t *testing.T) {
	h := &history.History{}
	r := sample.Result(h)
	r.Stats.Faults = sample.FaultsOfAllSorts()
	f, absent := plots.FailoverFigure(material.Of("", h, r))
	if f == nil {
		t.Fatal(absent)
	}
	if len(f.Legend) != 1 || f.Legend[0].Name != "none possible before the heal" {
		t.Errorf("legend %v", f.Legend)
	}
	f.SVG() // a logarithmic axis without data must not panic
	r.Stats.Faults[0] = sample.Stuck
	if f, absent = plots.FailoverFigure(material.Of("", h, r)); f == nil || len(f.Legend) != 4 || f.Legend[3].Name != "longer than this" {
		t.Errorf("%q, or a legend without what was longer: %v", absent, f.Legend)
	}
	r.Stats.Faults = r.Stats.Faults[1:]
	if f, absent := plots.FailoverFigure(material.Of("", h, r)); f != nil || absent != "No fault took effect." {
		t.Errorf("got a figure, or %q", absent)
	}
}
