package reports

import (
	"bytes"
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/reports/internal/sample"
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
		svg := must.Get(base64.StdEncoding.DecodeString(html.UnescapeString(string(m[1]))))(t)
		if !bytes.Contains(svg, []byte("prefers-color-scheme:dark")) || len(m[2]) < 10 {
			t.Errorf("%q has no dark colours, or no words", m[2])
		}
	}
}
