package figure

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/reports/internal/looks"
)

// textStyle returns the style in the one font of all plots, so that an SVG embeds only one file. The
// font is read from the binary, never from the machine.
func textStyle(size float64, c color.Color) text.Style {
	return text.Style{
		Color:   c,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(size)},
		Handler: plot.DefaultTextHandler,
	}
}

// NewPanel returns a plot in the house style.
func NewPanel() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		label, tick := a.Label.TextStyle, a.Tick.Label
		label.Font, tick.Font = textStyle(10, looks.Black).Font, textStyle(9, looks.Black).Font
		label.Color, tick.Color = looks.Black, looks.Black
		a.Label.TextStyle, a.Tick.Label = label, tick
		a.LineStyle.Color, a.Tick.LineStyle.Color = looks.Grey, looks.Grey
		a.Tick.Length = vg.Points(5)
		a.Padding = 0
		a.Label.Padding = vg.Points(4)
	}
	p.Title.TextStyle = textStyle(10, looks.Black)
	return p
}
