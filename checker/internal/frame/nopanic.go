package frame

import (
	"cmp"
	"context"
	"fmt"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
)

// NoPanic says that no call of the subject panicked. Every object has it: whatever the reason, a
// panic ends a program with such a client. It is decided only if a call panicked.
var NoPanic = &Property{
	Name:     "no-panic",
	Meaning:  "no call of the subject panicked",
	Common:   true,
	Decider:  "errors of calls",
	Evidence: FromTimes,
	Stands:   true,
	Applies: func(a *evidence.Record) bool {
		if a.Foreign {
			return false
		}
		for op := range a.History.EachOperation() {
			if panicked(op) {
				return true
			}
		}
		return false
	},
	Decide: func(_ context.Context, k *evidence.Key) Finding {
		var f Finding
		for _, op := range k.Ops() {
			if !panicked(op) {
				continue
			}
			f.Count("panics", 1)
			f.Violated(evidence.EventsOf(op), "%s", crash(op))
		}
		return f
	},
}

// crash says in which call the subject crashed, and why.
func crash(op *history.Operation) string {
	const most = 200 // characters of the subject's text
	call := op.F
	if op.Key != "" {
		call += " of " + printable.Text(op.Key, most)
	}
	why := cmp.Or(op.Return.Error.Message, "the subject panicked")
	return fmt.Sprintf("client %d called %s at %s: %s", op.Client, call, words.At(op.Began()), printable.Text(why, most))
}

// panicked reports whether the subject crashed in a call.
func panicked(op *history.Operation) bool {
	return op.Return != nil && op.Return.Error != nil && op.Return.Error.Code == history.CodePanic
}
