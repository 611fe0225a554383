// Package verdicts says what the verdicts of a run mean: the result of each property over all keys, the verdict as a
// sentence, and the reasons why one is open.
package verdicts
