package reports

import (
	"bytes"
	"testing"
	"time"

	"github.com/zklab/zklab/reports/internal/material"
	"github.com/zklab/zklab/reports/internal/plots"
	"github.com/zklab/zklab/reports/internal/sample"
	"github.com/zklab/zklab/reports/internal/words"
)

// The page has the means, and the figure has a point for each number of contenders and the line
// of a complete herd.
func TestCostOnThePage(t *testing.T) {
	h := sample.Lock{Length: 5 * time.Second, Clients: 5, Keys: 1, Seed: 3}.History()
	r := sample.Result(h)
	files := render(t, h, r)
	for _, text := range []string{`<table id="cost">`, `<td class="number">300</td>`, words.Capital(words.Herd(r.Stats.Cost.Herd)) + "."} {
		if !bytes.Contains(files["report.html"], []byte(text)) {
			t.Errorf("the page does not have %q", text)
		}
	}
	f, absent := plots.HerdFigure(material.Of("", h, r))
	if f == nil {
		t.Fatal(absent)
	}
	points := r.Stats.Cost.Herd.ByContenders
	if most := points[len(points)-1].Contenders; most < 3 || f.XMax != float64(most)+0.5 {
		t.Errorf("%d contenders on an axis to %v", most, f.XMax)
	}
}
