package reports

import (
	"math"
	"strconv"
	"time"

	"gonum.org/v1/plot"

	"github.com/zklab/zklab/internal/base/prose"
)

// timeUnit is the unit of an axis of time.
type timeUnit struct {
	name string
	unit time.Duration
}

// unitFor keeps the numbers of an axis short.
func unitFor(end time.Duration) timeUnit {
	switch {
	case end > 4*time.Hour:
		return timeUnit{"h", time.Hour}
	case end > 10*time.Minute:
		return timeUnit{"min", time.Minute}
	}
	return timeUnit{"s", time.Second}
}

func (u timeUnit) of(t time.Duration) float64 { return float64(t) / float64(u.unit) }

// linearTicks are at multiples of 1, 2 or 5 times a power of ten.
type linearTicks struct{ most int }

func (l linearTicks) Ticks(lo, hi float64) []plot.Tick {
	step := niceStep((hi - lo) / float64(l.most))
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

// countTicks are linearTicks on an axis of counts, which has no fractions.
type countTicks struct{ most int }

func (c countTicks) Ticks(lo, hi float64) []plot.Tick {
	var whole []plot.Tick
	for _, t := range linearTicks(c).Ticks(lo, hi) {
		if n := math.Round(t.Value); math.Abs(t.Value-n) < 1e-9 {
			whole = append(whole, plot.Tick{Value: n, Label: strconv.Itoa(int(n))})
		}
	}
	return whole
}

// niceStep is the least of 1, 2, 5, 10, … times a power of ten that is at least v.
func niceStep(v float64) float64 {
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

// durationTicks are powers of ten of a second on a logarithmic axis, labelled
// with their unit. On a short axis, 2 and 5 times a power have labels, too.
type durationTicks struct{}

func (durationTicks) Ticks(lo, hi float64) []plot.Tick {
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

// powerLabel is m times 10^e seconds in words: "200 ms".
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

// logRange widens a range of durations in seconds to whole powers of ten. The
// log scale panics at zero and below, so nothing under a microsecond is drawn.
func logRange(lo, hi float64) (float64, float64) {
	lo, hi = math.Max(lo, least), math.Max(hi, least)
	from := math.Floor(math.Log10(lo) + 1e-9)
	to := math.Ceil(math.Log10(hi) - 1e-9)
	if to <= from {
		to = from + 1
	}
	return math.Pow(10, from), math.Pow(10, to)
}

// niceLogRange widens a range of durations in seconds to 1, 2 or 5 times a power of ten.
func niceLogRange(lo, hi float64) (float64, float64) {
	lo, hi = 1/niceStep(1/max(lo, least)), niceStep(max(hi, least))
	if hi < lo*3 {
		lo, hi = 1/niceStep(2/lo), niceStep(hi*2)
	}
	return lo, hi
}

// least is the shortest duration that is drawn, in seconds.
const least = 1e-6

// logSeconds is a duration for a logarithmic axis.
func logSeconds(d time.Duration) float64 { return math.Max(d.Seconds(), least) }
