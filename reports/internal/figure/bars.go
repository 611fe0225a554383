package figure

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/reports/internal/looks"
)

// AddBar draws a horizontal bar.
func AddBar(p *plot.Plot, y, from, until float64, colour color.NRGBA) {
	const half = 0.32
	bar, err := plotter.NewPolygon(plotter.XYs{{X: from, Y: y - half}, {X: until, Y: y - half}, {X: until, Y: y + half}, {X: from, Y: y + half}})
	if err != nil || until <= from {
		return
	}
	bar.Color, bar.LineStyle.Color, bar.LineStyle.Width = colour, looks.White, vg.Points(0.5)
	p.Add(bar)
}
