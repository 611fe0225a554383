package figure

import (
	"math"
	"strconv"
	"time"

	"gonum.org/v1/plot"

	"github.com/zklab/zklab/internal/base/prose"
)

// TimeUnit is the unit of an axis of time.
type TimeUnit struct {
	Name string
	Unit time.Duration
}

// UnitFor keeps the numbers of an axis short.
func UnitFor(end time.Duration) TimeUnit {
	switch {
	case end > 4*time.Hour:
		return TimeUnit{"h", time.Hour}
	case end > 10*time.Minute:
		return TimeUnit{"min", time.Minute}
	}
	return TimeUnit{"s", time.Second}
}

// Of returns a time in the unit.
func (u TimeUnit) Of(t time.Duration) float64 { return float64(t) / float64(u.Unit) }

// LinearTicks are at multiples of 1, 2 or 5 times a power of ten.
type LinearTicks struct{ Most int }

// Ticks implements plot.Ticker.
func (l LinearTicks) Ticks(lo, hi float64) []plot.Tick {
	step := NiceStep((hi - lo) / float64(l.Most))
	if step <= 0 || math.IsNaN(step) || math.IsInf(step, 0) {
		return nil
	}
	decimals := max(0, int(-math.Floor(math.Log10(step)+1e-9)))
	var ticks []plot.Tick
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi*(1+1e-9); i++ {
		v := i*step + 0 // no negative zero
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', decimals, 64)})
	}
	return ticks
}

// CountTicks are linearTicks on an axis of counts, which has no fractions.
type CountTicks struct{ Most int }

// Ticks implements plot.Ticker.
func (c CountTicks) Ticks(lo, hi float64) []plot.Tick {
	var whole []plot.Tick
	for _, t := range LinearTicks(c).Ticks(lo, hi) {
		if n := math.Round(t.Value); math.Abs(t.Value-n) < 1e-9 {
			whole = append(whole, plot.Tick{Value: n, Label: strconv.Itoa(int(n))})
		}
	}
	return whole
}

// NiceStep returns the least number of at least v that is 1, 2 or 5 times a power of ten.
func NiceStep(v float64) float64 {
	if v <= 0 {
		return 0
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// DurationTicks are powers of ten of a second on a logarithmic axis, labelled with
// their unit. On a short axis, 2 and 5 times a power also have labels.
type DurationTicks struct{}

// Ticks implements plot.Ticker.
func (DurationTicks) Ticks(lo, hi float64) []plot.Tick {
	const short = 1000
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(lo) + 1e-9); ; e++ {
		for m := 1; m < 10; m++ {
			v := float64(m) * math.Pow(10, e)
			switch {
			case v > hi*(1+1e-9):
				return ticks
			case v < lo*(1-1e-9):
			case m == 1 || hi < lo*short && (m == 2 || m == 5):
				ticks = append(ticks, plot.Tick{Value: v, Label: powerLabel(m, int(e))})
			default:
				ticks = append(ticks, plot.Tick{Value: v})
			}
		}
	}
}

// powerLabel returns m times 10^e seconds in words: "200 ms".
func powerLabel(m, e int) string {
	units := []struct {
		from int
		name string
	}{{0, " s"}, {-3, " ms"}, {-6, " µs"}, {-9, " ns"}}
	for _, u := range units {
		if e >= u.from {
			return prose.Grouped(m*int(math.Round(math.Pow(10, float64(e-u.from))))) + u.name
		}
	}
	return "0"
}

// LogRange widens a range of durations in seconds to whole powers of ten. The
// log scale panics at zero and below, so nothing under a microsecond is drawn.
func LogRange(lo, hi float64) (float64, float64) {
	lo, hi = math.Max(lo, Least), math.Max(hi, Least)
	from := math.Floor(math.Log10(lo) + 1e-9)
	to := math.Ceil(math.Log10(hi) - 1e-9)
	if to <= from {
		to = from + 1
	}
	return math.Pow(10, from), math.Pow(10, to)
}

// niceLogRange widens a range of durations in seconds to 1, 2 or 5 times a power of ten.
func niceLogRange(lo, hi float64) (float64, float64) {
	lo, hi = 1/NiceStep(1/max(lo, Least)), NiceStep(max(hi, Least))
	if hi < lo*3 {
		lo, hi = 1/NiceStep(2/lo), NiceStep(hi*2)
	}
	return lo, hi
}

// Least is the shortest duration that is drawn, in seconds.
const Least = 1e-6

// LogSeconds returns a duration in seconds for a logarithmic axis.
func LogSeconds(d time.Duration) float64 { return math.Max(d.Seconds(), Least) }
