//go:build real

package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/zklab/zklab/internal/testkit/browser"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/reports/onerun"
)

// browserPages writes a page of each kind, and returns their names and addresses. The histories come from the
// hermetic tests.
func browserPages(t *testing.T) map[string]string {
	t.Helper()
	bad, queue, found := t.TempDir(), t.TempDir(), t.TempDir()
	h := sample.LockRun(true)
	must.Do(t, onerun.Render(t.Context(), bad, bad, h, sample.Violated(h)))
	q := sample.Queue(20*time.Second, 3)
	must.Do(t, onerun.Render(t.Context(), queue, queue, q, sample.Result(q)))
	must.Do(t, WriteSweep(filepath.Join(found, "sweep.html"), sweptRuns()))
	must.Do(t, WriteExploration(filepath.Join(found, "explore.html"), explored()))
	return map[string]string{
		"report": "file://" + bad + "/report.html", "timeline": "file://" + bad + "/timeline.html",
		"valid": "file://" + queue + "/report.html", "queue-timeline": "file://" + queue + "/timeline.html",
		"sweep": "file://" + found + "/sweep.html", "explore": "file://" + found + "/explore.html",
	}
}

// Every page can be read and used in a narrow and in a wide window, light and dark, with the
// keyboard alone; none of its scripts fails, and the page requests nothing from any server. With
// ZKLAB_SCREENSHOTS, pictures of the pages are written into that folder.
func TestRealPages(t *testing.T) {
	b := browser.Start(t)
	for name, address := range browserPages(t) {
		for _, v := range browser.Views {
			p := b.Open(address, v)
			if strings.HasSuffix(name, "timeline") {
				p.Until("document.body.dataset.ready !== undefined")
			}
			shoot(t, p, name+" "+v.String())
			flaws := p.Flaws()
			if !v.Dark { // the keyboard does not depend on the colours
				flaws = append(flaws, p.Unreached()...)
			}
			for _, flaw := range flaws {
				t.Errorf("%s, %s: %s", name, v, flaw)
			}
			p.Close()
		}
	}
}

func shoot(t *testing.T, p *browser.Page, name string) {
	t.Helper()
	folder := os.Getenv("ZKLAB_SCREENSHOTS")
	if folder == "" {
		return
	}
	must.Do(t, os.WriteFile(filepath.Join(folder, strings.ReplaceAll(name, " ", "-")+".png"), p.Screenshot(), 0o644))
}

// The timeline is moved, searched and read with the keyboard alone.
func TestRealTimelineKeys(t *testing.T) {
	p := browser.Start(t).Open(browserPages(t)["timeline"], browser.Views[2])
	p.Until("document.body.dataset.ready !== undefined")
	p.Click("#canvas")
	seen := func() float64 { t.Helper(); return browser.Eval[float64](p, "view.b - view.a") }
	p.Press("0")
	all := seen()
	p.Press("+")
	if now := seen(); now > 0.51*all {
		t.Errorf("+ shows %v of %v", now, all)
	}
	from := browser.Eval[float64](p, "view.a")
	p.Press(kb.ArrowRight)
	if now := browser.Eval[float64](p, "view.a"); now <= from {
		t.Errorf("the arrow moves from %v to %v", from, now)
	}
	p.Press("v")
	if text := browser.Eval[string](p, "document.getElementById('reason').textContent"); !strings.Contains(text, "exclusion") {
		t.Errorf("v tells %q", text)
	}
	p.Press("n")
	facts := browser.Eval[string](p, "document.getElementById('facts').innerText")
	for _, fact := range []string{"client", "session", "line"} {
		if !strings.Contains(facts, fact) {
			t.Errorf("the next operation has no %s: %q", fact, facts)
		}
	}
	every := browser.Eval[string](p, "document.getElementById('matches').textContent")
	p.Press("/release" + kb.Enter)
	p.Until("document.getElementById('matches').textContent.includes('match')")
	if now := browser.Eval[string](p, "document.getElementById('matches').textContent"); now == every {
		t.Errorf("the search for releases leaves %q", now)
	}
	if facts := browser.Eval[string](p, "document.getElementById('facts').innerText"); !strings.Contains(facts, "release") {
		t.Errorf("Enter goes to %q", facts)
	}
	if at := browser.Eval[string](p, "document.activeElement.id"); at != "canvas" {
		t.Errorf("Enter leaves the focus at %q", at)
	}
	p.Press(kb.Escape)
	if !browser.Eval[bool](p, "document.getElementById('known').hidden") {
		t.Error("Escape does not close what is known of a bar")
	}
}
