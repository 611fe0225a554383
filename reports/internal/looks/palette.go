package looks

import (
	"fmt"
	"image/color"

	"github.com/zklab/zklab/internal/base/inks"
)

// The colours of plots on light pages. Drawings and style sheets add those for dark pages.
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

// OnBoth returns a colour as style sheets write it, for light and for dark pages.
func OnBoth(c color.NRGBA) string {
	if dark := darkOf(c); dark != "" {
		return fmt.Sprintf("light-dark(%s, %s)", Css(c), dark)
	}
	return Css(c)
}
