package reports

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/inks"
)

// The colours of plots, as light pages have them; svg adds those of dark ones.
var (
	black      = inks.Text.Colour()
	grey       = inks.Grey.Colour()
	middleGrey = inks.Silver.Colour()
	pale       = inks.Rule.Colour()
	white      = inks.Paper.Colour()
	orange     = inks.Orange.Colour()
	sky        = inks.Sky.Colour()
	green      = inks.Green.Colour()
	blue       = inks.Blue.Colour()
	vermillion = inks.Vermillion.Colour()
	purple     = inks.Purple.Colour()
	rose       = inks.Rose.Colour()
	olive      = inks.Olive.Colour()
	violet     = inks.Violet.Colour()
)

// Outcomes, clients and faults take their colours from palettes that do not meet. Outcomes differ in shape as well,
// and faults in their hatching.

// clientColours tell clients apart; they repeat after the last.
var clientColours = []color.NRGBA{blue, green, purple, sky, black}

func clientColour(client int) color.NRGBA {
	n := len(clientColours)
	return clientColours[(client%n+n)%n]
}

// outcomes in the order in which they are listed, and how each is called and drawn. What succeeded is grey, so that
// the others stand out.
var outcomes = []outcomeStyle{
	{history.OK, "ok", middleGrey, diamond},
	{history.Fail, "failed (no effect)", vermillion, cross},
	{history.Info, "unknown", orange, triangle},
}

type outcomeStyle struct {
	outcome history.Type
	name    string
	colour  color.NRGBA
	mark    mark
}

// tint is the look of the windows of faults: a colour that is strong enough to see and weak enough to read through,
// and a hatching.
type tint struct {
	colour color.NRGBA
	hatch  hatch
}

// faultTints are those of kinds of faults. Neighbours differ in both.
var faultTints = []tint{
	{rose, rising},
	{olive, falling},
	{violet, level},
	{rose, crossed},
	{olive, rising},
	{violet, falling},
	{rose, level},
	{olive, crossed},
}

// tints gives each kind of fault its look. The common kinds keep theirs from run to run, the others within a run.
func tints(of []string) map[string]tint {
	out := map[string]tint{}
	var order []string
	for _, k := range kinds.All() {
		if k.Common {
			order = append(order, k.Name)
		}
	}
	for _, k := range slices.Sorted(slices.Values(of)) {
		if !slices.Contains(order, k) {
			order = append(order, k)
		}
	}
	for i, k := range order {
		out[k] = faultTints[i%len(faultTints)]
	}
	return out
}

// faded is the colour with the given opacity, from 0 to 1.
func faded(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(opacity * 255)
	return c
}

// css is the colour as style sheets write it.
func css(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// radius is smaller for what is common.
func (o outcomeStyle) radius() vg.Length {
	if o.outcome == history.OK {
		return vg.Points(1.5)
	}
	return vg.Points(2.6)
}

// darkOf is the partner of a colour on dark pages; "" if it has none.
func darkOf(c color.NRGBA) string {
	for _, ink := range inks.All() {
		if ink.Light == css(c) {
			return ink.Dark
		}
	}
	return ""
}
