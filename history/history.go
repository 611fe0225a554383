package history

import "sync"

// History is a record that was read back, or still is in memory. It must not be
// copied; see [History.With].
type History struct {
	Header Header
	Events []Event

	// Complete says that the record has its end mark. Truncated says that the
	// last line was cut off (a crash) and left out. Damage lists what else is
	// wrong with it, for people: time running back, two open operations of one
	// process.
	// Missing is how many lines are not there, by the numbers of those around them.
	Complete  bool
	Truncated bool
	Damage    []string
	Missing   int

	mu     sync.Mutex
	paired *pairing
}

// With is the same record with other events.
func (h *History) With(events []Event) *History {
	return &History{
		Header: h.Header, Events: events,
		Complete: h.Complete, Truncated: h.Truncated, Damage: h.Damage, Missing: h.Missing,
	}
}

// Operations are the invocations with their completions, in order of invocation.
// Facts of Nemesis and SessionProcess are left out. All callers share one list,
// which they may not change; it is safe for concurrent use while nobody changes the
// events.
func (h *History) Operations() []*Operation { return h.pairing().ops }

// OperationAt is the operation that Events[i] begins or ends; nil if it does neither.
func (h *History) OperationAt(i int) *Operation { return h.pairing().of[i] }

// pairing is made when it is first asked for, and again if events were added since.
func (h *History) pairing() *pairing {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.paired == nil || !h.paired.isOf(h.Events) {
		h.paired = pair(h.Events)
	}
	return h.paired
}
