package reports

import (
	"html"
	"regexp"
	"strconv"
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
	const want = "acquires that met a holder: 232, held for certain: 16.5 s, keys: 3, longest stale: 12 ms, longest wait: 1.25 s, share of the held time that is certain: 97.5 %"
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
