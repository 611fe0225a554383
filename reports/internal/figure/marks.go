package figure

import (
	"image/color"
	"maps"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Mark is the shape of a point. Points differ in shape as well as in colour, for readers who cannot
// tell the colours apart.
type Mark int

const (
	Dot Mark = iota
	Cross
	Triangle
	Square
	Diamond // the shortest to write, for series of thousands of points
	Ring
	Upwards    // an arrow: the true value is higher, by an unknown amount
	Rightwards // the same on an axis to the right
)

// Marks draws many equal points as a few paths. A path for each point would triple the size of SVG
// files. The time to rasterize a path grows with the square of the number of its points in a row of
// pixels.
type Marks struct {
	At     plotter.XYs
	Shape  Mark
	Radius vg.Length
	Colour color.Color
}

// Plot implements plot.Plotter.
func (m Marks) Plot(c draw.Canvas, p *plot.Plot) {
	const inPath = 128
	x, y := p.Transforms(&c)
	for some := range slices.Chunk(m.At, inPath) {
		var path vg.Path
		for _, pt := range some {
			at := vg.Point{X: x(pt.X), Y: y(pt.Y)}
			if c.Contains(at) {
				m.Shape.outline(&path, at, m.Radius)
			}
		}
		m.paint(c, path)
	}
}

func (m Marks) paint(c draw.Canvas, path vg.Path) {
	if len(path) == 0 {
		return
	}
	c.SetColor(m.Colour)
	if m.Shape == Cross || m.Shape == Ring || m.Shape == Upwards || m.Shape == Rightwards {
		c.SetLineStyle(draw.LineStyle{Color: m.Colour, Width: vg.Points(1.1)})
		c.Stroke(path)
		return
	}
	c.Fill(path)
}

// DataRange implements plot.DataRanger.
func (m Marks) DataRange() (xmin, xmax, ymin, ymax float64) { return plotter.XYRange(m.At) }

// outline appends the shape around a point.
func (m Mark) outline(path *vg.Path, at vg.Point, r vg.Length) {
	move := func(dx, dy vg.Length) { path.Move(vg.Point{X: at.X + dx*r, Y: at.Y + dy*r}) }
	line := func(dx, dy vg.Length) { path.Line(vg.Point{X: at.X + dx*r, Y: at.Y + dy*r}) }
	switch m {
	case Cross:
		move(-0.9, -0.9)
		line(0.9, 0.9)
		move(-0.9, 0.9)
		line(0.9, -0.9)
	case Upwards:
		move(0, -1)
		line(0, 1.6)
		move(-0.8, 0.7)
		line(0, 1.6)
		line(0.8, 0.7)
	case Rightwards:
		move(-1, 0)
		line(1.6, 0)
		move(0.7, -0.8)
		line(1.6, 0)
		line(0.7, 0.8)
	case Triangle:
		move(0, 1.2)
		line(-1.1, -0.8)
		line(1.1, -0.8)
		path.Close()
	case Diamond:
		move(0, -1)
		line(1, 0)
		line(0, 1)
		line(-1, 0)
		path.Close()
	case Square:
		move(-0.9, -0.9)
		line(0.9, -0.9)
		line(0.9, 0.9)
		line(-0.9, 0.9)
		path.Close()
	default: // an octagon is a dot at this size, and shorter to write than two arcs
		for i, d := range octagon {
			if i == 0 {
				move(d.X, d.Y)
			} else {
				line(d.X, d.Y)
			}
		}
		path.Close()
	}
}

var octagon = []vg.Point{
	{X: 1, Y: 0},
	{X: 0.71, Y: 0.71},
	{X: 0, Y: 1},
	{X: -0.71, Y: 0.71},
	{X: -1, Y: 0},
	{X: -0.71, Y: -0.71},
	{X: 0, Y: -1},
	{X: 0.71, Y: -0.71},
}

// Thin leaves out points that others cover: it keeps one point in each cell of a grid. Cells grow
// until at most most points are left, so that the file of a day's run is no larger than that of a
// minute's.
func Thin(at plotter.XYs, x, y grid, most int) plotter.XYs {
	for {
		kept := oneACell(at, x, y)
		if len(kept) <= most {
			return kept
		}
		x.width, y.width = x.width*1.12, y.width*1.12
	}
}

// oneACell keeps one point of each cell, in order. A hash of its position selects it: keeping the
// first of each cell would show rows that do not exist.
func oneACell(at plotter.XYs, x, y grid) plotter.XYs {
	chosen := map[[2]int]int{}
	for i, p := range at {
		cell := [2]int{x.cell(p.X), y.cell(p.Y)}
		if j, ok := chosen[cell]; !ok || scatter(i) < scatter(j) {
			chosen[cell] = i
		}
	}
	kept := make(plotter.XYs, 0, len(chosen))
	for _, i := range slices.Sorted(maps.Values(chosen)) {
		kept = append(kept, at[i])
	}
	return kept
}

// scatter returns a number without order for each i, the same in every run (Fibonacci hashing:
// Knuth, volume 3, section 6.4).
func scatter(i int) uint64 { return uint64(i) * 0x9e3779b97f4a7c15 }
