//go:build campaign

package timeline

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/sample"
)

// TestTimelineOfAMillion opens the timeline of a million operations in headless Chromium. The
// timeline must appear within five seconds, with a heap of at most 300 MB. With ZKLAB_TIMELINE the
// page is written there.
func TestTimelineOfAMillion(t *testing.T) {
	short := sample.Lock{Length: 20 * time.Second, Clients: 40, Keys: 60, Faults: true, Broken: true, Seed: 7}
	short.Length = time.Duration(float64(short.Length) * 1e6 / float64(len(short.History().Operations())))
	h := short.History()
	m := material.Of("", h, sample.Violated(h))
	began := time.Now()
	page := must.Get(Page(m, ""))(t)
	t.Logf("%d operations, %d bytes, made in %s", len(h.Operations()), len(page), time.Since(began))
	path := os.Getenv("ZKLAB_TIMELINE")
	if path == "" {
		path = filepath.Join(t.TempDir(), "timeline.html")
	}
	ready := []byte("document.body.dataset.ready =")
	page = bytes.Replace(page, ready, append([]byte("document.body.dataset.heap = performance.memory.usedJSHeapSize; "), ready...), 1)
	must.Do(t, os.WriteFile(path, page, 0o644))
	dom, err := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-precise-memory-info", "--user-data-dir="+t.TempDir(),
		"--window-size=1400,1000", "--timeout=15000", "--dump-dom", "file://"+path).Output()
	if err != nil {
		t.Fatal(err)
	}
	number := func(name string) int {
		found := regexp.MustCompile(` data-` + name + `="(\d+)"`).FindSubmatch(dom)
		if found == nil {
			t.Fatalf("the page has no %s: %.2000s", name, dom)
		}
		n, _ := strconv.Atoi(string(found[1]))
		return n
	}
	t.Logf("ready after %d ms, heap %d MB", number("ready"), number("heap")/1e6)
	if number("ready") > 5000 || number("heap") > 300e6 {
		t.Error("that is too much")
	}
}
