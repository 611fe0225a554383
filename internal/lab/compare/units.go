package compare

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/aclements/go-moremath/stats"
	"golang.org/x/perf/benchmath"

	"github.com/zklab/zklab/stats/measured"
)

// Unit is one measurement of a row.
type Unit string

// The units.
const (
	BySeed  Unit = "seed"  // the unit is a pair of simulated runs of one seed, with one figure each
	ByRun   Unit = "run"   // the unit is a run, with one figure
	ByFault Unit = "fault" // the unit is a fault, with the time that followed it
	ByTime  Unit = "time"  // single times, which are not independent: there is no test
)

// needed is the number of measurements that each group needs for a test, and also the number that an interval
// of the median needs.
var needed = measured.Needed(0.5)

// unitOf chooses the unit of a quantity: the run, if each group that has the quantity has it in enough
// runs.
func unitOf(groups []*Group, q quantity) Unit {
	if paired(groups, q) {
		return BySeed
	}
	if q.metric.Ratio != nil {
		return ByRun
	}
	unit := ByRun
	for _, g := range groups {
		if q.count(&g.Samples) > 0 && len(g.figures[q]) < needed {
			unit = ByTime
		}
	}
	if unit == ByTime && q.metric.OnePerFault && q.quantile == 0.5 {
		return ByFault
	}
	return unit
}

// measurements returns the values of a group for the test, in rising order: seconds, or events per
// operation.
func (g *Group) measurements(q quantity, u Unit) (values []float64) {
	if u == ByRun || u == BySeed {
		return slices.Sorted(slices.Values(g.figures[q]))
	}
	for b, n := range q.times(&g.Samples).All() {
		values = append(values, slices.Repeat([]float64{seconds(b)}, n)...)
	}
	return slices.Sorted(slices.Values(values))
}

// confidence is the confidence of intervals.
const confidence = 0.95

// Alpha is the probability that any difference is found in a comparison of groups that do not differ. It
// is smaller than that of intervals: a table is looked at often, and each false difference costs a search
// for its cause.
const Alpha = 0.01

func sample(values []float64) *benchmath.Sample {
	return benchmath.NewSample(values, &benchmath.DefaultThresholds)
}

// pValue returns the p-value of the test of Mann and Whitney.
func pValue(a, b []float64) float64 { return benchmath.AssumeNothing.Compare(sample(a), sample(b)).P }

// signP returns the p-value of the sign test of factors, of which half are above 1 if nothing differs.
func signP(factors []float64) float64 {
	var above, below int
	for _, f := range factors {
		switch {
		case f > 1:
			above++
		case f < 1:
			below++
		}
	}
	return min(1, 2*stats.BinomialDist{N: above + below, P: 0.5}.CDF(float64(min(above, below))))
}

// factor estimates by which factor a quantity is longer in b than in a, with its confidence interval: of BySeed, the
// median of the factors of all pairs of runs.
func factor(a, b *Group, q quantity, u Unit) (low, by, high float64) {
	if u != BySeed {
		return ratios(a.measurements(q, u), b.measurements(q, u))
	}
	s := benchmath.AssumeNothing.Summary(sample(pairs(a, b, q)), confidence)
	return s.Lo, s.Center, s.Hi
}

// ratios estimates by which factor b is longer than a: the median of the ratios of all pairs (Hodges
// and Lehmann, "Estimates of Location Based on Rank Tests", 1963), with the confidence interval that
// belongs to the test of Mann and Whitney. a and b must be sorted and not empty.
func ratios(a, b []float64) (low, factor, high float64) {
	a, b = thinned(a), thinned(b)
	all := make([]float64, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			all = append(all, y/x)
		}
	}
	slices.Sort(all)
	k := leftOut(len(a), len(b))
	n := len(all)
	factor = math.Sqrt(all[(n-1)/2] * all[n/2])
	if k == 0 {
		return 0, factor, math.Inf(1)
	}
	return all[k-1], factor, all[n-k]
}

// leftOut returns the rank, counted from 1, of the lower end of the interval among all pairs; 0 if
// there are too few measurements for an interval.
func leftOut(n, m int) int {
	if n <= stats.MannWhitneyExactLimit && m <= stats.MannWhitneyExactLimit {
		d := stats.UDist{N1: n, N2: m}
		return sort.Search(n*m/2, func(k int) bool { return d.CDF(float64(k)) > (1-confidence)/2 })
	}
	z := stats.StdNormal.InvCDF((1 + confidence) / 2)
	nm := float64(n) * float64(m)
	return max(0, int(nm/2-z*math.Sqrt(nm*float64(n+m+1)/12)))
}

// mostPaired bounds the measurements of a group that are compared pair by pair.
const mostPaired = 1000

// thinned returns at most mostPaired of the measurements, evenly spaced.
func thinned(values []float64) []float64 {
	if len(values) <= mostPaired {
		return values
	}
	some := make([]float64, mostPaired)
	for i := range some {
		some[i] = values[i*(len(values)-1)/(mostPaired-1)]
	}
	return some
}

// holm adjusts p-values for their number, so that the probability of finding any difference where
// there is none stays below [Alpha] (Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
// 1979).
func holm(ps []*float64) {
	slices.SortFunc(ps, func(a, b *float64) int { return compareFloats(*a, *b) })
	least := 0.0
	for i, p := range ps {
		least = max(least, min(1, *p*float64(len(ps)-i)))
		*p = least
	}
}

func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// leastP returns the smallest p-value that this number of measurements can have.
func (u Unit) leastP(n, m int) float64 {
	if u == BySeed {
		return math.Pow(2, 1-float64(min(n, m)))
	}
	ways := 1.0
	for i := 1; i <= n; i++ {
		ways *= float64(m+i) / float64(i)
	}
	return min(1, 2/ways)
}

// longest returns the longest time of a quantity in a group, as a lower bound for censored values.
func (g *Group) longest(q quantity) (d time.Duration) {
	for b := range q.times(&g.Samples).All() {
		d = b.Time
	}
	return d
}
