package manyruns

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/lab/sweep"
)

// The speed of a sweep is told in a unit that gives a meaningful number, however slow its runs are.
func TestDescribeSweep(t *testing.T) {
	for speed, want := range map[float64]string{0: "[#-------------------] 5 of 100; ", 12.34: ", 12.3 runs a second; ", 0.05: ", a run every 20s; ", 0.8: ", a run every 1.3s; "} {
		if got := describeSweep(sweep.Progress{Done: 5, Seeds: 100, PerSecond: speed}); !strings.Contains(got, want) {
			t.Errorf("%g a second: %s", speed, got)
		}
	}
}
