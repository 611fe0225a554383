package figure

import (
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/reports/internal/looks"
)

// hatchGap is between the lines of a hatching, in points.
const hatchGap = 6

// fill fills a rectangle of a canvas with the colour and the lines of a tint.
func fill(c draw.Canvas, t looks.Tint, r vg.Rectangle) {
	c.FillPolygon(faded(t.Colour, tintOpacity), Rectangle(r.Min.X, r.Min.Y, r.Max.X, r.Max.Y))
	var path vg.Path // one for all lines: a path for each would make large files
	for _, l := range hatching(t.Hatch, r) {
		path.Move(l[0])
		path.Line(l[1])
	}
	if len(path) > 0 {
		c.SetLineStyle(draw.LineStyle{Color: faded(t.Colour, 2*tintOpacity), Width: vg.Points(0.6)})
		c.Stroke(path)
	}
}

// hatching returns the lines of a hatching within a rectangle.
func hatching(h looks.Hatch, r vg.Rectangle) (all [][2]vg.Point) {
	w, height := r.Max.X-r.Min.X, r.Max.Y-r.Min.Y
	switch h {
	case looks.Level:
		for y := r.Min.Y + hatchGap/2; y < r.Max.Y; y += hatchGap {
			all = append(all, [2]vg.Point{{X: r.Min.X, Y: y}, {X: r.Max.X, Y: y}})
		}
	case looks.Crossed:
		return append(hatching(looks.Rising, r), hatching(looks.Falling, r)...)
	case looks.Rising, looks.Falling:
		// A line enters at the bottom or at the left, at an offset along both edges.
		for at := vg.Length(hatchGap); at < w+height; at += 1.5 * hatchGap {
			from, to := vg.Point{X: max(0, at-height), Y: min(at, height)}, vg.Point{X: min(at, w), Y: max(0, at-w)}
			if h == looks.Rising {
				from.Y, to.Y = height-from.Y, height-to.Y
			}
			all = append(all, [2]vg.Point{{X: r.Min.X + from.X, Y: r.Min.Y + from.Y}, {X: r.Min.X + to.X, Y: r.Min.Y + to.Y}})
		}
	}
	return all
}

// faded returns the colour with the given opacity, from 0 to 1.
func faded(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(opacity * 255)
	return c
}
