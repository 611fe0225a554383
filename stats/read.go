package stats

import (
	"iter"
	"slices"
	"sort"
	"time"

	"github.com/zklab/zklab/history"
)

// operations yields operations of a record, in order of invocation. In a large record, each operation is
// valid only until the next one.
type operations = iter.Seq[*history.Operation]

// chosen returns the operations for which is returns true.
func chosen(h *history.History, is func(*history.Operation) bool) operations {
	some := func(yield func(*history.Operation) bool) {
		for op := range h.EachOperation() {
			if is(op) && !yield(op) {
				return
			}
		}
	}
	if h.Packed() {
		return some
	}
	return slices.Values(slices.Collect(some))
}

// decoded returns the value of the named fact; false if e is another event, or if its value cannot be read.
func decoded[T any](e *history.Event, f string) (T, bool) {
	if !isFact(e, f) {
		var none T
		return none, false
	}
	v := new(T) // allocated for facts only, and not for each event of a record
	err := e.Decode(v)
	return *v, err == nil
}

// isFact reports whether e is the named fact of the run.
func isFact(e *history.Event, f string) bool {
	return e.Process == history.Nemesis && e.Type == history.Info && e.F == f
}

// firstAt returns the index of the first event at t or later.
func firstAt(h *history.History, t time.Duration) int {
	return sort.Search(h.Len(), func(i int) bool { return h.At(i).Time >= t })
}

// after returns the index of the first of ascending times that is later than t.
func after(times []time.Duration, t time.Duration) int {
	return sort.Search(len(times), func(i int) bool { return times[i] > t })
}
