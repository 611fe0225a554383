package checker

import (
	"sync"
	"time"
)

// Cost is the cost of deciding a history.
type Cost struct {
	// Took is the wall-clock time that went into each property, by its name. Several keys are decided
	// at once, so times are scaled: their sum is no more than the time that everything took.
	Took map[string]time.Duration
	// Cut reports whether Options.Budget was used up, so that something is unknown which more time may decide.
	Cut bool
}

// meter sums up what properties take. It is safe for concurrent use.
type meter struct {
	mu   sync.Mutex
	took map[string]time.Duration
}

func (m *meter) add(property string, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.took == nil {
		m.took = map[string]time.Duration{}
	}
	m.took[property] += took
}

// within scales what was taken side by side down to the time that passed.
func (m *meter) within(passed time.Duration) {
	var sum time.Duration
	for _, took := range m.took {
		sum += took
	}
	if sum <= passed {
		return
	}
	for name, took := range m.took {
		m.took[name] = time.Duration(float64(took) * float64(passed) / float64(sum))
	}
}
