package looks

import (
	"image/color"
	"slices"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
)

// Outcomes, clients and faults take their colours from palettes that have no colour in common.
// Outcomes differ in shape as well, and faults in their hatching.

// ClientColours tell clients apart; they repeat after the last.
var ClientColours = []color.NRGBA{Blue, Green, Purple, Sky, Black}

// ClientColour returns the colour of a client.
func ClientColour(client int) color.NRGBA {
	n := len(ClientColours)
	return ClientColours[(client%n+n)%n]
}

// Outcomes in the order in which they are listed, and the name and the colour of each. What succeeded is grey, so that
// the others stand out.
var Outcomes = []outcomeStyle{
	{history.OK, "ok", MiddleGrey},
	{history.Fail, "failed (no effect)", Vermillion},
	{history.Info, "unknown", Orange},
}

type outcomeStyle struct {
	Outcome history.Type
	Name    string
	Colour  color.NRGBA
}

// FaultTints are the looks of kinds of faults. Neighbours differ in colour and in hatching.
var FaultTints = []Tint{
	{Colour: Rose, Hatch: Rising},
	{Colour: Olive, Hatch: Falling},
	{Colour: Violet, Hatch: Level},
	{Colour: Rose, Hatch: Crossed},
	{Colour: Olive, Hatch: Rising},
	{Colour: Violet, Hatch: Falling},
	{Colour: Rose, Hatch: Level},
	{Colour: Olive, Hatch: Crossed},
}

// Tints returns the tint of each kind of fault. The common kinds have the same one in all runs, the
// others within a run.
func Tints(of []string) map[string]Tint {
	out := map[string]Tint{}
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
