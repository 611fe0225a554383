package reports

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
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

// radius is smaller for what is common.
func (o outcomeStyle) radius() vg.Length {
	if o.outcome == history.OK {
		return vg.Points(1.5)
	}
	return vg.Points(2.6)
}
