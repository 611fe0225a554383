package evidence

import (
	"slices"
	"time"

	"github.com/zklab/zklab/history"
)

// Ended returns when an operation returned; never if it did not.
func Ended(op *history.Operation) time.Duration {
	if op.Return == nil {
		return Never
	}
	return op.Return.Time
}

// EffectiveBy is like Ended, except that it returns Never for an operation of unknown outcome, which
// may take effect at any time.
func EffectiveBy(op *history.Operation) time.Duration {
	if op.Outcome() == history.Info {
		return Never
	}
	return op.Return.Time
}

// EventsOf returns the indices of an operation's events.
func EventsOf(op *history.Operation) []int {
	if op.Return == nil {
		return []int{op.Invoke.Index}
	}
	return []int{op.Invoke.Index, op.Return.Index}
}

// Indices sorts event indices and drops duplicates and those below 0.
func Indices(is ...int) []int {
	is = slices.DeleteFunc(slices.Clone(is), func(i int) bool { return i < 0 })
	slices.Sort(is)
	return slices.Compact(is)
}
