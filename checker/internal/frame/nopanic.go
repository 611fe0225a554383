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

// NoPanic requires that no call of the subject panicked. Every object has it: whatever the reason, a
// panic ends a program with such a client. It is decided only if a call panicked.
var NoPanic = &Property{
	Name:     "no-panic",
	NoModel:  Given,
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
		before := map[evidence.Life]*history.Operation{} // the last call of each process
		for _, op := range k.Ops() {
			if panicked(op) {
				f.Count("panics", 1)
				again, counterexample := failedBefore(k, op, before[k.LifeOf(op)]), evidence.EventsOf(op)
				if again != nil {
					counterexample = append(counterexample, evidence.EventsOf(again)...)
				}
				f.Violated(counterexample, "%s", crash(op, again))
			}
			if o := k.Object.Operation(op.F); o.Begins || o.Ends {
				before[k.LifeOf(op)] = op
			}
		}
		return f
	},
}

// failedBefore returns last if op is another call of the same method that ends a stay, after last had
// failed; otherwise nil.
func failedBefore(k *evidence.Key, op, last *history.Operation) *history.Operation {
	if last == nil || last.F != op.F || !k.Object.Operation(op.F).Ends || last.Return == nil || last.Outcome() == history.OK {
		return nil
	}
	return last
}

// crash describes in which call the subject crashed, and why. again is an earlier call of the same
// method that failed, or nil.
func crash(op, again *history.Operation) string {
	const most = 200 // characters of the subject's text
	call := op.F
	if op.Key != "" {
		call += " of " + printable.Text(op.Key, most)
	}
	why := cmp.Or(op.Return.Error.Message, "the subject panicked")
	when := words.At(op.Began())
	if again != nil {
		when += ", again after it had failed at " + words.At(again.Return.Time)
	}
	return fmt.Sprintf("client %d called %s at %s: %s", op.Client, call, when, printable.Text(why, most))
}

// panicked reports whether the subject crashed in a call.
func panicked(op *history.Operation) bool {
	return op.Return != nil && op.Return.Error != nil && op.Return.Error.Code == history.CodePanic
}
