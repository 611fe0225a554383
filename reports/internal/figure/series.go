package figure

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/stats/measured"
)

// Series is one series of a figure, with the points that were measured and those that are higher than
// the figure.
type Series struct{ At, Higher plotter.XYs }

// Add adds points at x.
func (s *Series) Add(x float64, bounds ...measured.Bound) {
	for _, b := range bounds {
		pt := plotter.XY{X: x, Y: LogSeconds(b.Time)}
		if b.AtLeast {
			s.Higher = append(s.Higher, pt)
		} else {
			s.At = append(s.At, pt)
		}
	}
}

// AddSeries draws the points that were measured by their shape, and arrows for the others.
func (f *Figure) AddSeries(p *plot.Plot, s Series, name string, colour color.NRGBA, shape Mark, radius vg.Length) {
	if len(s.At)+len(s.Higher) == 0 {
		return
	}
	for _, m := range []Marks{{At: s.At, Shape: shape}, {At: s.Higher, Shape: Upwards}} {
		if len(m.At) > 0 {
			m.Radius, m.Colour = radius, colour
			p.Add(m)
		}
	}
	f.Legend = append(f.Legend, LegendEntry{Name: name, Colour: colour, Mark: shape})
}
