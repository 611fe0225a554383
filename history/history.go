package history

import "sync"

// History is a record that was read from a file or is still in memory. It must not be copied; see
// [History.With].
type History struct {
	Header Header
	Events []Event

	// Complete says that the record has its end mark. Truncated says that the last line was cut off
	// by a crash and is left out. Damage describes everything else that is wrong with the record:
	// times that decrease, two open operations of one process. Missing is the number of missing
	// lines, by the indices of the lines around them.
	Complete  bool
	Truncated bool
	Damage    []string
	Missing   int

	mu     sync.Mutex
	paired *pairing
}

// With returns the same record with other events.
func (h *History) With(events []Event) *History {
	return &History{
		Header: h.Header, Events: events,
		Complete: h.Complete, Truncated: h.Truncated, Damage: h.Damage, Missing: h.Missing,
	}
}

// Operations returns the invocations with their completions, in order of invocation, without the
// facts of Nemesis and SessionProcess. All callers share one slice, which they must not change.
// Operations is safe for concurrent use while no goroutine changes the events.
func (h *History) Operations() []*Operation { return h.pairing().ops }

// OperationAt returns the operation that Events[i] begins or ends, or nil.
func (h *History) OperationAt(i int) *Operation {
	p := h.pairing()
	if number := p.of[i]; number > 0 {
		return p.ops[number-1]
	}
	return nil
}

// pairing computes the pairing on first use, and again if events were added since.
func (h *History) pairing() *pairing {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.paired == nil || !h.paired.isOf(h.Events) {
		h.paired = pair(h.Events)
	}
	return h.paired
}
