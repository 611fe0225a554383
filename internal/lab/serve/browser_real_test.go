//go:build real

package serve

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/browser"
	"github.com/zklab/zklab/store"
)

// browsed returns a store with one entry of each kind, a run under way, an unreadable run and hostile text, served as
// by zklab serve.
func browsed(t *testing.T) (f *fixture, address string, runs []string) {
	t.Helper()
	f = newFixture(t)
	runs = append(runs, f.run("lock", "2026-01-02T15:04:05Z", store.Experiment{Subject: hostile, Settings: labelled(hostile)}, checker.Violation))
	runs = append(runs, f.run("lock", "2026-01-03T15:04:05Z", store.Experiment{Subject: "zklab"}, checker.Valid))
	_, sweep := f.sweep(10_000, 4000)
	going, r := f.begun("lock", time.Now())
	r.Record(history.Event{Process: 1, Client: 1, Type: history.Invoke, F: models.FAcquire, Key: "k", Session: 0x10a, Alive: r.Now()})
	runs = append(runs, sweep, going)
	broken := filepath.Join(f.dir, "lock", "broken")
	check(t, os.MkdirAll(broken, 0o755), os.WriteFile(filepath.Join(broken, "result.json"), []byte("{"), 0o644))
	server := httptest.NewServer(f.s.Handler())
	t.Cleanup(server.Close)
	return f, server.URL, runs
}

// The pages can be read in narrow and wide windows with light and dark colours, and used with the keyboard
// alone. If ZKLAB_SCREENSHOTS names a folder, screenshots are written into it.
func TestRealServedPages(t *testing.T) {
	_, address, runs := browsed(t)
	pages := map[string]string{
		"list": "/", "findings": "/findings", "nothing": "/?q=nothing+has+this", "missing": "/run/lock/none",
		"violated": "/run/" + runs[0], "sweep": "/run/" + runs[2], "going": "/run/" + runs[3],
		"delete": "/delete?run=" + runs[1], "compare": "/compare?run=" + runs[0] + "&run=" + runs[1],
	}
	b := browser.Start(t)
	for name, path := range pages {
		for _, v := range browser.Views {
			p := b.Open(address+path, v)
			if folder := os.Getenv("ZKLAB_SCREENSHOTS"); folder != "" {
				check(t, os.WriteFile(filepath.Join(folder, "serve-"+name+"-"+strings.ReplaceAll(v.String(), " ", "-")+".png"), p.Screenshot(), 0o644))
			}
			flaws := p.Flaws()
			if !v.Dark { // colours do not matter for the keyboard
				flaws = append(flaws, p.Unreached()...)
			}
			for _, flaw := range flaws {
				if name == "missing" && strings.Contains(flaw, "404") {
					continue // the test requests this answer on purpose, and the browser logs it
				}
				t.Errorf("%s, %s: %s", name, v, flaw)
			}
			p.Close()
		}
	}
}

// Two runs are ticked and compared, and one is deleted, with the keyboard alone; the list updates itself.
func TestRealServedByKeyboard(t *testing.T) {
	f, address, runs := browsed(t)
	p := browser.Start(t).Open(address+"/", browser.Views[2])
	tabTo := func(selector string) {
		t.Helper()
		for range 100 {
			if browser.Eval[bool](p, "document.activeElement.matches(`"+selector+"`)") {
				return
			}
			p.Press(kb.Tab)
		}
		t.Fatalf("Tab does not lead to %s", selector)
	}
	tabTo("input[value='" + runs[1] + "']")
	p.Press(" ")
	tabTo("input[value='" + runs[0] + "']")
	p.Press(" ")
	tabTo("#actions button[formaction='/compare']")
	p.Press(kb.Enter)
	p.Until("location.pathname === '/compare' && document.readyState === 'complete'")
	browser.Eval[any](p, "setTimeout(() => history.back())") // after the answer, which is that of this page
	p.Until("location.pathname === '/' && document.readyState === 'complete' && document.querySelectorAll('input[name=run]:checked').length === 2")
	tabTo("input[value='" + runs[0] + "']")
	p.Press(" ")
	tabTo("#actions button[formaction='/delete']")
	p.Press(kb.Enter)
	p.Until("location.pathname === '/delete' && document.readyState === 'complete'")
	tabTo("button.danger")
	p.Press(kb.Enter)
	p.Until("location.pathname === '/' && document.readyState === 'complete'")
	if _, err := os.Stat(filepath.Join(f.dir, runs[1])); !os.IsNotExist(err) {
		t.Errorf("the run is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(f.dir, runs[0])); err != nil {
		t.Error(err)
	}
	f.run("queue", "2026-01-04T15:04:05Z", store.Experiment{Subject: "fresh"}, checker.Valid)
	p.Until("document.body.innerText.includes('fresh')")
}
