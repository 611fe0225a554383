package frame

import (
	"time"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
)

// Shorter waits do not count as waiting: a recipe must have the time to answer. A client that tries
// again after a wait that it gave up goes on waiting.
const (
	RealWait = time.Second
	Retry    = time.Second
)

// JudgeWaits adds up waits that follow each other closely, unless something happened in between,
// and judges the longest.
func (f *Finding) JudgeWaits(a *evidence.Record, waits []evidence.Span, between func(from, to time.Duration) bool, say func(evidence.Span, time.Duration) (string, []int)) {
	var cur, worst evidence.Span
	var length, longest time.Duration
	for _, w := range waits {
		if length > 0 && (w.From-cur.To > Retry || between(cur.To, w.From)) {
			length = 0
		}
		if length == 0 {
			cur = w
		}
		cur.To = w.To
		length += w.Length()
		if length > longest {
			worst, longest = cur, length
		}
	}
	f.Longest("longest_wait_seconds", longest)
	if r := Overdue(a, worst, longest); r != Valid {
		text, counterexample := say(worst, longest)
		f.Overdue(r, counterexample, "%s", text)
	}
}

// Overdue judges a span in which something should have happened: valid if it is within the bound,
// unknown if it is longer only because the harness itself stalled.
func Overdue(a *evidence.Record, s evidence.Span, length time.Duration) Result {
	switch {
	case length <= a.Bound:
		return Valid
	case length <= a.Bound+a.Stalled(s):
		return Unknown
	}
	return Violation
}

// RefusedAtOnce reports whether a call got an error at once, and neither for the caller's lack of patience nor for want
// of a connection.
func RefusedAtOnce(a *evidence.Record, op *history.Operation) bool {
	if op.Return == nil || op.Return.Error == nil || op.Return.Time-op.Began() >= RealWait {
		return false
	}
	code := op.Return.Error.Code
	return code != history.CodeTimeout && code != history.CodeCancelled &&
		a.ConnectedAt(op.Client, op.Began()) && a.ConnectedAt(op.Client, op.Return.Time) && op.Invoke.Session == op.Return.Session
}
