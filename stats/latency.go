package stats

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/zklab/zklab/history"
)

// Latencies are kept in microseconds with three significant digits, up to an hour. Longer latencies
// count as an hour.
const longest = time.Hour

// Point is one operation in a plot of latencies.
type Point struct {
	At      time.Duration // intended start, since the run began
	Latency time.Duration // from the intended start to the end
	F       string
	Outcome history.Type
	Client  int
	Open    bool // no completion: Latency lasts to the end of the record
}

// Points returns the operations of a history, in order of invocation.
func Points(h *history.History) []Point {
	end := End(h)
	points := make([]Point, 0, h.Calls())
	for op := range h.EachOperation() {
		p := Point{At: op.Intended(), F: op.F, Outcome: op.Outcome(), Client: op.Client, Open: op.Return == nil}
		if p.Open {
			p.Latency = max(0, end-p.At)
		} else {
			p.Latency = latency(op)
		}
		points = append(points, p)
	}
	return points
}

// latency returns the latency of an operation that returned.
func latency(op *history.Operation) time.Duration {
	return max(0, op.Return.Time-op.Intended())
}

// latencies collects latencies and computes their quantiles. The zero value is empty.
type latencies struct {
	h   *hdrhistogram.Histogram
	max time.Duration
}

func (l *latencies) record(d time.Duration) {
	l.max = max(l.max, d)
	// Rounded up, so that no latency is called shorter than it was.
	us := (min(d, longest) + time.Microsecond - 1).Microseconds()
	l.reach(us)
	_ = l.h.RecordValue(us) // fails only for values out of range, and there are none
}

// reach makes room for a value. A histogram up to an hour takes 200 KB; for small histories,
// allocating that took most of the time. Rounding does not depend on the range.
func (l *latencies) reach(us int64) {
	const least, more = 16_000, 4
	if l.h != nil && us <= l.h.HighestTrackableValue() {
		return
	}
	larger := hdrhistogram.New(1, min(max(least, more*us), longest.Microseconds()), 3)
	if l.h != nil {
		larger.Merge(l.h)
	}
	l.h = larger
}

// quantile returns the q-th percentile, or 0 if there are no latencies.
func (l *latencies) quantile(q float64) time.Duration {
	if l.h == nil {
		return 0
	}
	return min(l.max, time.Duration(l.h.ValueAtQuantile(q))*time.Microsecond)
}

func (l *latencies) count() int64 {
	if l.h == nil {
		return 0
	}
	return l.h.TotalCount()
}

// Quantiles are the latency quantiles of ok operations in one window of time.
type Quantiles struct {
	Span
	Count         int64
	P50, P95, P99 time.Duration
}

// QuantilesOverTime divides the run into windows of the given width, by intended start, and returns
// the quantiles of the ok points of operation f. It leaves out windows without any.
func QuantilesOverTime(points []Point, f string, width time.Duration) []Quantiles {
	if width <= 0 {
		return nil
	}
	windows := map[int]*latencies{}
	last := -1
	for _, p := range points {
		if p.F != f || p.Outcome != history.OK {
			continue
		}
		i := int(p.At / width)
		if windows[i] == nil {
			windows[i] = &latencies{}
		}
		windows[i].record(p.Latency)
		last = max(last, i)
	}
	var out []Quantiles
	for i := 0; i <= last; i++ {
		l := windows[i]
		if l == nil {
			continue
		}
		from := time.Duration(i) * width
		out = append(out, Quantiles{
			Span: Span{From: from, Until: from + width}, Count: l.count(),
			P50: l.quantile(50), P95: l.quantile(95), P99: l.quantile(99),
		})
	}
	return out
}
