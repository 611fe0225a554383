package coverage

import (
	"maps"
	"math"
	"slices"
)

// Point tells how many behaviours a number of runs meets.
type Point struct {
	Runs int     `json:"runs"`
	Met  float64 `json:"met"`
	// Low and High bound Met with 95 % for more runs than there were. For at most as many runs as there
	// were, they equal Met.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// curvePoints is the number of points of a curve up to the number of runs, and again beyond it.
const curvePoints = 40

// Curve returns how many behaviours the runs met, as their number grows to twice as many. Up to the number of runs, a
// point is the average over all choices of that many runs (sample-based rarefaction: Colwell et al., 2012, equation
// 17), so that the order of the runs and their shards do not matter. Beyond it a point is what [Tally.Estimate]
// expects. The curve of fewer than two runs is empty.
func (t *Tally) Curve() []Point {
	if t.runs < 2 || len(t.in) == 0 {
		return nil
	}
	byRuns := map[int]int{} // number of behaviours, by the number of runs that met them
	for _, n := range t.in {
		byRuns[n]++
	}
	var curve []Point
	for _, runs := range steps(t.runs) {
		met := t.rarefied(byRuns, runs)
		curve = append(curve, Point{runs, met, met, met})
	}
	for _, more := range steps(t.runs) {
		met, e := float64(len(t.in)), t.Estimate(more)
		curve = append(curve, Point{t.runs + more, met + e.New, met + e.Low, met + e.High})
	}
	return curve
}

// steps returns numbers from 1 to last, about as far from each other.
func steps(last int) (out []int) {
	n := min(last, curvePoints)
	for i := 1; i <= n; i++ {
		out = append(out, i*last/n)
	}
	return out
}

// rarefied returns how many behaviours some of the runs met on average: all behaviours, minus those that none of the
// chosen runs met. It adds in one order, since sums of floating-point numbers depend on it.
func (t *Tally) rarefied(byRuns map[int]int, chosen int) float64 {
	met := 0.0
	for _, n := range slices.Sorted(maps.Keys(byRuns)) {
		met += float64(byRuns[n]) * (1 - missed(t.runs, n, chosen))
	}
	return met
}

// missed returns the probability that none of the chosen runs is one of n: C(runs-n, chosen) / C(runs, chosen).
func missed(runs, n, chosen int) float64 {
	if n+chosen > runs {
		return 0
	}
	return math.Exp(logFactorial(runs-n) - logFactorial(runs-n-chosen) - logFactorial(runs) + logFactorial(runs-chosen))
}

func logFactorial(n int) float64 {
	l, _ := math.Lgamma(float64(n) + 1)
	return l
}
