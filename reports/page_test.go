package reports

import (
	"bytes"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/inks"
	"github.com/zklab/zklab/internal/glossary"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/reports/internal/verdicts"
	"github.com/zklab/zklab/reports/internal/words"
	"github.com/zklab/zklab/stats"
	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/store"
)

// The page says the most important first, and its parts are where its links lead.
func TestOrderOfThePage(t *testing.T) {
	page := string(rendered.bad(t)["report.html"])
	at := 0
	for _, part := range []string{
		`id="verdict"`, "What to do next", `id="overview"`, `id="violations"`, `id="properties"`, `id="statistics"`, `id="faults"`, `id="plots"`, `id="replay"`, `id="glossary"`,
	} {
		i := strings.Index(page, part)
		if i < at {
			t.Errorf("%s is not where it should be", part)
		}
		at = max(at, i)
	}
	for _, m := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `id="`+m[1]+`"`) {
			t.Errorf("a link leads to #%s, which the page has not", m[1])
		}
	}
}

// Which client broke what, what the property promises and what to do next stand above everything else.
func TestVerdictOfAViolation(t *testing.T) {
	h := sample.ShortRun()
	r := sample.Violated(h)
	r.Ensemble.Settings = append(r.Ensemble.Settings, "simulated")
	page := string(render(t, h, r)["report.html"])
	head, _, _ := strings.Cut(page, `id="overview"`)
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
	head, _, _ := strings.Cut(string(render(t, h, r)["report.html"]), `id="overview"`)
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
	page := string(rendered.bad(t)["report.html"])
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
	page := string(rendered.bad(t)["report.html"])
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
	if n := len(newExplainer().Glossary()); n != 0 {
		t.Errorf("%d terms of an empty page", n)
	}
	if got := newExplainer().Explain(sample.Nasty); strings.Contains(string(got), "<script") {
		t.Errorf("%s", got)
	}
	if len(glossary.Terms) < 40 {
		t.Error("where is the glossary?")
	}
}

// The overview shows the faults, the holders and the violation in one picture.
func TestOverview(t *testing.T) {
	h := sample.LockRun(true)
	f := plots.Overview(material.Of("", h, sample.Violated(h)))
	svg := string(f.SVG())
	for _, text := range []string{"operations per second", "client 0", "fault: pause", ">exclusion violated<", "k0"} {
		if !strings.Contains(svg, text) {
			t.Errorf("the overview does not show %q", text)
		}
	}
	q := sample.Queue(5*time.Second, 1)
	if f := plots.Overview(material.Of("", q, sample.Result(q))); len(f.Panels) != 2 || !strings.Contains(f.Alt, "items in the queue") {
		t.Errorf("the overview of a queue: %s", f.Alt)
	}
	many := sample.Lock{Length: 5 * time.Second, Clients: 4, Keys: 20, Seed: 3}.History()
	if f := plots.Overview(material.Of("", many, sample.Result(many))); !strings.Contains(f.Note, "12 more keys not shown") {
		t.Errorf("the overview of many keys: %s", f.Note)
	}
	if plots.Overview(material.Of("", &history.History{}, sample.Result(&history.History{}))) != nil {
		t.Error("an overview of nothing")
	}
	shared := &history.History{Header: history.Header{Model: models.Barrier.Name}, Events: many.Events}
	if f := plots.Overview(material.Of("", shared, sample.Result(shared))); len(f.Panels) != 1 {
		t.Error("the overview of a barrier has more than the operations")
	}
}

// Every image of the page has colours for dark pages, and words for people who cannot see it.
func TestImagesOfThePage(t *testing.T) {
	page := rendered.bad(t)["report.html"]
	images := regexp.MustCompile(`<img src="data:image/svg&#43;xml;base64,([^"]*)" alt="([^"]*)"`).FindAllSubmatch(page, -1)
	if n := bytes.Count(page, []byte("<img ")); len(images) != n || n < 10 {
		t.Fatalf("%d images, of which %d are embedded and described", n, len(images))
	}
	for _, m := range images {
		svg, err := base64.StdEncoding.DecodeString(html.UnescapeString(string(m[1])))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(svg, []byte("prefers-color-scheme:dark")) || len(m[2]) < 10 {
			t.Errorf("%q has no dark colours, or no words", m[2])
		}
	}
}

// The colours of text have enough contrast with the page and with its boxes, on light and dark
// pages, and drawings have the background of the page.
func TestContrastOfThePage(t *testing.T) {
	variable := regexp.MustCompile(`--([a-z]+): (#[0-9a-f]{3,6});`)
	roots := regexp.MustCompile(`:root \{([^}]*)\}`).FindAllStringSubmatch(styleSheet, -1)
	if len(roots) < 2 {
		t.Fatalf("%d palettes", len(roots))
	}
	for i, page := range []string{"light", "dark"} {
		colours := map[string]string{}
		for _, m := range variable.FindAllStringSubmatch(roots[i][1], -1) {
			colours[m[1]] = m[2]
			if len(m[2]) == len("#fff") {
				colours[m[1]] = "#" + strings.Repeat(m[2][1:2], 2) + strings.Repeat(m[2][2:3], 2) + strings.Repeat(m[2][3:4], 2)
			}
		}
		for _, text := range []string{"fore", "soft", "valid", "violation", "unknown", "link"} {
			for _, on := range []string{"back", "card"} {
				if got := inks.Contrast(colours[text], colours[on]); got < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f", page, text, on, got)
				}
			}
		}
		if paper := []string{inks.Paper.Light, inks.Paper.Dark}[i]; colours["back"] != paper {
			t.Errorf("%s: the page is %s, the paper of drawings %s", page, colours["back"], paper)
		}
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
