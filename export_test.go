package zklab

import (
	"time"

	"github.com/zklab/zklab/internal/lab/experiment"
)

// WithClock makes a test of many runs tell the time by a clock of its own.
func (x Experiment) WithClock(now func() time.Time) Experiment {
	x.inner = &experiment.Experiment{Now: now}
	return x
}
