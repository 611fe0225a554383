package reports

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// brokenLine joins points that are neighbours, and leaves gaps open: a line
// over a gap would show values where there were none.
type brokenLine struct {
	at     plotter.XYs
	gap    float64
	colour color.Color
}

// Plot implements plot.Plotter.
func (b brokenLine) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var path vg.Path
	for i, pt := range b.at {
		at := vg.Point{X: x(pt.X), Y: y(pt.Y)}
		if i == 0 || pt.X-b.at[i-1].X > b.gap {
			path.Move(at)
		} else {
			path.Line(at)
		}
	}
	c.SetLineStyle(draw.LineStyle{Color: b.colour, Width: vg.Points(1.2)})
	c.Stroke(path)
}
