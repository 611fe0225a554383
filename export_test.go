package zklab

import (
	"time"

	"github.com/zklab/zklab/internal/lab/experiment"
)

// WithClock makes a test of many runs read the time from the given clock.
func (x Experiment) WithClock(now func() time.Time) Experiment {
	x.inner = &experiment.Experiment{Now: now}
	return x
}
