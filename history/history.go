package history

import (
	"iter"
	"slices"
	"sync"
)

// History is a record that was read from a file or is still in memory. It must not be copied; see
// [History.With].
type History struct {
	Header Header
	// Events are all events; nil if the record is packed, see [OpenPacked]. All, At and Facts work
	// with any record.
	Events []Event

	// Complete means that the record has its end mark. Truncated means that the last line was cut off
	// by a crash and is left out. Damage describes everything else that is wrong with the record:
	// times that decrease, two open operations of one process. Missing is the number of missing
	// lines, by the indices of the lines around them.
	Complete  bool
	Truncated bool
	Damage    []string
	Missing   int

	packed *packed
	mu     sync.Mutex
	paired *pairing
}

// Packed reports whether the record is packed.
func (h *History) Packed() bool { return h.packed != nil }

// Unpacked returns the same record with all events in a list: h itself, unless it is packed.
func (h *History) Unpacked() *History {
	if h.packed == nil {
		return h
	}
	events := make([]Event, 0, h.Len())
	for e := range h.All() {
		events = append(events, *e)
	}
	return h.With(events)
}

// Len returns the number of events.
func (h *History) Len() int {
	if h.packed != nil {
		return h.packed.n
	}
	return len(h.Events)
}

// All yields all events in order. In a packed record an event of an operation is only valid until the next
// one.
func (h *History) All() iter.Seq[*Event] {
	if h.packed != nil {
		return h.packed.all
	}
	return func(yield func(*Event) bool) {
		for i := range h.Events {
			if !yield(&h.Events[i]) {
				return
			}
		}
	}
}

// At returns the event with an index. The caller must not change it.
func (h *History) At(i int) *Event {
	if h.packed != nil {
		return h.packed.at(i, &Event{})
	}
	return &h.Events[i]
}

// Facts returns the events of Nemesis and SessionProcess, in order. All callers share one list, which
// they must not change. Facts is safe for concurrent use while no goroutine changes the events.
func (h *History) Facts() []*Event {
	if h.packed != nil {
		return h.packed.facts
	}
	return h.pairing().facts
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
//
// A packed record makes a list of its own for each call, which takes as much memory as unpacked events.
func (h *History) Operations() []*Operation {
	if h.packed == nil {
		return h.pairing().ops
	}
	invocations := make([]int32, len(h.packed.calls))
	for i, c := range h.packed.calls {
		invocations[i] = c.invoke
	}
	return h.OperationsAt(invocations)
}

// OperationsAt returns the operations that begin at the given indices, in the same order. In a
// packed record, the operations share memory: keeping one keeps all.
func (h *History) OperationsAt(invocations []int32) []*Operation {
	all := make([]*Operation, len(invocations))
	if h.packed == nil {
		for n, i := range invocations {
			all[n] = h.OperationAt(int(i))
		}
		return all
	}
	room := make([]decoded, len(invocations))
	for n, i := range invocations {
		all[n] = h.packed.operation(int(h.packed.of[i]-1), &room[n])
	}
	return all
}

// EachAt yields the operations of OperationsAt. In a packed record, an operation is only valid until the
// next one.
func (h *History) EachAt(invocations []int32) iter.Seq[*Operation] {
	return func(yield func(*Operation) bool) {
		var room decoded
		for _, i := range invocations {
			op := (*Operation)(nil)
			if h.packed != nil {
				op = h.packed.operation(int(h.packed.of[i]-1), &room)
			} else {
				op = h.OperationAt(int(i))
			}
			if !yield(op) {
				return
			}
		}
	}
}

// EachOperation yields the operations that [History.Operations] returns. In a packed record, an
// operation is only valid until the next one.
func (h *History) EachOperation() iter.Seq[*Operation] {
	if h.packed != nil {
		return h.packed.operations
	}
	return slices.Values(h.Operations())
}

// Calls returns the number of operations.
func (h *History) Calls() int {
	if h.packed != nil {
		return len(h.packed.calls)
	}
	return len(h.Operations())
}

// OperationAt returns the operation that the event at an index begins or ends, or nil.
func (h *History) OperationAt(i int) *Operation {
	if h.packed != nil {
		if number := h.packed.of[i]; number > 0 {
			return h.packed.operation(int(number-1), &decoded{})
		}
		return nil
	}
	p := h.pairing()
	if number := p.of[i]; number > 0 {
		return p.ops[number-1]
	}
	return nil
}

// Unpaired returns the indices of the completions that belong to no invocation.
func (h *History) Unpaired() []int32 {
	if h.packed != nil {
		return h.packed.stray
	}
	return h.pairing().stray
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
