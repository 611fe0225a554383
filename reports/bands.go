package reports

import (
	"cmp"
	"math"
	"slices"
)

// overlapping reports whether some of the bands overlap, so that shades alone cannot tell them apart.
func overlapping(bands []band) bool {
	end := math.Inf(-1)
	for _, b := range byStart(bands) {
		if b.from < end {
			return true
		}
		end = b.until
	}
	return false
}

func byStart(bands []band) []band {
	return slices.SortedStableFunc(slices.Values(bands), func(a, b band) int { return cmp.Compare(a.from, b.from) })
}

// shading returns what shades the panels: the windows, or the periods in which any effective fault
// lasts.
func (f *figure) shading() []band {
	if !f.bars {
		return f.bands
	}
	var out []band
	for _, b := range byStart(f.bands) {
		if b.outline {
			continue
		}
		if last := len(out) - 1; last >= 0 && b.from <= out[last].until {
			out[last].until = max(out[last].until, b.until)
			continue
		}
		out = append(out, band{from: b.from, until: b.until, tint: tint{colour: grey}})
	}
	return out
}
