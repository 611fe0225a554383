package reports

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/zklab/zklab/stats"
)

// series is one of the figure's, with the points that were measured and those that are higher.
type series struct{ at, higher plotter.XYs }

func (s *series) add(x float64, bounds ...stats.Bound) {
	for _, b := range bounds {
		pt := plotter.XY{X: x, Y: logSeconds(b.Time)}
		if b.AtLeast {
			s.higher = append(s.higher, pt)
		} else {
			s.at = append(s.at, pt)
		}
	}
}

// addSeries draws the points that were measured by their shape, and arrows for the others.
func (f *figure) addSeries(p *plot.Plot, s series, name string, colour color.NRGBA, shape mark, radius vg.Length) {
	if len(s.at)+len(s.higher) == 0 {
		return
	}
	for _, m := range []marks{{at: s.at, shape: shape}, {at: s.higher, shape: arrow}} {
		if len(m.at) > 0 {
			m.radius, m.colour = radius, colour
			p.Add(m)
		}
	}
	f.legend = append(f.legend, legendEntry{name: name, colour: colour, mark: shape})
}
