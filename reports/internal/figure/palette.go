package figure

import (
	"fmt"
	"image/color"

	"github.com/zklab/zklab/internal/base/inks"
)

// The colours of plots on light pages; [Figure.SVG] adds those for dark pages.
var (
	Black      = inks.Text.Colour()
	Grey       = inks.Grey.Colour()
	MiddleGrey = inks.Silver.Colour()
	Pale       = inks.Rule.Colour()
	White      = inks.Paper.Colour()
	Orange     = inks.Orange.Colour()
	Sky        = inks.Sky.Colour()
	Green      = inks.Green.Colour()
	Blue       = inks.Blue.Colour()
	Vermillion = inks.Vermillion.Colour()
	Purple     = inks.Purple.Colour()
	Rose       = inks.Rose.Colour()
	Olive      = inks.Olive.Colour()
	Violet     = inks.Violet.Colour()
)

// Tint is the look of the windows of faults: a colour that is strong enough to see and weak enough to read through,
// and a hatching.
type Tint struct {
	Colour color.NRGBA
	Hatch  hatch
}

// faded returns the colour with the given opacity, from 0 to 1.
func faded(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(opacity * 255)
	return c
}

// Css returns the colour as style sheets write it.
func Css(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// darkOf returns the colour's counterpart for dark pages; "" if it has none.
func darkOf(c color.NRGBA) string {
	for _, ink := range inks.All() {
		if ink.Light == Css(c) {
			return ink.Dark
		}
	}
	return ""
}
