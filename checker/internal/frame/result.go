package frame

import (
	"cmp"
	"slices"
)

// Result is the answer about one property.
type Result string

// The three answers.
const (
	Valid     Result = "valid"
	Violation Result = "violation"
	Unknown   Result = "unknown"
)

// Compare orders results, the worst last: a violation stands even if other results are unknown. The
// empty result is less than any other.
func (r Result) Compare(other Result) int {
	order := []Result{Valid, Unknown, Violation}
	return cmp.Compare(slices.Index(order, r), slices.Index(order, other))
}

// MostKeys is how many violated or undecided keys get a verdict of their own.
const MostKeys = 5
