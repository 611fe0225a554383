package measured

import (
	"math"
	"sort"
	"time"

	"github.com/aclements/go-moremath/stats"
)

// Step is a point of a distribution: the share of all times that are at most Time long.
type Step struct {
	Time  time.Duration
	Share float64 // from 0 to 1
}

// Distribution estimates the distribution of the times. Without lower bounds it is the empirical
// distribution, with them the estimate of Kaplan and Meier ("Nonparametric estimation from
// incomplete observations", 1958). The last share is below 1 if the longest times are lower bounds.
// t may be nil.
func (t *Times) Distribution() []Step {
	var steps []Step
	left, _ := t.Count()
	longer := 1.0
	for b, n := range t.All() {
		if !b.AtLeast {
			longer *= 1 - float64(n)/float64(left)
			steps = append(steps, Step{Time: b.Time, Share: 1 - longer})
		}
		left -= n
	}
	return steps
}

// Quantile returns the shortest time that a share q of all times does not exceed, such as the
// median for 0.5. It is the longest time as a lower bound where lower bounds hide the quantile, and
// a zero bound if there are no times. t may be nil.
func (t *Times) Quantile(q float64) Bound {
	const rounding = 1e-9
	for _, s := range t.Distribution() {
		if s.Share >= q-rounding {
			return Bound{Time: s.Time}
		}
	}
	longest := t.longest()
	return Bound{Time: longest, AtLeast: longest > 0}
}

func (t *Times) longest() (d time.Duration) {
	for b := range t.All() {
		d = b.Time
	}
	return d
}

// Confidence is the confidence of all intervals.
const Confidence = 0.95

// Interval is a confidence interval of 95 % of a quantile. High is a lower bound if the quantile
// may be beyond all times.
type Interval struct {
	Low  Bound `json:"low"`
	High Bound `json:"high"`
}

// QuantileInterval returns the confidence interval of the quantile q. ok is false if there are too
// few times for one; see [Needed]. Without lower bounds it is between two of the times, by the
// binomial distribution. With them it is the interval of Brookmeyer and Crowley ("A confidence
// interval for the median survival time", 1982) on the scale log(-log). t may be nil.
func (t *Times) QuantileInterval(q float64) (i Interval, ok bool) {
	n, censored := t.Count()
	if n < Needed(q) {
		return Interval{}, false
	}
	if censored > 0 {
		return t.censoredInterval(q), true
	}
	ci := stats.QuantileCI(n, q, Confidence)
	return Interval{Low: t.nth(ci.LoOrder), High: t.nth(ci.HiOrder)}, true
}

// nth returns the n-th shortest time, from 1.
func (t *Times) nth(n int) (found Bound) {
	for b, count := range t.All() {
		found = b
		if n -= count; n <= 0 {
			break
		}
	}
	return found
}

// censoredInterval collects the times whose share does not differ from q significantly.
func (t *Times) censoredInterval(q float64) Interval {
	z := stats.StdNormal.InvCDF((1 + Confidence) / 2)
	loglog := func(longer float64) float64 { return math.Log(-math.Log(longer)) }
	longest := Bound{Time: t.longest(), AtLeast: true}
	i := Interval{Low: longest, High: longest}
	left, _ := t.Count()
	longer, greenwood := 1.0, 0.0
	for b, n := range t.All() {
		if !b.AtLeast {
			longer *= 1 - float64(n)/float64(left)
			greenwood += float64(n) / (float64(left) * float64(left-n))
			deviation := (loglog(longer) - loglog(1-q)) * math.Abs(math.Log(longer)) / math.Sqrt(greenwood)
			// deviation is NaN at the last time if that is exact. The share is 1 there however few
			// times were left, which says nothing about where the interval ends.
			if !(deviation < -z) && i.Low.AtLeast {
				i.Low = Bound{Time: b.Time}
			}
			if deviation > z && i.High.AtLeast {
				i.High = Bound{Time: b.Time}
			}
		}
		left -= n
	}
	return i
}

// Needed returns how many times a confidence interval of the quantile q needs: 6 for the
// median, 76 for the 95th percentile. q must be between 0 and 1; the quantiles 0 and 1 have none.
func Needed(q float64) int {
	return 1 + sort.Search(math.MaxInt32, func(n int) bool {
		ci := stats.QuantileCI(n+1, q, Confidence)
		return ci.LoOrder >= 1 && ci.HiOrder <= ci.N
	})
}

// Sides returns how many times are certainly shorter than d, and how many are not shorter. t may be nil.
func (t *Times) Sides(d time.Duration) (shorter, longer int) {
	for b, n := range t.All() {
		switch {
		case b.Time >= d:
			longer += n
		case !b.AtLeast:
			shorter += n
		}
	}
	return shorter, longer
}

// Significant reports whether some or more hits in n trials have a probability of less than 2.5 % if the share of
// hits is at most p: then a confidence interval of 95 % of that share lies above p.
func Significant(some, n int, p float64) bool {
	binomial := stats.BinomialDist{N: n, P: p}
	return some > 0 && 1-binomial.CDF(float64(some-1)) <= (1-Confidence)/2
}
