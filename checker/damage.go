package checker

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/zklab/zklab/history"
)

// inOrder is a history in which time does not run back: what is said to have been
// before what was recorded before it, was at the same time. The order of the record
// is what its writer saw; a call that returned before it was made would make
// violations of what went well. That time ran back is damage, which whoever read a
// file has noted already.
func inOrder(h *history.History) *history.History {
	byTime := func(x, y history.Event) int { return cmp.Compare(x.Time, y.Time) }
	if slices.IsSortedFunc(h.Events, byTime) {
		return h
	}
	mended := *h
	mended.Events = slices.Clone(h.Events)
	for i := range mended.Events[1:] {
		last, e := &mended.Events[i], &mended.Events[i+1]
		if e.Time >= last.Time {
			continue
		}
		if len(mended.Damage) == 0 {
			mended.Damage = []string{fmt.Sprintf("event %d: time runs back from %v to %v", e.Index, last.Time, e.Time)}
		}
		e.Time = last.Time
	}
	return &mended
}
