package stats

import (
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// A histogram that grew has the quantiles of one that reached an hour from the start.
func TestReach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := hdrhistogram.New(1, longest.Microseconds(), 3)
		var grown latencies
		for range rapid.IntRange(1, 50).Draw(t, "values") {
			us := rapid.Int64Range(0, 1<<rapid.IntRange(0, 31).Draw(t, "bits")).Draw(t, "us")
			grown.record(time.Duration(us) * time.Microsecond)
			_ = whole.RecordValue(us)
		}
		for _, q := range []float64{0, 1, 50, 95, 99, 99.9, 100} {
			want := min(grown.max, time.Duration(whole.ValueAtQuantile(q))*time.Microsecond)
			if got := grown.quantile(q); got != want {
				t.Fatalf("quantile %v is %v, not %v", q, got, want)
			}
		}
		if grown.count() != whole.TotalCount() {
			t.Fatalf("%d values, not %d", grown.count(), whole.TotalCount())
		}
	})
}
