package figure

import "math"

// grid cuts a range into cells of equal size on paper.
type grid struct {
	lo, width float64
	log       bool
}

// NewGrid cuts the range from lo to hi, of an axis that is logarithmic if log is set.
func NewGrid(lo, hi, cells float64, log bool) grid {
	if log {
		lo, hi = math.Log(lo), math.Log(hi)
	}
	g := grid{lo: lo, width: (hi - lo) / cells, log: log}
	if g.width <= 0 {
		g.width = 1
	}
	return g
}

func (g grid) cell(v float64) int {
	if g.log {
		v = math.Log(v)
	}
	return int(math.Floor((v - g.lo) / g.width))
}
