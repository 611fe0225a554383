package reports

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// band is a stretch of the x axis to shade, in units of the axis.
type band struct {
	from, until float64
	tint
	name    string // shown above it where there is room
	group   string // shown in the legend
	outline bool   // a fault that was not seen to take effect: only its edges
}

// rule is an instant of the x axis to mark, such as the beginning of a phase.
type rule struct {
	at     float64
	name   string
	colour color.NRGBA // the zero value: grey
}

// tintOpacity keeps the shading of windows lighter than any data.
const tintOpacity = 0.25

// thinnest is the least width at which a band can be seen.
const thinnest = 1.5

// shade draws the bands and rules behind a panel's data.
type shade struct {
	bands []band
	rules []rule
}

// Plot implements plot.Plotter.
func (s shade) Plot(c draw.Canvas, p *plot.Plot) {
	for _, b := range s.bands {
		left, right := b.place(c, p)
		if b.outline {
			edge := draw.LineStyle{Color: faded(b.colour, 0.8), Width: vg.Points(0.6), Dashes: []vg.Length{2, 2}}
			c.StrokeLine2(edge, left, c.Min.Y, left, c.Max.Y)
			c.StrokeLine2(edge, right, c.Min.Y, right, c.Max.Y)
			continue
		}
		b.fill(c, vg.Rectangle{Min: vg.Point{X: left, Y: c.Min.Y}, Max: vg.Point{X: right, Y: c.Max.Y}})
	}
	for _, r := range s.rules {
		dashed := draw.LineStyle{Color: grey, Width: vg.Points(0.6), Dashes: []vg.Length{4, 3}}
		if r.colour != (color.NRGBA{}) {
			dashed = draw.LineStyle{Color: r.colour, Width: vg.Points(1.2)}
		}
		if x := c.X(p.X.Norm(r.at)); c.ContainsX(x) {
			c.StrokeLine2(dashed, x, c.Min.Y, x, c.Max.Y)
		}
	}
}

// place is where the band lies on the canvas.
func (b band) place(c draw.Canvas, p *plot.Plot) (left, right vg.Length) {
	left, right = c.X(p.X.Norm(b.from)), c.X(p.X.Norm(b.until))
	if right-left < thinnest {
		middle := (left + right) / 2
		left, right = middle-thinnest/2, middle+thinnest/2
	}
	return max(left, c.Min.X), min(right, c.Max.X)
}

func rectangle(left, bottom, right, top vg.Length) []vg.Point {
	return []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}}
}
