package reports

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/history"
)

// The colours are those of Okabe and Ito, "Color Universal Design" (2008),
// which people with any of the common colour deficiencies can tell apart.
var (
	black      = color.NRGBA{R: 0x22, G: 0x22, B: 0x22, A: 0xff}
	grey       = color.NRGBA{R: 0x66, G: 0x66, B: 0x66, A: 0xff}
	middleGrey = color.NRGBA{R: 0x8a, G: 0x94, B: 0x9e, A: 0xff}
	pale       = color.NRGBA{R: 0xdd, G: 0xdd, B: 0xdd, A: 0xff}
	white      = color.NRGBA{R: 0xff, G: 0xff, B: 0xff, A: 0xff}
	orange     = color.NRGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff}
	sky        = color.NRGBA{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff}
	green      = color.NRGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}
	yellow     = color.NRGBA{R: 0xf0, G: 0xe4, B: 0x42, A: 0xff}
	blue       = color.NRGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}
	vermillion = color.NRGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}
	purple     = color.NRGBA{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff}
)

// clientColours tell clients apart; they repeat after the last.
var clientColours = []color.NRGBA{blue, orange, green, purple, sky, vermillion, yellow}

func clientColour(client int) color.NRGBA {
	n := len(clientColours)
	return clientColours[(client%n+n)%n]
}

// outcomes in the order in which they are listed, and how each is called and drawn.
var outcomes = []outcomeStyle{
	{history.OK, "ok", blue, diamond},
	{history.Fail, "failed (no effect)", vermillion, cross},
	{history.Info, "unknown", orange, triangle},
}

type outcomeStyle struct {
	outcome history.Type
	name    string
	colour  color.NRGBA
	mark    mark
}

// faultTints are for the windows of faults, strong enough to see and weak
// enough to read through.
var faultTints = []color.NRGBA{grey, purple, sky, green, yellow, orange, blue, vermillion}

// tints gives each kind of fault its colour. The common kinds keep theirs from
// run to run.
func tints(of []string) map[string]color.NRGBA {
	out := map[string]color.NRGBA{}
	var order []string
	for _, k := range kinds.All() {
		if k.Common {
			order = append(order, k.Name)
		}
	}
	for _, k := range of {
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
