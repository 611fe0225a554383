package figure

import (
	"fmt"
	"html/template"
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// hatch is the direction of the lines in an area.
type hatch int

const (
	Plain hatch = iota
	Rising
	Falling
	Level
	Crossed
)

// hatchGap is between the lines of a hatching, in points.
const hatchGap = 6

// fill fills a rectangle of a canvas with the colour and the lines of a tint.
func (t Tint) fill(c draw.Canvas, r vg.Rectangle) {
	c.FillPolygon(faded(t.Colour, tintOpacity), Rectangle(r.Min.X, r.Min.Y, r.Max.X, r.Max.Y))
	var path vg.Path // one for all lines: a path for each would make large files
	for _, l := range t.Hatch.lines(r) {
		path.Move(l[0])
		path.Line(l[1])
	}
	if len(path) > 0 {
		c.SetLineStyle(draw.LineStyle{Color: faded(t.Colour, 2*tintOpacity), Width: vg.Points(0.6)})
		c.Stroke(path)
	}
}

// lines returns the lines of a hatching within a rectangle.
func (h hatch) lines(r vg.Rectangle) (all [][2]vg.Point) {
	w, height := r.Max.X-r.Min.X, r.Max.Y-r.Min.Y
	switch h {
	case Level:
		for y := r.Min.Y + hatchGap/2; y < r.Max.Y; y += hatchGap {
			all = append(all, [2]vg.Point{{X: r.Min.X, Y: y}, {X: r.Max.X, Y: y}})
		}
	case Crossed:
		return append(Rising.lines(r), Falling.lines(r)...)
	case Rising, Falling:
		// A line enters at the bottom or at the left, at an offset along both edges.
		for at := vg.Length(hatchGap); at < w+height; at += 1.5 * hatchGap {
			from, to := vg.Point{X: max(0, at-height), Y: min(at, height)}, vg.Point{X: min(at, w), Y: max(0, at-w)}
			if h == Rising {
				from.Y, to.Y = height-from.Y, height-to.Y
			}
			all = append(all, [2]vg.Point{{X: r.Min.X + from.X, Y: r.Min.Y + from.Y}, {X: r.Min.X + to.X, Y: r.Min.Y + to.Y}})
		}
	}
	return all
}

// Background returns the tint as style sheets write it.
func (t Tint) Background() template.CSS {
	c := OnBoth(t.Colour)
	var layers []string
	for _, angle := range map[hatch][]int{Rising: {-45}, Falling: {45}, Level: {0}, Crossed: {-45, 45}}[t.Hatch] {
		layers = append(layers, fmt.Sprintf("repeating-linear-gradient(%ddeg, %s 0 2px, transparent 2px 5px)", angle, c))
	}
	return template.CSS(strings.Join(layers, ", ") + "; outline: 1px solid " + c)
}

// Hatched returns the tint as the script of the timeline reads it: the colour and the number of the
// hatching.
func (t Tint) Hatched() string { return fmt.Sprintf("%s/%d", Css(t.Colour), t.Hatch) }

// OnBoth returns a colour as style sheets write it, for light and for dark pages.
func OnBoth(c color.NRGBA) string {
	if dark := darkOf(c); dark != "" {
		return fmt.Sprintf("light-dark(%s, %s)", Css(c), dark)
	}
	return Css(c)
}
