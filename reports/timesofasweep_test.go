package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/stats/samples"
)

func TestTimesOfASweep(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "page.html")
	pictures := filepath.Join(folder, "page-plots")
	names := func() (names []string) {
		entries := must.Get(os.ReadDir(pictures))(t)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	s := sweptRuns()
	s.Samples = *sample.PlantedTimes()
	must.Do(t, WriteSweep(path, s))
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

	// A page with fewer times removes the pictures that were drawn before, and nothing
	// else.
	must.Do(t, os.WriteFile(filepath.Join(pictures, "mine.png"), nil, 0o644))
	s.Samples = samples.Samples{Faults: map[string]*samples.Fault{"kill:leader": {Failovers: sample.Took(1, 2)}}}
	must.Do(t, WriteSweep(path, s))
	if diff := cmp.Diff([]string{"causes.png", "causes.svg", "mine.png", "outcomes.png", "outcomes.svg"}, names()); diff != "" {
		t.Error(diff)
	}
	if page, err = os.ReadFile(path); err != nil || !strings.Contains(string(page), "No plot: The median with its interval needs 6 fail-overs of one kind; measured were kill:leader (2).") {
		t.Errorf("%v; the page does not say what a figure would need", err)
	}
}

func TestTimesInTheSummaryOfASweep(t *testing.T) {
	s := sweptRuns()
	s.Samples = *sample.PlantedTimes()
	for i := range 12 {
		s.Samples.Faults[fmt.Sprint("kill:", i)] = &samples.Fault{Failovers: sample.Took(1)}
	}
	got := SweepSummary(s, "", onerun.Screen{Full: true})
	for _, text := range []string{
		"\n  fail-over    kill:leader: median 50 ms (40 ms to 60 ms), p95 95 ms, worst\n",
		"\n               expire:any: median 2 ms, worst > 3 ms, of 3, 1 of them without a\n",
		"\n               and 10 more, on the page\n",
		"\n  hand-over    holds that no fault ended: median 5 ms (2 ms to 9 ms), worst\n",
		"\n  latency      acquire: median 20 ms, worst 39 ms, of 39\n",
	} {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in\n%s", text, got)
		}
	}
	if err := sample.Fits(got); err != nil {
		t.Error(err)
	}
}

// A result of an older zklab has figures, but not the times from which they were
// computed.
func TestResultWithoutTimes(t *testing.T) {
	h := sample.ShortRun()
	r := sample.Result(h)
	r.Stats.Samples = nil
	if n := strings.Count(string(render(t, h, r)["report.html"]), "No plot: "+plots.NoTimes); n != 4 {
		t.Errorf("the page says %d times what to do", n)
	}
}
