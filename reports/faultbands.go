package reports

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/zklab/zklab/stats"
)

// band returns the shading of a fault's window.
func (m *material) band(w stats.Window, u timeUnit, colours map[string]tint) band {
	name := w.Spec
	if name == "" {
		name = w.Kind
	}
	group := "fault: " + label(w.Kind, 24)
	if !w.Verified {
		group = ""
	}
	return band{
		from: u.of(w.From), until: u.of(w.Until), tint: colours[w.Kind],
		name: "#" + strconv.Itoa(w.Fault) + " " + label(name, 28), group: group, outline: !w.Verified,
	}
}

// tooMany reports whether shades alone cannot tell windows apart: windows overlap, or there are
// more kinds than colours.
func tooMany(bands []band, kinds int) bool {
	if kinds > len(faultTints) {
		return true
	}
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
