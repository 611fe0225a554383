package looks

import (
	"image/color"
	"testing"
)

// A colour means an outcome, a client or a fault, and never two of these.
func TestPalettesDoNotMeet(t *testing.T) {
	of := map[string][]color.NRGBA{"clients": ClientColours}
	for _, o := range Outcomes {
		of["outcomes"] = append(of["outcomes"], o.Colour)
	}
	for _, tint := range FaultTints {
		of["faults"] = append(of["faults"], tint.Colour)
	}
	meaning := map[color.NRGBA]string{}
	for name, colours := range of {
		for _, c := range colours {
			if other := meaning[c]; other != "" && other != name {
				t.Errorf("%s is one of the %s and one of the %s", Css(c), other, name)
			}
			meaning[c] = name
		}
	}
}

// Readers who see no colours can tell kinds of faults apart by their hatching.
func TestNeighboursAreHatchedDifferently(t *testing.T) {
	seen := map[Tint]bool{}
	for i, tint := range FaultTints {
		if seen[tint] || tint.Hatch == Plain || i > 0 && i%4 != 0 && FaultTints[i-1].Hatch == tint.Hatch {
			t.Errorf("%d: %v", i, tint)
		}
		seen[tint] = true
	}
}

// A kind of fault looks the same in all plots of a run, in whatever order they name the
// kinds.
func TestKindsKeepTheirLook(t *testing.T) {
	a, b := Tints([]string{"kill", "crash", "pause"}), Tints([]string{"crash", "pause", "kill"})
	for kind, look := range a {
		if b[kind] != look {
			t.Errorf("%s: %v and %v", kind, look, b[kind])
		}
	}
}
