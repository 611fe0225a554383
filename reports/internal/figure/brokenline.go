package figure

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// BrokenLine joins points that are neighbours, and leaves gaps open: a line
// over a gap would show values where there were none.
type BrokenLine struct {
	At     plotter.XYs
	Gap    float64
	Colour color.Color
}

// Plot implements plot.Plotter.
func (b BrokenLine) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var path vg.Path
	for i, pt := range b.At {
		at := vg.Point{X: x(pt.X), Y: y(pt.Y)}
		if i == 0 || pt.X-b.At[i-1].X > b.Gap {
			path.Move(at)
		} else {
			path.Line(at)
		}
	}
	c.SetLineStyle(draw.LineStyle{Color: b.Colour, Width: vg.Points(1.2)})
	c.Stroke(path)
}
