package export

import (
	"io"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/zklab/zklab/stats/measured"
	"github.com/zklab/zklab/stats/samples"
)

// Histograms writes the latencies of each operation, and those of the probe's writes, as a log of
// HdrHistogram with payloads of version 2. Values are microseconds. Samples do not tell when a time
// was measured, so each interval begins and ends at 0.
func Histograms(w io.Writer, s *samples.Samples) error {
	out := hdrhistogram.NewHistogramLogWriter(w)
	if err := out.OutputLogFormatVersion(); err != nil {
		return err
	}
	if err := out.OutputComment("[Values are microseconds; Interval_Max is in seconds]"); err != nil {
		return err
	}
	if err := out.OutputLegend(); err != nil {
		return err
	}
	for _, m := range samples.Latencies() { // other times may be lower bounds, which a histogram cannot express
		for _, part := range m.Parts(s) {
			h, err := histogramOf(m.Times(s, part))
			if err != nil {
				return err
			}
			if h == nil {
				continue
			}
			h.SetTag(m.Title(part))
			if err := out.OutputIntervalHistogram(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// histogramOf returns times as a histogram with three significant digits; nil if there are none.
func histogramOf(t *measured.Times) (*hdrhistogram.Histogram, error) {
	longest := int64(0)
	for b := range t.All() {
		longest = b.Time.Microseconds()
	}
	if n, _ := t.Count(); n == 0 {
		return nil, nil
	}
	h := hdrhistogram.New(1, max(longest, 2), 3)
	for b, n := range t.All() {
		if err := h.RecordValues(b.Time.Microseconds(), int64(n)); err != nil {
			return nil, err
		}
	}
	return h, nil
}
