package reports

import (
	"fmt"
	"image/color"

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

// tint is the look of the windows of faults: a colour that is strong enough to see and weak enough to read through,
// and a hatching.
type tint struct {
	colour color.NRGBA
	hatch  hatch
}

// faded is the colour with the given opacity, from 0 to 1.
func faded(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(opacity * 255)
	return c
}

// css is the colour as style sheets write it.
func css(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// darkOf is the partner of a colour on dark pages; "" if it has none.
func darkOf(c color.NRGBA) string {
	for _, ink := range inks.All() {
		if ink.Light == css(c) {
			return ink.Dark
		}
	}
	return ""
}
