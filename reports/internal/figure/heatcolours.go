package figure

import (
	"image/color"

	"gonum.org/v1/plot/palette/brewer"

	"github.com/zklab/zklab/internal/base/inks"
	"github.com/zklab/zklab/reports/internal/looks"
)

// HeatColours rise in darkness, also without their hue: ColorBrewer's YlGnBu, which people with any
// of the common colour deficiencies can read. The lightest are left out, since paper is white.
var HeatColours = func() (colours []color.NRGBA) {
	const lightest = 2
	p, err := brewer.GetPalette(brewer.TypeSequential, "YlGnBu", 9)
	if err != nil {
		panic(err) // it is built in
	}
	for _, c := range p.Colors()[lightest:] {
		colours = append(colours, color.NRGBAModel.Convert(c).(color.NRGBA))
	}
	return colours
}()

// heatInks gives HeatColours their counterparts on dark pages, in reverse order: a colour that is
// far from white becomes one that is far from black.
var heatInks = func() (all []inks.Ink) {
	for i, c := range HeatColours {
		all = append(all, inks.Ink{Light: looks.Css(c), Dark: looks.Css(HeatColours[len(HeatColours)-1-i])})
	}
	return all
}()
