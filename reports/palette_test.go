package reports

import (
	"image/color"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/reports/internal/sample"
)

// A colour means an outcome, a client or a fault, and never two of these.
func TestPalettesDoNotMeet(t *testing.T) {
	of := map[string][]color.NRGBA{"clients": clientColours}
	for _, o := range outcomes {
		of["outcomes"] = append(of["outcomes"], o.colour)
	}
	for _, tint := range faultTints {
		of["faults"] = append(of["faults"], tint.colour)
	}
	meaning := map[color.NRGBA]string{}
	for name, colours := range of {
		for _, c := range colours {
			if other := meaning[c]; other != "" && other != name {
				t.Errorf("%s is one of the %s and one of the %s", css(c), other, name)
			}
			meaning[c] = name
		}
	}
}

// Who sees no colours tells kinds of faults apart by their hatching.
func TestNeighboursAreHatchedDifferently(t *testing.T) {
	seen := map[tint]bool{}
	for i, tint := range faultTints {
		if seen[tint] || tint.hatch == plain || i > 0 && i%4 != 0 && faultTints[i-1].hatch == tint.hatch {
			t.Errorf("%d: %v", i, tint)
		}
		seen[tint] = true
	}
	area := vg.Rectangle{Min: vg.Point{X: 10, Y: 20}, Max: vg.Point{X: 50, Y: 120}}
	for h := rising; h <= crossed; h++ {
		lines := h.lines(area)
		if len(lines) < 5 {
			t.Errorf("hatching %d has %d lines", h, len(lines))
		}
		for _, p := range points(lines) {
			if p.X < 10 || p.X > 50 || p.Y < 20 || p.Y > 120 {
				t.Errorf("hatching %d leaves the area: %v", h, p)
			}
		}
	}
}

func points(lines [][2]vg.Point) (all []vg.Point) {
	for _, l := range lines {
		all = append(all, l[:]...)
	}
	return all
}

// Phases are explained where they stand.
func TestPhasesAreExplained(t *testing.T) {
	h := shortRun()
	svg := string(overviewFigure(newMaterial("", h, sample.Result(h))).svg())
	for _, text := range []string{">heal: faults undone<", ">quiesce: final reads<"} {
		if !strings.Contains(svg, text) {
			t.Errorf("no %s", text)
		}
	}
}

// The name of a panel stands above its data and hides none of them.
func TestNamesOfPanelsHideNothing(t *testing.T) {
	f := &figure{xMax: 1, xTicks: linearTicks{2}}
	for _, name := range []string{"", "acquire"} {
		p := newPanel()
		p.Y.Min, p.Y.Max = 0, 1
		f.panels = append(f.panels, panel{name: name, plot: p, height: 50})
	}
	if got := f.whole(1) - f.whole(0); got != nameHeight {
		t.Errorf("a name has %v of its own", got)
	}
}

// A kind looks alike in all plots of a run, in whatever order they name the kinds.
func TestKindsKeepTheirLook(t *testing.T) {
	a, b := tints([]string{"kill", "crash", "pause"}), tints([]string{"crash", "pause", "kill"})
	for kind, look := range a {
		if b[kind] != look {
			t.Errorf("%s: %v and %v", kind, look, b[kind])
		}
	}
}
