package reports

import (
	"image/color"
	"testing"
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
