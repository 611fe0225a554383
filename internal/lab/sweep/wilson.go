package sweep

import (
	"math"
)

// Wilson returns the bounds of a share, given k hits in a sample of n, with a confidence of 95 %
// (Wilson 1927, "Probable inference, the law of succession, and statistical inference"). Unlike the
// usual interval, it is useful even if k is 0 or n is small. If n is 0, the bounds are 0 and 1.
func Wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054 // quantile of the normal distribution at 0.975
	p, m := float64(k)/float64(n), float64(n)
	middle := p + z*z/(2*m)
	reach := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	whole := 1 + z*z/m
	return max(0, (middle-reach)/whole), min(1, (middle+reach)/whole)
}
