package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/lab/coverage"
	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/reports/onerun"
	"github.com/zklab/zklab/stats/samples"
)

// sweptRuns is the summary of a sweep of three shards, one of which was killed and one never
// began. Its names look as they could in a history that a stranger wrote.
func sweptRuns() *sweep.Summary {
	d := sweep.Description{
		Settings: []sweep.Setting{
			{Name: "recipe", Value: "lock"},
			{Name: "subject", Value: "go-zookeeper"},
			{Name: "faults", Value: "sequence,kill:leader+10s,pause:leader+10s,partition:leader+10s,restart:leader"}, // one long word
		},
		Seeds: sweep.Seeds{{First: 1, Last: 300}}, Shard: sweep.Shard{Index: 1, Of: 3},
		Command: "zklab sweep lock --seeds 1..300", Replay: "zklab run lock --seed {seed}",
	}
	return &sweep.Summary{
		Description: d, Verdict: checker.Violation, Runs: 150, Violation: 49, Unknown: 26, Valid: 74, Errors: 1,
		Reasons:    []sweep.Count{{Text: "no room on the disk", N: 1}},
		Leaks:      []sweep.Count{{Text: "what # left", Example: "what 3 left <b>", N: 12}},
		Operations: 12345, Virtual: 1500 * time.Second, Wall: 10 * time.Second, Spent: 12 * time.Second,
		Findings: []sweep.Finding{
			{
				Cause: sweep.Cause{Property: "progress", Shape: "acquire info | acquire <b>open</b>", Faults: []string{"kill", "pause"}}, Count: 49, Of: 149, Low: 0.26, High: 0.41,
				Smallest: sweep.Example{Seed: 17, Events: 2431, Kept: filepath.Join("sweeps", "1-of-3", "runs", "17"), Drawn: "clients 3", Told: "a znode of client 2 blocked k1"}, Seeds: []int64{2, 17},
			},
			{Cause: sweep.Cause{Property: "belief", Measured: true, Shape: "acquire ok\x1b[31m", Faults: []string{sweep.ManyKinds}}, Count: 2, Of: 149, Smallest: sweep.Example{Seed: 4}},
		},
		Properties: []sweep.PropertySummary{
			{Name: "progress", Valid: 74, Violation: 49, Unknown: 26, Why: []sweep.Count{{Text: "assumption faults", N: 20}, {Text: "a", N: 3}, {Text: "b", N: 2}, {Text: "c", N: 1}}},
			{Name: "belief", Measured: true, Valid: 147, Violation: 2},
			{Name: "log", Valid: 99},
			{Name: "grant", Valid: 149},
			{Name: "own-znodes", Valid: 149},
			{Name: "fencing", Unknown: 149, Why: []sweep.Count{{Text: "no token was given", N: 149}}},
		},
		Faults: []sweep.FaultCount{{Kind: "pause", Runs: 100, Effective: 90, Scheduled: 110, Verified: 91}, {Kind: "kill", Runs: 5, Effective: 5, Scheduled: 5, Verified: 5}, {Kind: "reset", Runs: 40, Scheduled: 41}},
		Met: sweep.Exercised{
			"acquire": {Count: 5000, Met: map[string]int{"pause": 300}}, "acquire create": {Count: 4000, Met: map[string]int{"pause": 30, "kill": 1}}, "release": {Count: 4900},
		},
		Shards: []sweep.ShardState{
			{Shard: sweep.Shard{Index: 1, Of: 3}, Source: "sweeps/1-of-3/runs.jsonl", Seeds: 100, Done: 100, Ended: sweep.AllSeeds},
			{Shard: sweep.Shard{Index: 2, Of: 3}, Source: "sweeps/2-of-3/runs.jsonl", Seeds: 100, Done: 50, Left: sweep.Seeds{{First: 152, Last: 152}, {First: 155, Last: 155}}, Command: "zklab sweep lock --seeds 1..300 --shard 2/3"},
		},
		Absent: []sweep.Shard{{Index: 3, Of: 3}},
		Samples: samples.Samples{Cost: &samples.Cost{
			Operations: map[string]*samples.OperationCost{"acquire": {OK: 4, Requests: 12, Events: 2}, "release": {OK: 3, Requests: 3}},
			Herd:       &samples.Herd{Of: "release", OK: 3, Events: 4, ByContenders: []samples.HerdPoint{{Contenders: 1, OK: 1}, {Contenders: 3, OK: 2, Events: 4}}},
		}},
	}
}

// A sweep says how its runs shared the object, if clients can hold the object.
func TestSweepSharing(t *testing.T) {
	for name, c := range map[string]struct {
		samples samples.Samples
		want    []string
	}{
		"nothing to share": {samples.Samples{}, nil},
		"in turn":          {samples.Samples{Fairness: &samples.Fairness{Grants: 1, LeastJain: 1}}, []string{"0 of 1 grant went to a client that had asked later than a waiting one"}},
		"not in turn": {
			samples.Samples{Fairness: &samples.Fairness{Grants: 2000, Overtook: 30, MostOvertaken: 9, LeastJain: 0.5}, Belief: &samples.Belief{}},
			[]string{
				"30 of 2,000 grants went to a client that had asked later than a waiting one, at most 9 during one wait",
				"no two clients believed at the same time that they held",
			},
		},
	} {
		if d := cmp.Diff(c.want, words.SharedInSweep(&c.samples)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// A sweep warns of znodes that clients left behind, whatever the znodes are called.
func TestSweepLeaks(t *testing.T) {
	s := sweptRuns()
	path := filepath.Join(t.TempDir(), "sweep.html")
	must.Do(t, WriteSweep(path, s))
	page := must.Get(os.ReadFile(path))(t)
	if want := `<p class="warning">In 12 runs, such as: what 3 left &lt;b&gt;.</p>`; !strings.Contains(string(page), want) {
		t.Errorf("the page lacks %s", want)
	}
	if want, text := "warning      in 12 runs, such as: what 3 left <b>", SweepSummary(s, "", onerun.Screen{Full: true}); !strings.Contains(text, want) {
		t.Errorf("the summary lacks %q:\n%s", want, text)
	}
}

// A sweep says what operations cost in all its runs, and draws the cost of a release. It leaves both
// out if they are unknown.
func TestSweepCost(t *testing.T) {
	s := sweptRuns()
	write := func() string {
		path := filepath.Join(t.TempDir(), "sweep.html")
		must.Do(t, WriteSweep(path, s))
		page := must.Get(os.ReadFile(path))(t)
		return string(page)
	}
	const words = "cquire 3 requests, 0.5 watch events; release 1 request; each release causes 1.33 watch events"
	if text := strings.Join(strings.Fields(SweepSummary(s, "", onerun.Screen{Full: true})), " "); !strings.Contains(text, "cost a"+words) {
		t.Error(text)
	}
	if page := write(); !strings.Contains(page, "A"+words) || !strings.Contains(page, `<figure id="herd">`) {
		t.Error("the page has no cost")
	}
	s.Samples.Cost = nil
	if text := SweepSummary(s, "", onerun.Screen{Full: true}); strings.Contains(text, "cost") {
		t.Error(text)
	}
	if page := write(); strings.Contains(page, `id="cost"`) {
		t.Error("the page has a cost that is unknown")
	}
}

// What was not checked stands beside the verdict.
func TestSweepUnchecked(t *testing.T) {
	s := sweptRuns()
	s.Verdict, s.Violation, s.Unchecked = checker.Valid, 0, []sweep.Unchecked{{Property: "fencing", Why: "it gives no token"}, {Property: "log", Why: "there is none", Runs: 3}}
	s.Unchecked[0].Runs = s.Decided()
	path := filepath.Join(t.TempDir(), "sweep.html")
	must.Do(t, WriteSweep(path, s))
	page := must.Get(os.ReadFile(path))(t)
	const want = "not checked: fencing (it gives no token), log in 3 runs (there is none)"
	for _, text := range []string{strings.Join(strings.Fields(SweepSummary(s, path, onerun.Screen{Full: true})), " "), string(page)} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}

func TestSweepSummary(t *testing.T) {
	got := SweepSummary(sweptRuns(), "sweeps/sweep.html", onerun.Screen{Full: true})
	for _, text := range []string{
		"✗ VIOLATION: the lock (go-zookeeper) broke its promise in 49 of 149 runs",
		"✗ progress: in 49 of 149 runs, 32.9 % (26 % to 41 %)",
		"      A znode of client 2 blocked k1\n      acquire info | acquire <b>open</b>; kill and pause hit them meanwhile",
		"smallest: seed 17, 2,431 events (clients 3)",
		"report    sweeps/1-of-3/runs/17/report.html", "replay    zklab run --config sweeps/1-of-3/runs/17/experiment.yaml", "replay    zklab run lock --seed 4",
		"measured     belief: in 2 of 149 runs", "several kinds of faults hit them meanwhile",
		"progress     violated in 49 runs, not decided in 26 runs, valid in 74 runs",
		"undecided 20 times: assumption faults", "and 1 more reason, on the page",
		"measured     belief: happened in 2 runs, valid in 147 runs",
		"log          valid in 99 runs, no evidence in 50 runs", "\n  kept         in all runs: grant and own-znodes\n",
		"? fencing", "undecided 149 times: no token was given",
		"150: 49 violated, 26 undecided, 74 valid; 1 could not be run;", "12,345 operations,", "25 min 0 s by their own clocks",
		"10 s of sweeping, 80 ms a run: 54,000 runs an hour, 150 times",
		"not run      once: no room on the disk",
		"pause: took effect 91 times of 110, in 90 runs", "never took effect: reset",
		"acquire 5,000 times, never during kill", "release 4,900 times, never during pause or kill",
		"shard 2/3    50 of 100 seeds, was killed; not run: 152,155 and 48 more",
		"zklab sweep lock --seeds 1..300 --shard 2/3", "absent       shard 3/3", "--shard 3/3",
		"page         sweeps/sweep.html",
	} {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in\n%s", text, got)
		}
	}
	if err := sample.Fits(got); err != nil {
		t.Error(err)
	}
}

func TestSweepPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sweeps", "sweep.html")
	must.Do(t, os.MkdirAll(filepath.Dir(path), 0o755))
	s := sweptRuns()
	s.Findings[0].Smallest.Kept = filepath.Join(filepath.Dir(path), "1-of-3", "runs", "17")
	must.Do(t, WriteSweep(path, s))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	for _, text := range []string{
		"✗ Violation", "acquire &lt;b&gt;open&lt;/b&gt;", `<a href="1-of-3/runs/17/report.html">report</a>`, `<td class="number hole">–</td>`,
		"(3 of them)", `<th class="kind">reset (never)</th>`, "<b>release</b> was never under way during pause or kill.", "32.9\u00a0%", `class="unknown">50 of 100 seeds, was killed`, "There is nothing of shard 3/3.", "could not be run, 1 times: no room on the disk",
	} {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in\n%s", text, got)
		}
	}
	if strings.Contains(got, "<details>") || strings.Contains(got, "have run all their seeds") {
		t.Error("a few findings and shards are folded away")
	}
	if strings.Contains(got, "<b>open</b>") {
		t.Error("what a history says got into the page as markup")
	}
	// When there are many findings, some are shown, and when there are many shards,
	// those that lack seeds.
	for i := range 500 {
		s.Findings = append(s.Findings, s.Findings[0])
		s.Shards = append(s.Shards, sweep.ShardState{Shard: sweep.Shard{Index: 4 + i, Of: 503}, Source: "elsewhere", Seeds: 2, Done: 2})
	}
	must.Do(t, WriteSweep(path, s))
	if b, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"<summary>492 more causes</summary>", "501 of 502 shards have run all their seeds.", "50 of 100 seeds, was killed"} {
		if !strings.Contains(string(b), text) {
			t.Errorf("of many: no %q", text)
		}
	}
	if strings.Contains(string(b), "elsewhere") {
		t.Error("of many shards those are shown that lack nothing")
	}
	// A sweep that has just begun also has a page.
	if err := WriteSweep(path, &sweep.Summary{Verdict: checker.Unknown, Why: "no run came to a verdict"}); err != nil {
		t.Error(err)
	}
}

// A sweep without a violation says how much behaviour it has not met, how rare violations are at
// most, and which command makes requests meet the faults at messages that they never met.
func TestSweepSaysHowSure(t *testing.T) {
	s := sweptRuns()
	s.Violation, s.Valid = 0, 123
	s.Behaviours = coverage.Estimate{Runs: 149, Met: 400, Once: 100, Twice: 50, Next: 50, New: 25.2, Low: 11.5, High: 38.1}
	s.Curve = []coverage.Point{{Runs: 1, Met: 40, Low: 40, High: 40}, {Runs: 149, Met: 400, Low: 400, High: 400}, {Runs: 298, Met: 450.2, Low: 430, High: 470}}
	s.Faults = append(s.Faults, sweep.FaultCount{Kind: "lose-reply", Runs: 4, Effective: 3, Scheduled: 5, Verified: 4})
	path := filepath.Join(t.TempDir(), "sweep.html")
	must.Do(t, WriteSweep(path, s))
	page := must.Get(os.ReadFile(path))(t)
	if alt := "400 in 149 runs; in 298 about 450 are expected"; !strings.Contains(string(page), alt) {
		t.Errorf("the page has no picture %q", alt)
	}
	if _, err := os.Stat(filepath.Join(strings.TrimSuffix(path, ".html")+"-plots", "behaviours.svg")); err != nil {
		t.Error(err)
	}
	text := SweepSummary(s, path, onerun.Screen{Full: true})
	for where, said := range map[string]string{"page": string(page), "summary": strings.Join(strings.Fields(text), " ")} {
		for _, want := range []string{
			"400 met in 149 runs, 100 of them in one run only", "about 25 new ones (11 to 39, with 95 %)",
			"fewer than 1 run in 50 has one", "zklab sweep lock --seeds 1..300 --faults aimed,", "lose-reply --fault-interval 250ms",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("the %s does not say %q:\n%s", where, want, said)
			}
		}
	}
	if want := "lose-reply at acquire create"; !strings.Contains(string(page), want) {
		t.Errorf("the page does not say %q", want)
	}
}

func TestAnnotationsOfASweep(t *testing.T) {
	s := &sweep.Summary{Verdict: checker.Violation, Runs: 40, Violation: 3, Valid: 37, Findings: []sweep.Finding{
		{Cause: sweep.Cause{Property: "exclusion", Shape: "acquire ok", Faults: []string{"pause"}}, Count: 3, Of: 40, Smallest: sweep.Example{Seed: 17}},
		{Cause: sweep.Cause{Property: "belief", Measured: true}, Count: 9, Of: 40},
	}}
	got := SweepAnnotations(s)
	if len(got) != 1 || !strings.HasPrefix(got[0].String(), "::error title=this%3A exclusion violated::In 3 of 40 runs, 7.5 %25 ") || !strings.HasSuffix(got[0].String(), "; pause hit them meanwhile, such as seed 17.%0Aacquire ok") {
		t.Error(got)
	}
}
