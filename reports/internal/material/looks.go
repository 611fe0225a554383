package material

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/reports/internal/figure"
)

// Outcomes, clients and faults take their colours from palettes that have no colour in common.
// Outcomes differ in shape as well, and faults in their hatching.

// ClientColours tell clients apart; they repeat after the last.
var ClientColours = []color.NRGBA{figure.Blue, figure.Green, figure.Purple, figure.Sky, figure.Black}

// ClientColour returns the colour of a client.
func ClientColour(client int) color.NRGBA {
	n := len(ClientColours)
	return ClientColours[(client%n+n)%n]
}

// Outcomes in the order in which they are listed, and how each is called and drawn. What succeeded is grey, so that
// the others stand out.
var Outcomes = []outcomeStyle{
	{history.OK, "ok", figure.MiddleGrey, figure.Diamond},
	{history.Fail, "failed (no effect)", figure.Vermillion, figure.Cross},
	{history.Info, "unknown", figure.Orange, figure.Triangle},
}

type outcomeStyle struct {
	Outcome history.Type
	Name    string
	Colour  color.NRGBA
	Mark    figure.Mark
}

// FaultTints are the looks of kinds of faults. Neighbours differ in colour and in hatching.
var FaultTints = []figure.Tint{
	{Colour: figure.Rose, Hatch: figure.Rising},
	{Colour: figure.Olive, Hatch: figure.Falling},
	{Colour: figure.Violet, Hatch: figure.Level},
	{Colour: figure.Rose, Hatch: figure.Crossed},
	{Colour: figure.Olive, Hatch: figure.Rising},
	{Colour: figure.Violet, Hatch: figure.Falling},
	{Colour: figure.Rose, Hatch: figure.Level},
	{Colour: figure.Olive, Hatch: figure.Crossed},
}

// Tints returns the tint of each kind of fault. The common kinds have the same one in all runs, the
// others within a run.
func Tints(of []string) map[string]figure.Tint {
	out := map[string]figure.Tint{}
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
		out[k] = FaultTints[i%len(FaultTints)]
	}
	return out
}

// Radius returns the radius of a dot, which is smaller for a common outcome.
func (o outcomeStyle) Radius() vg.Length {
	if o.Outcome == history.OK {
		return vg.Points(1.5)
	}
	return vg.Points(2.6)
}
