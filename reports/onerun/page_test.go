package onerun

import (
	"bytes"
	"errors"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/glossary"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/pages"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/store"
)

// render writes a report without plots, as in a program that does not draw, and returns its files.
func render(t *testing.T, h *history.History, r *store.Result) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	must.Do(t, Render(t.Context(), dir, dir, h, r))
	files := must.Get(sample.Files(dir, "/runs/here"))(t)
	return files
}

// A page without plots says in one line which command adds them, and has no plots of an earlier report beside it.
func TestPageWithoutPlots(t *testing.T) {
	h := sample.ShortRun()
	r := sample.Violated(h)
	dir := t.TempDir()
	must.Do(t, errors.Join(os.Mkdir(filepath.Join(dir, "plots"), 0o755), os.WriteFile(filepath.Join(dir, "plots", "old.svg"), nil, 0o644)))
	byProgram := &history.Declaration{}
	for _, tt := range []struct {
		replay  string
		objects *history.Declaration
		says    string
	}{
		{"ZKLAB_SEED=3 go test .", nil, "plots. <code>zklab open /runs/here</code> adds them. A program"},
		{"mine run ids", byProgram, "plots. <code>mine open /runs/here</code> adds them. A program"},
		{"ZKLAB_SEED=3 go test .", byProgram, "plots. A program"},
	} {
		r.Replay, h.Header.Declaration = tt.replay, tt.objects
		must.Do(t, Render(t.Context(), dir, dir, h, r))
		files := must.Get(sample.Files(dir, "/runs/here"))(t)
		if !bytes.Contains(files["report.html"], []byte(tt.says)) {
			t.Errorf("the page does not say %q", tt.says)
		}
		if files["plots/old.svg"] != nil {
			t.Error("a plot of an earlier report was left")
		}
	}
}

// Which client broke what, what the property promises and what to do next stand above everything else.
func TestVerdictOfAViolation(t *testing.T) {
	h := sample.ShortRun()
	r := sample.Violated(h)
	r.Ensemble.Settings = append(r.Ensemble.Settings, "simulated")
	page := string(render(t, h, r)["report.html"])
	head, _, _ := strings.Cut(page, "<nav ")
	for _, text := range []string{
		"no two clients held the same key at the same time", html.EscapeString(words.Sentence(verdicts.Violations(r.Verdicts)[0].Reason)),
		`<a href="#violation-1"><b>exclusion</b></a>`, "A <a class=\"term\" href=\"#term-violation\">violation<", "zklab shrink /runs/here", "How it came about:</span> " + sample.Deletion, html.EscapeString(r.Replay),
	} {
		if !strings.Contains(head, text) {
			t.Errorf("the head of the page does not say %q", text)
		}
	}
	ok := sample.Result(h)
	ok.Ensemble.Settings = r.Ensemble.Settings
	if page := string(render(t, h, ok)["report.html"]); !strings.Contains(page, "zklab sweep lock --subject "+ok.Subject+"<") {
		t.Error("the page of a valid run does not say how to try more")
	}
	r.Replay, ok.Replay = "ZKLAB_SEED=3 go test .", "ZKLAB_SEED=3 go test ."
	for _, r := range []*store.Result{r, ok} {
		if page := string(render(t, h, r)["report.html"]); strings.Contains(page, "zklab shrink") || strings.Contains(page, "zklab sweep lock") {
			t.Error("the subject of a Go test is to be named")
		}
	}
	r.Replay = "zklab run lock"
	r.Ensemble.Settings = nil
	if strings.Contains(string(render(t, h, r)["report.html"]), "zklab shrink") {
		t.Error("a run in real time is to be shrunk")
	}
	r.Replay = ""
	if page := string(render(t, h, r)["report.html"]); strings.Contains(page, "whether it is fixed") || !strings.Contains(page, "only its history is known") {
		t.Error("a history without an experiment is to be run again")
	}
}

// An undecided verdict gives its reasons beside it, each reason once.
func TestVerdictOfAnUndecidedRun(t *testing.T) {
	h := sample.ShortRun()
	r := sample.Result(h)
	r.Verdict = checker.Unknown
	r.Assumptions[1].Met, r.Assumptions[1].Text = false, "3 operations succeeded before the first fault, of 200 wanted"
	for i := range r.Verdicts {
		if v := &r.Verdicts[i]; v.Property == "progress" || v.Property == "lost" {
			v.Result, v.Reason = checker.Unknown, "no session expired"
		}
	}
	head, _, _ := strings.Cut(string(render(t, h, r)["report.html"]), "<nav ")
	for _, text := range []string{"3 operations succeeded before the first fault, of 200 wanted.", "k0, k1 and k2: no session expired.", `<a href="#properties">`} {
		if strings.Count(head, text) != 1 {
			t.Errorf("the head of the page says %q %d times", text, strings.Count(head, text))
		}
	}
	for range 9 {
		r.Assumptions = append(r.Assumptions, checker.Assumption{Name: "x", Text: time.Duration(len(r.Assumptions)).String()})
	}
	if got := verdicts.OpenReasons(r); len(got) != verdicts.MostOpen+1 || got[verdicts.MostOpen] != "7 more reasons below" {
		t.Errorf("got %q", got)
	}
}

// A property that was kept is one line, and its figures follow as words.
func TestPropertiesOnThePage(t *testing.T) {
	h := sample.LockRun(true)
	page := string(render(t, h, sample.Violated(h))["report.html"])
	for name, open := range map[string]bool{"tokens": false, "fencing": false, "exclusion": false, "progress": true} {
		line := regexp.MustCompile(`<details class="property" id="property-` + name + `"( open)?>`).FindStringSubmatch(page)
		if line == nil || (line[1] != "") != open {
			t.Errorf("%s: %q, want open %v", name, line, open)
		}
	}
	if !strings.Contains(page, "312 ") || !strings.Contains(page, "97 % of the held time is certain") || strings.Contains(page, "proven_share") {
		t.Error("the figures are not told in words")
	}
}

// Each term is explained where it first occurs, and in the glossary of the page.
func TestTermsOfThePage(t *testing.T) {
	h := sample.LockRun(true)
	page := string(render(t, h, sample.Violated(h))["report.html"])
	terms := regexp.MustCompile(`<a class="term" href="#term-([^"]*)">[^<]*<span class="tip" role="tooltip">([^<]*)</span></a>`).FindAllStringSubmatch(page, -1)
	if len(terms) < 5 {
		t.Fatalf("%d terms", len(terms))
	}
	for _, m := range terms {
		if !strings.Contains(page, `<dt id="term-`+m[1]+`">`) || !strings.Contains(page, "<dd>"+m[2]+" <a ") {
			t.Errorf("the glossary of the page has no %s", m[1])
		}
	}
	for _, letter := range []string{"r", "s"} {
		if !strings.Contains(page, `href="#term-`+letter+`"`) {
			t.Errorf("evidence %s is not explained", letter)
		}
	}
	if n := len(pages.NewExplainer().Glossary()); n != 0 {
		t.Errorf("%d terms of an empty page", n)
	}
	if got := pages.NewExplainer().Explain(sample.Nasty); strings.Contains(string(got), "<script") {
		t.Errorf("%s", got)
	}
	if len(glossary.Terms) < 40 {
		t.Error("where is the glossary?")
	}
}

// The verdict box says for how long the lock stood still.
func TestVerdictSaysHowLongTheLockStoodStill(t *testing.T) {
	h := sample.ShortRun()
	r := sample.Result(h)
	felt := measured.Bound{Time: 2700 * time.Millisecond}
	r.Stats.Failovers = []stats.FailoverSum{{Spec: "pause:leader", Kind: "pause", Verified: 1, Felt: 1, All: &measured.Spread{Count: 1, Best: felt, Median: felt, Worst: felt}}}
	box, _, _ := strings.Cut(string(render(t, h, r)["report.html"]), "What to do next")
	if !strings.Contains(box, "<p>The lock stood still for 2.7 s when the leader was paused.</p>") {
		t.Error("the verdict box does not say it")
	}
}

func TestEverythingViolated(t *testing.T) {
	h := sample.ShortRun()
	r := sample.Result(h)
	r.Verdict = checker.Violation
	all := make([]int, 200)
	for i := range all {
		all[i] = i
	}
	r.Verdicts = nil
	for range 30 {
		r.Verdicts = append(r.Verdicts, checker.Verdict{Property: "exclusion", Key: "k0", Result: checker.Violation, Reason: "again", Counterexample: append([]int{-1, 1 << 40}, all...)})
	}
	files := render(t, h, r)
	for _, text := range []string{"10 more violations", "140 more events"} {
		if !bytes.Contains(files["report.html"], []byte(text)) {
			t.Errorf("the page does not mention %q", text)
		}
	}
	if n := bytes.Count(files["report.html"], []byte("<h3>exclusion, key k0")); n != verdicts.MostCounterexamples {
		t.Errorf("%d counterexamples, want %d", n, verdicts.MostCounterexamples)
	}
}

func TestPorcupineForSmallKeys(t *testing.T) {
	h := sample.Lock{Length: time.Second, Clients: 2, Keys: 1, Seed: 5}.History()
	files := render(t, h, sample.Result(h))
	if !bytes.Contains(files["report.html"], []byte(`href="porcupine/1.html"`)) || len(files["porcupine/1.html"]) == 0 {
		t.Error("no picture of a small key")
	}
}
