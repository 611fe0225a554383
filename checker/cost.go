package checker

import (
	"sync"
	"time"
)

// Cost is the cost of deciding a history.
type Cost struct {
	// Took maps the name of each property to the wall-clock time that deciding it took. Several
	// keys are decided at once, so times are scaled: their sum is no more than the time that
	// everything took.
	Took map[string]time.Duration
	// Cut reports whether Options.Budget was used up, so that something is unknown which more time may decide.
	Cut bool
}

// meter sums up how long each property takes. It is safe for concurrent use.
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

// within scales down the times, which were measured side by side, until their sum is
// the time that passed.
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
