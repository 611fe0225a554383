package frame

import (
	"context"
	"fmt"
	"slices"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/internal/base/printable"
)

// Returns requires that calls return once their contexts have ended. Every object has it, except for operations that
// are declared to go on (models.Operation.Unbounded). It is decided only if a client gave up waiting for a call
// (history.FUnreturned).
//
// A call may wait for its session: it counts only while the client was connected and servers were healthy, for longer
// than the bound.
var Returns = &Property{
	Name:     "returns",
	NoModel:  Timed,
	Meaning:  "each call returned once its context had ended",
	Common:   true,
	Liveness: true,
	Decider:  "calls that did not return",
	Evidence: FromSessions,
	Applies: func(a *evidence.Record) bool {
		return !a.Foreign && slices.ContainsFunc(a.Keys, func(k *evidence.Key) bool { return len(k.Unreturned()) > 0 })
	},
	Decide: func(_ context.Context, k *evidence.Key) (f Finding) {
		for _, u := range k.Unreturned() {
			f.Count("unreturned", 1)
			if f.Timed(k.Record) {
				f.unreturned(k, u)
			}
		}
		return f
	},
}

// unreturned judges the longest time for which the client of a call was connected after the context of the call had ended.
func (f *Finding) unreturned(k *evidence.Key, u evidence.Unreturned) {
	waited := evidence.Span{From: u.Until, To: u.Gave.Time}
	var longest evidence.Span
	for _, s := range k.WhileLive(u.Op.Client, waited) {
		if s.Length() > longest.Length() {
			longest = s
		}
	}
	call := fmt.Sprintf("client %d called %s of %s at %s, and the call had not returned at %s, although its context had ended at %s",
		u.Op.Client, u.Op.F, printable.Text(u.Op.Key, 80), words.At(u.Op.Began()), words.At(u.Gave.Time), words.At(u.Until))
	within := fmt.Sprintf("the client was connected to healthy servers for %s of that time, and %s are allowed", words.Lasting(longest.Length()), words.Lasting(k.Bound))
	r := Overdue(k.Record, longest, longest.Length())
	if r == Valid {
		f.Unknown("%s: %s", call, within)
		return
	}
	f.Overdue(r, []int{u.Op.Invoke.Index, u.Gave.Index}, "%s: %s", call, within)
}
