package zklab

import "time"

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
