package figure

import "github.com/zklab/zklab/stats/measured"

// Sampled holds times and the name of what was measured.
type Sampled struct {
	Name  string
	Times *measured.Times
}

// Count returns the number of times, including lower bounds.
func (s Sampled) Count() int {
	n, _ := s.Times.Count()
	return n
}

// Worst returns the longest time. It is a lower bound if any of the times is.
func (s Sampled) Worst() measured.Bound {
	b := s.Times.Quantile(1)
	_, censored := s.Times.Count()
	b.AtLeast = censored > 0
	return b
}

// MostLines is the maximum number of lines in a figure.
const MostLines = 8
