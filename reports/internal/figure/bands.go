package figure

import (
	"cmp"
	"math"
	"slices"

	"github.com/zklab/zklab/reports/internal/looks"
)

// Overlapping reports whether some of the bands overlap, so that shades alone cannot tell them apart.
func Overlapping(bands []Band) bool {
	end := math.Inf(-1)
	for _, b := range byStart(bands) {
		if b.From < end {
			return true
		}
		end = b.Until
	}
	return false
}

func byStart(bands []Band) []Band {
	return slices.SortedStableFunc(slices.Values(bands), func(a, b Band) int { return cmp.Compare(a.From, b.From) })
}

// shading returns the bands that shade the panels: the windows, or the periods in which any
// effective fault lasts.
func (f *Figure) shading() []Band {
	if !f.Bars {
		return f.Bands
	}
	var out []Band
	for _, b := range byStart(f.Bands) {
		if b.Outline {
			continue
		}
		if last := len(out) - 1; last >= 0 && b.From <= out[last].Until {
			out[last].Until = max(out[last].Until, b.Until)
			continue
		}
		out = append(out, Band{From: b.From, Until: b.Until, Tint: looks.Tint{Colour: looks.Grey}})
	}
	return out
}
