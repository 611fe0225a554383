package reports

import "github.com/zklab/zklab/stats"

// sampled are times with the name of what they were measured of.
type sampled struct {
	name  string
	times *stats.Times
}

func (s sampled) count() int {
	n, _ := s.times.Count()
	return n
}

// worst returns the longest time. It is a lower bound if any of the times is.
func (s sampled) worst() stats.Bound {
	b := s.times.Quantile(1)
	_, censored := s.times.Count()
	b.AtLeast = censored > 0
	return b
}

// mostLines is the maximum number of lines in a figure.
const mostLines = 8
