package figure

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/zklab/zklab/reports/internal/looks"
)

// Band is a stretch of the x axis to shade, in units of the axis.
type Band struct {
	From, Until float64
	looks.Tint
	Name    string // shown above it where there is room
	Group   string // shown in the legend
	Outline bool   // a fault that was not seen to take effect: only its edges
}

// Rule is an instant of the x axis to mark, such as the beginning of a phase.
type Rule struct {
	At     float64
	Name   string
	Colour color.NRGBA // the zero value: grey
}

// tintOpacity keeps the shading of windows lighter than any data.
const tintOpacity = 0.25

// thinnest is the least width at which a band can be seen.
const thinnest = 1.5

// shade draws the bands and rules behind a panel's data.
type shade struct {
	bands []Band
	rules []Rule
}

// Plot implements plot.Plotter.
func (s shade) Plot(c draw.Canvas, p *plot.Plot) {
	for _, b := range s.bands {
		left, right := b.place(c, p)
		if b.Outline {
			edge := draw.LineStyle{Color: faded(b.Colour, 0.8), Width: vg.Points(0.6), Dashes: []vg.Length{2, 2}}
			c.StrokeLine2(edge, left, c.Min.Y, left, c.Max.Y)
			c.StrokeLine2(edge, right, c.Min.Y, right, c.Max.Y)
			continue
		}
		fill(c, b.Tint, vg.Rectangle{Min: vg.Point{X: left, Y: c.Min.Y}, Max: vg.Point{X: right, Y: c.Max.Y}})
	}
	for _, r := range s.rules {
		dashed := draw.LineStyle{Color: looks.Grey, Width: vg.Points(0.6), Dashes: []vg.Length{4, 3}}
		if r.Colour != (color.NRGBA{}) {
			dashed = draw.LineStyle{Color: r.Colour, Width: vg.Points(1.2)}
		}
		if x := c.X(p.X.Norm(r.At)); c.ContainsX(x) {
			c.StrokeLine2(dashed, x, c.Min.Y, x, c.Max.Y)
		}
	}
}

// place returns where the band lies on the canvas.
func (b Band) place(c draw.Canvas, p *plot.Plot) (left, right vg.Length) {
	left, right = c.X(p.X.Norm(b.From)), c.X(p.X.Norm(b.Until))
	if right-left < thinnest {
		middle := (left + right) / 2
		left, right = middle-thinnest/2, middle+thinnest/2
	}
	return max(left, c.Min.X), min(right, c.Max.X)
}

// Rectangle returns the corners of a rectangle.
func Rectangle(left, bottom, right, top vg.Length) []vg.Point {
	return []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}}
}
