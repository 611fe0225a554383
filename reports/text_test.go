package reports

import (
	"cmp"
	"html"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/reports/internal/sample"
)

// Every text of every plot says how long it is, and lies within the plot, in whatever
// font a browser draws it: where the plot's own is missing others are wider.
func TestTextsOfPlotsKeepTheirRoom(t *testing.T) {
	whole := regexp.MustCompile(`(?s)<text ([^>]*)>([^<]*)</text>`)
	attribute := func(of, name string) (float64, bool) {
		m := regexp.MustCompile(`\b` + name + `="(-?[0-9.]+)"`).FindStringSubmatch(of)
		if m == nil {
			return 0, false
		}
		v, err := strconv.ParseFloat(m[1], 64)
		return v, err == nil
	}
	for _, length := range []time.Duration{2 * time.Second, 15 * time.Second, 3 * time.Minute} {
		h := sample.Lock{Length: length, Clients: 5, Keys: 2, Faults: true, Seed: 1}.History()
		texts := 0
		for _, d := range newMaterial("", h, sample.Result(h)).plots() {
			if d.figure == nil {
				continue
			}
			for _, m := range whole.FindAllStringSubmatch(string(d.figure.svg()), -1) {
				texts++
				w, ok := attribute(m[1], "textLength")
				if !ok {
					t.Errorf("%s of %v: %q has no length", d.file, length, html.UnescapeString(m[2]))
				}
				if x, ok := attribute(m[1], "x"); ok && !regexp.MustCompile(`rotate`).MatchString(m[1]) && (x < 0 || x+w > figureWidth) {
					t.Errorf("%s of %v: %q lies from %v to %v", d.file, length, html.UnescapeString(m[2]), x, x+w)
				}
			}
		}
		if texts < 20 {
			t.Errorf("%d texts in the plots of %v", texts, length)
		}
	}
}

// Figures are told in words that somebody who has not read how a property is decided
// can do something with.
func TestFiguresInWords(t *testing.T) {
	v := checker.Verdict{Figures: map[string]float64{
		"contended": 232, "core_seconds": 16.5, "proven_share": 0.975, "longest_stale_ms": 12, "keys": 3, "longest_wait_seconds": 1.25,
	}}
	const want = "232 acquires met another holder; 16.5 s of holding was certain; 3 keys; the oldest value that was read was 12 ms old; the longest wait was 1.25 s; 97.5 % of the held time is certain"
	if got := figures(v); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The note under the title says what is left out, and of a plot that shows all nothing.
func TestNoteSaysWhatIsLeftOut(t *testing.T) {
	for model, want := range map[string]string{
		models.Lock.Name:  "From the intended start of an operation to its end. What is answered within the harness (write) is left out.",
		models.Queue.Name: "From the intended start of an operation to its end.",
	} {
		h := sample.Lock{Length: 2 * time.Second, Clients: 3, Keys: 1, Seed: 1}.History()
		if model == models.Queue.Name {
			h = sample.Queue(2*time.Second, 1)
		}
		for _, d := range newMaterial("", h, sample.Result(h)).plots() {
			if d.file == "latency" && d.figure.note != want {
				t.Errorf("%s: %s", model, d.figure.note)
			}
		}
	}
}

// Every figure that a check counts is declared in words. The checks count them by name.
func TestEveryFigureHasWords(t *testing.T) {
	counted := regexp.MustCompile(`\.(?:[cC]ount|Longest)\("([a-z_]+)"|[fF]igures\["([a-z_]+)"\]`)
	seen := map[string]bool{}
	err := filepath.WalkDir("../checker", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range counted.FindAllStringSubmatch(string(source), -1) {
			name := cmp.Or(m[1], m[2])
			seen[name] = true
			if _, ok := figureTexts[name]; !ok {
				t.Errorf("%s counts %q, which has no words", path, name)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) < 100 {
		t.Errorf("only %d figures found", len(seen))
	}
}
