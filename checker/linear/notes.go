package linear

import (
	"fmt"
	"slices"
)

// notes say what the format decided.
func (h *History) notes() []string {
	var notes []string
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	switch {
	case h.has(mismatch):
		add("in this format a failed cas counts as an observation: the value was another than it compared with")
	case h.has(cas) && h.Failed > 0:
		add("a failed operation counts as one that did nothing; a failed cas says nothing of the value")
	}
	if h.idle {
		add("no client called anything: nothing could go wrong")
	}
	if h.plain {
		add("values of two items are taken as they are, not as [key value]: not every operation names a key so")
	}
	if h.blank > 0 {
		add("%s of nil counts as one of an unknown value, as it does for Jepsen: nil was not there at first, and nobody wrote it", plural(h.blank, "read"))
	}
	if v, found := h.strange(); found {
		add("%s was read and nobody wrote it: if registers began as that, say so (--initial)", h.values.name(v))
	}
	if h.Unknown > 0 {
		add("%s with an unknown outcome may have taken effect at any time after the invocation, or never", plural(h.Unknown, "operation"))
	}
	return notes
}

// strange is a value that a register showed first of all, though it is not what
// registers are taken to begin with and nobody wrote it.
func (h *History) strange() (int32, bool) {
	if !h.Model.Begins() {
		return 0, false
	}
	for _, ops := range h.ops {
		for i := range ops {
			if o := &ops[i]; o.code != read || o.a != h.initial {
				if o.code == read && !slices.ContainsFunc(ops, func(w op) bool { return makes(&w, o.a) }) {
					return o.a, true
				}
				break
			}
		}
	}
	return 0, false
}

// makes says whether a register can have come to a value by an operation.
func makes(o *op, v int32) bool {
	made, writes := effect(o)
	return o.code == extend || writes && made == v
}
