package zklab

import (
	"testing"
	"time"
)

// What the tests of this package need besides what it exports.
type Shrunk = shrunk

var ShrinkSimulated = shrinkSimulated

func (s *shrunk) Outcome() *Outcome { return s.outcome }

func (s *shrunk) Mattered() []string { return s.mattered() }

func (s *shrunk) Keep(folder, from, replay string) error { return s.keep(folder, from, replay) }

// WithClock makes a test of many runs tell the time by a clock of its own.
func (x Experiment) WithClock(now func() time.Time) Experiment {
	x.clock = now
	return x
}

// SimulateSeed makes the run of one seed of the test [Simulate].
func (x Experiment) SimulateSeed(t *testing.T, seed int64) (*Outcome, error) {
	x, _, err := x.forSimulation()
	if err != nil {
		return nil, err
	}
	x.Seed = seed
	return x.simulateSeed(t, true)
}
